"""Finish reasons and usage numbers, in every client's own words."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import PROVIDERS, clients, providers, streams, translated
from tests.contract.house import House
from tests.contract.sdks.every import SDKS
from tests.scripted.answer import Answer, ToolUse, spoken


@streams
@providers
@clients()
@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_finish(house: House, sdk: str, provider: str, stream: bool, reason: str) -> None:
    house.answers(Answer(spoken("it ends"), finish=reason))
    reply = house.ask(sdk, provider, stream=stream)
    assert reply.finish in SDKS[sdk].words[reason]
    assert reply.text == "it ends"


@streams
@providers
@clients("tools")
def test_finish_with_a_call(house: House, sdk: str, provider: str, stream: bool) -> None:
    """Gemini says STOP there, Responses "completed"."""
    house.answers(Answer(tools=(ToolUse("f"),)))
    reply = house.ask(sdk, provider, Ask(tools=(Function("f"),)), stream)
    assert reply.finish in SDKS[sdk].words["tool_calls"]


@streams
@providers
@clients()
def test_a_filter_before_the_first_word(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(finish="content_filter"))
    reply = house.ask(sdk, provider, stream=stream)
    assert reply.finish in SDKS[sdk].words["content_filter"]
    assert reply.text == ""


@streams
@clients()
@pytest.mark.parametrize("provider", ["chat", "responses"])
def test_a_refusal(house: House, sdk: str, provider: str, stream: bool) -> None:
    """Where a protocol has a place for words of refusal they stand there, elsewhere they are the text."""
    house.answers(Answer(spoken("I will not"), finish="refusal"))
    reply = house.ask(sdk, provider, stream=stream)
    assert reply.refusal + reply.text == "I will not"
    if SDKS[sdk].dialect in ("chat", "responses"):
        assert reply.refusal == "I will not"


@streams
@providers
@clients()
@pytest.mark.parametrize("told", ["end", "every", "twice"])
def test_usage(house: House, sdk: str, provider: str, stream: bool, told: str) -> None:
    """Cumulative numbers are never summed."""
    house.answers(Answer(spoken("a b c"), prompt_tokens=321, completion_tokens=45, usage=told))  # type: ignore[arg-type]
    assert house.ask(sdk, provider, stream=stream).usage == (321, 45)


@streams
@pytest.mark.parametrize(
    ("sdk", "provider"), [(sdk, provider) for sdk in SDKS for provider in PROVIDERS if translated(sdk, provider)]
)
def test_a_provider_that_tells_no_usage(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("a b"), usage="never"))
    reply = house.ask(sdk, provider, stream=stream)
    assert reply.text == "a b"
    if sdk == "anthropic" and stream:
        # message_start names input tokens before the provider has said anything: an estimate, never zero.
        assert reply.usage is not None and reply.usage[0] > 0 and reply.usage[1] == 0
    else:
        assert reply.usage in (None, (0, 0))
