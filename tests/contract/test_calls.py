"""Tool calls of an answer: none merged, none lost, arguments whole, whoever asks and whoever answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import clients, providers, streams
from tests.contract.house import GEMINIS, House
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "where"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOLS = (Function("weather", "tells the weather", SCHEMA), Function("now"))
ARGS = {"city": "Zürich \u2028 🌍", "days": 3, "deep": {"list": [1, 2.5, None, True, "x"]}}


def use(number: int, name: str = "weather", args: Any = None) -> ToolUse:
    return ToolUse(name, json.dumps({"n": number} if args is None else args, ensure_ascii=False), f"call_{number}")


@streams
@providers
@clients("tools")
def test_one_call(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(tools=(use(1, args=ARGS),)))
    reply = house.ask(sdk, provider, Ask(tools=TOOLS), stream)
    assert [(call.name, call.args) for call in reply.uses] == [("weather", ARGS)]
    assert reply.uses[0].id or (provider in GEMINIS and sdk == "google-genai")
    assert list(house.seen.tools) == ["weather", "now"]
    assert "x-gateway-lossy" not in reply.headers
    assert "days" in json.dumps(house.seen.tools["weather"])


@streams
@providers
@clients("tools")
@pytest.mark.parametrize("count", [2, 8])
def test_detail_7_parallel_calls(house: House, sdk: str, provider: str, stream: bool, count: int) -> None:
    """All of the same function, which is where calls are merged by mistake."""
    house.answers(Answer(tools=tuple(use(number) for number in range(count))))
    reply = house.ask(sdk, provider, Ask(tools=TOOLS), stream)
    assert [(call.name, call.args["n"]) for call in reply.uses] == [("weather", number) for number in range(count)]
    if provider not in GEMINIS or sdk != "google-genai":
        assert len({call.id for call in reply.uses}) == count


@streams
@providers
@clients("tools")
def test_detail_7_two_equal_calls(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(tools=(use(1, args={"city": "X"}), ToolUse("weather", '{"city": "X"}', "call_2"))))
    assert len(house.ask(sdk, provider, Ask(tools=TOOLS), stream).uses) == 2


@streams
@providers
@clients("tools")
def test_a_call_without_arguments(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(tools=(use(1, "now", {}),)))
    reply = house.ask(sdk, provider, Ask(tools=TOOLS), stream)
    assert [(call.name, call.args) for call in reply.uses] == [("now", {})]


@streams
@providers
@clients("tools")
def test_thinking_then_words_then_calls(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("I will look"), spoken("hm hm"), (use(1), use(2, "now", {}))))
    reply = house.ask(sdk, provider, Ask(tools=TOOLS, thinking=True), stream)
    assert (reply.text, reply.thinking) == ("I will look", "hm hm")
    assert [call.name for call in reply.uses] == ["weather", "now"]


@streams
@providers
@clients("tools")
def test_detail_8_arguments_named_like_schema_words(house: House, sdk: str, provider: str, stream: bool) -> None:
    args = {"type": "object", "title": "t", "format": "f", "const": 1, "priority": [1], "anyOf": {"$ref": "#"}}
    house.answers(Answer(tools=(use(1, args=args),)))
    assert house.ask(sdk, provider, Ask(tools=TOOLS), stream).uses[0].args == args


@providers
@clients("tools")
def test_detail_8_properties_named_like_schema_words(house: House, sdk: str, provider: str) -> None:
    words = ("type", "title", "format", "const", "anyOf", "default", "enum", "required", "properties", "items")
    schema = {"type": "object", "properties": {word: {"type": "string"} for word in words}, "required": ["title"]}
    house.ask(sdk, provider, Ask(tools=(Function("f", schema=schema),)))
    seen = house.seen.tools["f"]
    assert set(seen["properties"]) == set(words)
    assert seen["required"] == ["title"]


@streams
@providers
@clients("tools")
def test_a_name_that_not_every_provider_takes(house: House, sdk: str, provider: str, stream: bool) -> None:
    """The provider hears a name it takes, the client its own."""
    name = "mcp__server-1__" + "x" * 45
    tools = (Function(name),)
    house.ask(sdk, provider, Ask(tools=tools))
    (wired,) = house.seen.tools
    house.up.requests.clear()
    house.answers(Answer(tools=(ToolUse(wired),)))
    assert [call.name for call in house.ask(sdk, provider, Ask(tools=tools), stream).uses] == [name]


@streams
@clients("tools")
def test_interleaved_calls(house: House, sdk: str, stream: bool) -> None:
    """Some hosts send the pieces of several calls in turn; ids stand in the first piece only."""
    pieces = [('{"n"', ":0}"), ('{"n"', ":1}"), ('{"n"', ":2}")]
    chunks: list[dict[str, Any]] = [
        {"index": number, "id": f"call_{number}", "type": "function", "function": {"name": "weather", "arguments": ""}}
        for number in range(3)
    ]
    for step in range(2):
        chunks += [{"index": number, "function": {"arguments": pieces[number][step]}} for number in (2, 0, 1)]
    events = [{"tool_calls": [chunk]} for chunk in chunks]
    lines = [
        json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
        for choice in (
            *({"index": 0, "delta": delta, "finish_reason": None} for delta in events),
            {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
        )
    ]
    raw = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()
    house.up.play(Script(body=raw, content_type="text/event-stream"))
    reply = house.ask(sdk, "chat", Ask(tools=TOOLS), stream)
    assert [(call.name, call.args) for call in reply.uses] == [("weather", {"n": number}) for number in range(3)]
