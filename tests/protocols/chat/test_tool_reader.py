from typing import Any

import pytest

from gateway.canon.dialogue import Tool, ToolChoice
from gateway.canon.parts import Signature, ToolCall
from gateway.protocols.chat.tool_reader import read_calls, read_tool_choice, read_tools


def test_functions_customs_and_builtins() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}}
    tools = read_tools(
        {
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "description": "d",
                        "parameters": {"type": "object"},
                        "strict": True,
                    },
                },
                {"type": "function", "name": "flat", "parameters": {}},
                {"type": "custom", "custom": {"name": "patch", "format": grammar}},
                {"type": "web_search", "depth": 1},
            ],
            "web_search_options": {"search_context_size": "low"},
        }
    )
    assert tools[0] == Tool("function", "f", "d", {"type": "object"}, True)
    assert tools[1] == Tool("function", "flat", None, {})
    assert tools[2] == Tool("custom", "patch", dialect="chat", raw=grammar)
    assert tools[3] == Tool("builtin", "web_search", dialect="chat", raw={"type": "web_search", "depth": 1})
    assert (tools[4].kind, tools[4].name, tools[4].raw) == (
        "builtin",
        "web_search",
        {"search_context_size": "low"},
    )


def test_legacy_functions() -> None:
    (tool,) = read_tools({"functions": [{"name": "f", "parameters": {}}]})
    assert (tool.kind, tool.name, tool.extras) == ("function", "f", {"chat": {"legacy": True}})


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        ({}, None),
        ({"tool_choice": "none"}, ToolChoice("none")),
        ({"tool_choice": "required"}, ToolChoice("required")),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, ToolChoice("one", ["f"])),
        ({"tool_choice": {"type": "function", "name": "f"}}, ToolChoice("one", ["f"])),
        ({"tool_choice": {"type": "custom", "custom": {"name": "f"}}}, ToolChoice("one", ["f"])),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "required",
                        "tools": [{"type": "function", "function": {"name": "f"}}],
                    },
                }
            },
            ToolChoice("allowed", ["f"], True),
        ),
        ({"function_call": "auto"}, ToolChoice("auto")),
        ({"function_call": {"name": "f"}}, ToolChoice("one", ["f"])),
    ],
)
def test_choices(body: dict[str, Any], choice: ToolChoice | None) -> None:
    own: dict[str, Any] = {}
    assert read_tool_choice(body, own) == choice
    assert own == {}


def test_an_unknown_choice_is_kept() -> None:
    own: dict[str, Any] = {}
    assert read_tool_choice({"tool_choice": {"type": "teleport"}}, own) is None
    assert own == {"tool_choice": {"type": "teleport"}}


def call(**fields: Any) -> ToolCall:
    (read,) = read_calls({"tool_calls": [{"id": "a", **fields}]}, 0, {})
    assert isinstance(read, ToolCall)
    return read


def test_calls() -> None:
    assert call(type="function", function={"name": "f", "arguments": '{"a":1}'}).arguments == '{"a":1}'
    assert call(function={"name": "f", "arguments": {"a": 1}}).arguments == '{"a":1}'
    assert call(type="function", function={"name": "f", "arguments": ""}).arguments == "{}"
    custom = call(type="custom", custom={"name": "p", "input": "x"})
    assert (custom.freeform, custom.arguments) == (True, "x")


def test_signatures_in_either_spelling_and_sealed() -> None:
    function = {"name": "f", "arguments": "{}"}
    for google in ({"thought_signature": "s"}, {"thoughtSignature": "s"}):
        read = call(function=function, extra_content={"google": google})
        assert read.signature == Signature("gemini", "s")
    sealed = call(function=function, extra_content={"google": {"thought_signature": "dragoman+anthropic:s"}})
    assert sealed.signature == Signature("anthropic", "s")
    assert "outer" not in sealed.extras.get("chat", {})
