"""A stream that breaks after its first words ends in an error the SDK raises, never in a silent finish."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import clients, providers, streams
from tests.contract.house import GEMINIS, House
from tests.contract.sdks.every import SDKS
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Error, Script

LONG = Answer(spoken("one two three four five six"))
CALL = Answer(spoken("look"), tools=(ToolUse("f", '{"city": "Zürich", "days": 3}'),))


@providers
@clients()
@pytest.mark.parametrize("cut", ["close", "reset", "end"])
def test_14_a_connection_that_goes(house: House, sdk: str, provider: str, cut: str) -> None:
    """Both accounts break at the same place, so that nothing can be resumed."""
    house.up.play(Script(answer=LONG, cut_after=3, cut=cut))  # type: ignore[arg-type]
    with pytest.raises(SDKS[sdk].broken):
        house.ask(sdk, provider, stream=True)


@providers
@clients("tools")
@pytest.mark.parametrize("after", [1, 2])
def test_a_cut_inside_a_call(house: House, sdk: str, provider: str, after: int) -> None:
    """Gemini sends a call in one piece, so it can only go before it."""
    house.up.play(Script(answer=CALL, cut_after=1 if provider in GEMINIS else after))
    with pytest.raises(SDKS[sdk].broken):
        house.ask(sdk, provider, Ask(tools=(Function("f"),)), stream=True)


@providers
@clients()
@pytest.mark.parametrize("status", [429, 529])
def test_14_an_error_event(house: House, sdk: str, provider: str, status: int) -> None:
    house.up.play(Script(answer=LONG, error_after=3, error_event=Error(status, "it broke")))
    with pytest.raises(SDKS[sdk].broken) as raised:
        house.ask(sdk, provider, stream=True)
    assert "it broke" in str(raised.value)


@providers
@clients()
def test_4_a_cut_before_the_first_word_is_nobody_s_trouble(house: House, sdk: str, provider: str) -> None:
    house.up.play(Script(answer=LONG, cut_after=0), Script(answer=LONG))
    assert house.ask(sdk, provider, stream=True).text == LONG.text
    assert len(house.up.asked()) == 2


@providers
@clients()
def test_a_cut_that_another_account_mends(house: House, sdk: str, provider: str) -> None:
    """The second answer begins with what was sent, so the stream goes on from there."""
    house.up.play(Script(answer=LONG, cut_after=3), Script(answer=LONG))
    reply = house.ask(sdk, provider, stream=True)
    assert reply.text == LONG.text
    assert reply.finish in SDKS[sdk].words["stop"]


@providers
@clients()
def test_another_answer_is_not_sewn_on(house: House, sdk: str, provider: str) -> None:
    house.up.play(Script(answer=LONG, cut_after=3), Script(answer=Answer(spoken("something else altogether"))))
    with pytest.raises(SDKS[sdk].broken):
        house.ask(sdk, provider, stream=True)


@streams
@providers
@clients()
def test_an_answer_without_content(house: House, sdk: str, provider: str, stream: bool) -> None:
    """A normal end without a word is no answer: the SDK must not return an empty one."""
    house.up.play(Script(answer=Answer()))
    with pytest.raises(SDKS[sdk].error) as raised:
        house.ask(sdk, provider, stream=stream)
    assert house.sdks[sdk].status(raised.value) == 502


@providers
@clients()
def test_a_whole_answer_that_is_cut(house: House, sdk: str, provider: str) -> None:
    house.up.play(Script(answer=LONG, cut_after=0))
    with pytest.raises(SDKS[sdk].error) as raised:
        house.ask(sdk, provider)
    assert house.sdks[sdk].status(raised.value) == 502
