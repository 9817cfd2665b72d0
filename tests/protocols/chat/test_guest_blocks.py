from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.dialogue import ToolChoice
from gateway.canon.parts import Media, Opaque, Text, ToolCall, ToolResult
from gateway.protocols.chat.guest_blocks import as_function, has_guest_tools, is_guest_tool, read_block
from gateway.protocols.chat.message_reader import read_messages
from gateway.protocols.chat.request_reader import read_request

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOL = {"name": "f", "description": "d", "input_schema": SCHEMA}


def test_calls_results_and_pictures() -> None:
    assert read_block({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}) == ToolCall("t", "f", '{"a":1}')
    assert read_block({"type": "tool_use", "id": "t", "name": "f", "input": None}) == ToolCall("t", "f", "{}")
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    assert read_block(picture) == Media("image", "image/png", "aGk=")
    assert read_block({"type": "image", "source": {"type": "url", "url": "https://x/y"}}) == Media(
        "image", url="https://x/y"
    )
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "r"}, picture, {"x": 1}]}
    assert read_block(result) == ToolResult("t", None, [Text("r"), Media("image", "image/png", "aGk=")])
    failed = {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True}
    assert read_block(failed) == ToolResult("t", None, [Text("no")], True)
    assert read_block({"type": "tool_result", "tool_use_id": "t"}) == ToolResult("t", None, [])


@pytest.mark.parametrize(
    "block",
    [
        {"type": "hologram"},
        {"type": "tool_use", "id": "", "name": "f"},
        {"type": "tool_use", "name": "f"},
        {"type": "tool_result", "tool_use_id": None},
        {"type": "image", "source": "x"},
        {"type": "image"},
    ],
)
def test_what_is_not_well_formed_stays_a_part_nobody_knows(block: dict[str, Any]) -> None:
    assert read_block(block) is None
    assert read_messages([{"role": "user", "content": [block]}])[0].parts == [Opaque("chat", block)]


def test_a_call_told_twice_is_one() -> None:
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    (turn,) = read_messages([{"role": "assistant", "content": [use], "tool_calls": [call, {**call, "id": "u"}]}])
    assert turn.parts == [ToolCall("t", "f", "{}"), ToolCall("u", "f", "{}")]


def test_tools() -> None:
    assert is_guest_tool(TOOL) and is_guest_tool({**TOOL, "type": "custom"})
    assert not is_guest_tool({"type": "function", "function": {"name": "f"}})
    assert not is_guest_tool({"type": "web_search_20250305", "name": "web_search"})
    assert as_function({**TOOL, "cache_control": {"type": "ephemeral"}}) == {
        "type": "function",
        "function": {"name": "f", "description": "d", "parameters": SCHEMA},
        "cache_control": {"type": "ephemeral"},
    }
    for tools in (None, "x", [], [None], [{"type": "function", "function": {"name": "f"}}]):
        assert not has_guest_tools({"tools": tools})
    assert has_guest_tools({"tools": [TOOL]})


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "tool", "name": "f"}, ToolChoice("one", ["f"])),
    ],
)
def test_a_request(choice: dict[str, Any], meant: ToolChoice) -> None:
    dialogue = read_request(
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [TOOL], "tool_choice": choice}
    )
    assert (dialogue.tools[0].kind, dialogue.tools[0].name, dialogue.tools[0].description) == ("function", "f", "d")
    assert dialogue.tools[0].parameters == SCHEMA and dialogue.tool_choice == meant
