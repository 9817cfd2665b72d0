from typing import Any

from gateway.canon.dialogue import Turn
from gateway.canon.parts import Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.chat.message_reader import read_messages

CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_plain_turns_stay_where_they_stand() -> None:
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "developer", "content": "d"},
        {"role": "assistant", "content": "a"},
    ]
    assert read_messages(messages) == [
        Turn("system", [Text("s")]),
        Turn("user", [Text("u")]),
        Turn("developer", [Text("d")]),
        Turn("assistant", [Text("a")]),
    ]


def test_results_of_one_round_are_one_turn() -> None:
    turns = read_messages(
        [
            {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "b"}]},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "1"}]},
            {"role": "user", "content": "go on"},
        ]
    )
    assert [turn.role for turn in turns] == ["assistant", "user", "user"]
    assert turns[0].parts == [ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")]
    results = turns[1].parts
    assert [(part.call_id, part.parts) for part in results if isinstance(part, ToolResult)] == [
        ("b", [Text("2")]),
        ("a", [Text("1")]),
    ]


def test_an_assistant_message_in_order() -> None:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "said",
        "reasoning_content": "thought",
        "refusal": "no",
        "name": "bob",
        "tool_calls": [CALL],
        "audio": {"id": "audio_1"},
    }
    (turn,) = read_messages([message])
    assert [type(part) for part in turn.parts] == [Thinking, Text, Refusal, ToolCall]
    assert turn.name == "bob"
    assert turn.extras["chat"]["fields"] == {"audio": {"id": "audio_1"}}


def test_legacy_functions_are_paired_by_place() -> None:
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "2"},
    ]
    turns = read_messages(messages)
    calls = [part.id for turn in turns for part in turn.parts if isinstance(part, ToolCall)]
    results = [part.call_id for turn in turns for part in turn.parts if isinstance(part, ToolResult)]
    assert calls == results and len(set(calls)) == 2
    assert read_messages(messages[:3]) == turns[:3]


def test_null_and_empty_contents() -> None:
    turns = read_messages(
        [
            {"role": "assistant", "content": None},
            {"role": "assistant", "content": ""},
            {"role": "tool", "tool_call_id": "a", "content": None},
        ]
    )
    assert turns[0].parts == [] and turns[1].parts == [Text("")]
    (result,) = turns[2].parts
    assert isinstance(result, ToolResult) and result.parts == []
