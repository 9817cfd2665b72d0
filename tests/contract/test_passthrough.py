"""Pass-through is the oracle of the translators: one case told through both gives one answer.

A client asks its own dialect's provider, whose bytes it gets as they are, then a provider of another dialect that says
the same (or the same one's envelope). What the SDK makes of the two must be equal, ids and model names aside.
"""

from __future__ import annotations

import httpx2
import pytest

from tests.contract.ask import Ask, Function, Reply
from tests.contract.cases import PROVIDERS, mode_of, streams
from tests.contract.house import House
from tests.contract.sdks.every import SDKS
from tests.contract.sdks.sdk import KEY, TIMEOUT_S
from tests.scripted.answer import Answer, ToolUse, spoken

CASES = {
    "text": Answer(spoken("one two three")),
    "length": Answer(spoken("one two"), finish="length"),
    "filter": Answer(spoken("one two"), finish="content_filter"),
    "thinking": Answer(spoken("the answer"), spoken("hm hm hm")),
    "call": Answer(tools=(ToolUse("f", '{"a": [1, {"b": null}], "c": "\u2028"}'),)),
    "two calls": Answer(spoken("look"), tools=(ToolUse("f", '{"n":1}'), ToolUse("f", '{"n":2}', "call_2"))),
    "no arguments": Answer(tools=(ToolUse("f", "{}"),)),
    "everything": Answer(spoken("a b"), spoken("c d"), (ToolUse("f", '{"n":1}'), ToolUse("g", "{}", "call_2"))),
}
ASK = Ask(tools=(Function("f"), Function("g")), thinking=True)
NATIVE = {name: sdk for name, sdk in SDKS.items() if sdk.dialect in PROVIDERS}


def compared(reply: Reply) -> tuple[object, ...]:
    uses = [(use.name, use.args) for use in reply.uses]
    return (reply.text, reply.thinking, reply.refusal, uses, reply.finish, reply.usage)


@streams
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("sdk", "provider"), [(name, other) for name, sdk in NATIVE.items() for other in PROVIDERS if other != sdk.dialect]
)
def test_the_same_answer_either_way(house: House, sdk: str, provider: str, stream: bool, case: str) -> None:
    house.answers(CASES[case])
    passed = house.ask(sdk, SDKS[sdk].dialect, ASK, stream)
    translated = house.ask(sdk, provider, ASK, stream)
    assert passed.headers["x-gateway-mode"] == "passthrough"
    assert translated.headers["x-gateway-mode"] == mode_of(sdk, provider)
    assert compared(translated) == compared(passed)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("sdk", NATIVE)
def test_the_same_answer_whole_and_streamed(house: House, sdk: str, provider: str, case: str) -> None:
    house.answers(CASES[case])
    assert compared(house.ask(sdk, provider, ASK, False)) == compared(house.ask(sdk, provider, ASK, True))


@streams
@pytest.mark.parametrize("sdk", NATIVE)
def test_a_request_passes_byte_for_byte(house: House, sdk: str, stream: bool) -> None:
    house.ask(sdk, SDKS[sdk].dialect, ASK, stream)
    assert house.request.raw == house.sdks[sdk].heard.sent


def test_only_the_model_is_replaced(house: House) -> None:
    """Fields nobody knows yet, numbers as they were written, both alphabets."""
    body = (
        b'{"contents": [{"parts":[{"text":"\xd0\xb6 \\u0436"}]}], "newField": {"a": [1.0, 1e2, 12345678901234567890]},'
        b' "generationConfig":{"temperature":0.10}}'
    )
    for path in ("gemini-2.5-flash", "gpt-4o"):
        url = f"{house.gateway.url}/v1beta/models/{path}:generateContent"
        answered = httpx2.post(url, content=body, headers={"x-goog-api-key": KEY}, timeout=TIMEOUT_S)
        assert answered.status_code == 200
        assert house.request.raw == body
        assert house.request.path == "/v1beta/models/gemini-2.5-flash:generateContent"
        house.up.requests.clear()
