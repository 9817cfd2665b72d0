"""What a Responses body means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.dialogue import ThinkingWish, ToolChoice
from gateway.canon.pairing import paired
from gateway.canon.parts import Media, Opaque, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.responses import DIALECT

USER = {"role": "user", "content": "hi"}


def read(*items: Any, **fields: Any) -> Any:
    return DIALECT.read_request({"model": "m", "input": list(items), **fields})


@pytest.mark.parametrize(
    ("fields", "turns"),
    [
        ({"instructions": "be", "input": "hi"}, [("system", "be"), ("user", "hi")]),
        ({"instructions": "be"}, [("system", "be")]),
        ({"input": "hi"}, [("user", "hi")]),
        ({"instructions": "be", "input": [USER]}, [("system", "be"), ("user", "hi")]),
        ({"instructions": None, "input": "hi"}, [("user", "hi")]),
        ({"instructions": "", "input": "hi"}, [("user", "hi")]),
        ({"instructions": "be", "input": ""}, [("system", "be")]),
    ],
)
def test_instructions_and_input(fields: dict[str, Any], turns: list[tuple[str, str]]) -> None:
    dialogue = DIALECT.read_request({"model": "m", **fields})
    assert [(turn.role, turn.parts[0].text) for turn in dialogue.turns] == turns  # type: ignore[union-attr]


def test_one_assistant_turn_of_reasoning_text_and_calls() -> None:
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
    dialogue = read(
        USER,
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "gAA",
        },
        {
            "role": "assistant",
            "content": [{"type": "output_text", "text": "t"}, {"type": "refusal", "refusal": "r"}],
        },
        call,
        {**call, "call_id": "b"},
        {"type": "function_call_output", "call_id": "b", "output": "2"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        USER,
    )
    assert [turn.role for turn in dialogue.turns] == ["user", "assistant", "user", "user"]
    parts = dialogue.turns[1].parts
    assert [type(part) for part in parts] == [Thinking, Text, Refusal, ToolCall, ToolCall]
    assert parts[0].text == "hm" and parts[0].signature == Signature("openai", "gAA")
    results = dialogue.turns[2].parts
    assert [(result.call_id, result.name, result.parts[0].text) for result in results] == [
        ("b", "f", "2"),
        ("a", "f", "1"),
    ]


def test_seals_of_other_authors() -> None:
    def parts(sealed: str) -> Any:
        return read(USER, {"type": "reasoning", "summary": [], "encrypted_content": sealed}).turns[1].parts

    assert parts("dragoman+anthropic:SIG")[0].signature == Signature("anthropic", "SIG")
    assert parts("dragoman+anthropic:redacted:DATA")[0].redacted == Signature("anthropic", "DATA")
    assert parts("plain")[0].signature == Signature("openai", "plain")


def test_call_ids_fall_back_and_follow_the_item_id() -> None:
    dialogue = read(
        USER,
        {"type": "function_call", "id": "fc_1", "name": "f", "arguments": ""},
        {"type": "function_call_output", "call_id": "fc_1", "output": "x"},
        {"type": "local_shell_call", "id": "lsh_1", "call_id": "c", "action": {"command": ["ls"]}},
        {"type": "local_shell_call_output", "id": "lsh_1", "output": "files"},
    )
    turns, losses = paired(dialogue.turns)
    assert losses == []
    results = [part for turn in turns for part in turn.parts if isinstance(part, ToolResult)]
    assert [(result.call_id, result.name) for result in results] == [("fc_1", "f"), ("c", "local_shell")]
    assert not any(result.is_error for result in results)


def test_client_tools_are_functions() -> None:
    dialogue = read(
        USER,
        {"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"], "timeout_ms": 3}},
        {"type": "apply_patch_call", "call_id": "d", "operation": {"type": "delete_file", "path": "a"}},
        {"type": "apply_patch_call_output", "call_id": "d", "status": "failed"},
        tools=[{"type": "local_shell"}, {"type": "shell"}, {"type": "apply_patch"}],
    )
    assert [(tool.kind, tool.name) for tool in dialogue.tools] == [
        ("function", "local_shell"),
        ("function", "shell"),
        ("function", "apply_patch"),
    ]
    assert all(tool.parameters["required"] for tool in dialogue.tools)
    calls = dialogue.turns[1].parts
    assert json.loads(calls[0].arguments) == {"commands": ["ls"], "timeout_ms": 3}
    assert json.loads(calls[1].arguments) == {"type": "delete_file", "path": "a"}
    result = dialogue.turns[2].parts[0]
    assert result.is_error and result.parts == [Text("failed")]


def test_tools() -> None:
    dialogue = read(
        USER,
        {
            "type": "additional_tools",
            "tools": [{"type": "function", "name": "late"}, {"type": "function"}, 5],
        },
        tools=[
            {
                "type": "namespace",
                "name": "ns",
                "description": "d",
                "tools": [{"type": "function", "name": "f"}],
            },
            {"type": "custom", "name": "c", "format": {"type": "text"}},
            {"type": "web_search_2025_08_26"},
            {"type": "code_interpreter", "container": "x"},
            {"type": "tool_search"},
            {"type": "function", "function": {"name": "nested", "parameters": {"type": "object"}}},
        ],
        tool_choice={
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "f", "namespace": "ns"}, {"type": "code_interpreter"}],
        },
    )
    assert [(tool.kind, tool.name) for tool in dialogue.tools] == [
        ("function", "ns__f"),
        ("custom", "c"),
        ("builtin", "web_search"),
        ("builtin", "code_execution"),
        ("builtin", "tool_search"),
        ("function", "nested"),
        ("function", "late"),
    ]
    assert dialogue.tool_choice == ToolChoice("allowed", ["ns__f", "code_execution"])


def test_namespaced_call_in_history() -> None:
    call = {"type": "function_call", "call_id": "c", "namespace": "ns", "name": "f", "arguments": "{}"}
    assert read(USER, call).turns[1].parts[0].name == "ns__f"


def test_freeform_call_and_unfinished_call() -> None:
    custom = {"type": "custom_tool_call", "call_id": "c", "name": "p", "input": "***"}
    part = read(USER, custom).turns[1].parts[0]
    assert part.freeform and part.arguments == "***"
    cut = read(
        USER,
        {**custom, "status": "incomplete"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "x"},
    )
    assert [type(turn.parts[0]) for turn in cut.turns[1:]] == [Opaque, Opaque]


@pytest.mark.parametrize(
    ("block", "media"),
    [
        ({"type": "input_image", "image_url": "https://x/y.png"}, Media("image", url="https://x/y.png")),
        (
            {"type": "input_image", "image_url": "DATA:image/PNG;charset=x;base64,aGk", "detail": "high"},
            Media("image", "image/png", data="aGk=", detail="high"),
        ),
        ({"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}}, None),
        ({"type": "input_image", "file_id": "f"}, Media("image", file_id="f")),
        (
            {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
            Media("document", "application/pdf", data="aGk=", name="a.pdf"),
        ),
        (
            {"type": "input_file", "file_data": "aGk=", "filename": "a.pdf"},
            Media("document", "application/pdf", data="aGk=", name="a.pdf"),
        ),
        (
            {"type": "input_file", "file_url": "https://x/a.png"},
            Media("image", "image/png", url="https://x/a.png"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
            Media("audio", "audio/mpeg", data="aGk="),
        ),
    ],
)
def test_media(block: dict[str, Any], media: Media | None) -> None:
    part = read({"role": "user", "content": [block]}).turns[0].parts[0]
    assert isinstance(part, Media)
    part.extras = {}
    assert part == (media or Media("image", url="https://x", detail="low"))


@pytest.mark.parametrize(
    ("reasoning", "wish"),
    [
        (None, None),
        ({}, None),
        ({"effort": None, "summary": None}, None),
        ({"effort": "none"}, ThinkingWish("off", effort="none")),
        ({"effort": "high"}, ThinkingWish("on", effort="high")),
        (
            {"effort": "low", "summary": "auto"},
            ThinkingWish("on", effort="low", shown=True, summary="auto"),
        ),
        ({"summary": "auto"}, ThinkingWish("adaptive", shown=True, summary="auto")),
    ],
)
def test_thinking(reasoning: Any, wish: ThinkingWish | None) -> None:
    assert read(USER, reasoning=reasoning).thinking == wish


def test_a_codex_turn() -> None:
    dialogue = read(
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "You are Codex"}],
        },
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "ls"}]},
        stream=True,
        store=False,
        include=["reasoning.encrypted_content"],
        prompt_cache_key="k",
        client_metadata={"x": "y"},
        text={"verbosity": "low"},
        reasoning={"summary": "auto"},
        tool_choice="auto",
        parallel_tool_calls=False,
    )
    assert dialogue.stream and dialogue.cache_key == "k" and dialogue.verbosity == "low"
    assert dialogue.parallel_tool_calls is False and dialogue.tool_choice == ToolChoice("auto")
    assert dialogue.extras == {
        "responses": {
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "client_metadata": {"x": "y"},
        }
    }
    assert [turn.role for turn in dialogue.turns] == ["developer", "user"]
