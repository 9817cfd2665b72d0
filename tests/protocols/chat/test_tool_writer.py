from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Loss, Tool, ToolChoice
from gateway.canon.parts import Signature, ToolCall
from gateway.canon.profile import Profile
from gateway.protocols.chat.request_writer import tool_names
from gateway.protocols.chat.tool_writer import write_history_call, write_tools

F = Tool("function", "f", "d", {"type": "object"})
G = Tool("function", "g", parameters={"type": "object"})


def write(*tools: Tool, native: bool = False, **fields: Any) -> tuple[dict[str, Any], list[Loss]]:
    losses: list[Loss] = []
    return write_tools(Dialogue("m", [], tools=list(tools), **fields), tool_names(), native, losses), losses


def test_functions() -> None:
    fields, losses = write(F, Tool("function", "bare", strict=False), parallel_tool_calls=False)
    assert fields == {
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": "d", "parameters": {"type": "object"}},
            },
            {"type": "function", "function": {"name": "bare", "strict": False}},
        ],
        "parallel_tool_calls": False,
    }
    assert losses == []


def test_names_are_mapped() -> None:
    fields, _ = write(Tool("function", "a.b/c" + "x" * 90), tool_choice=ToolChoice("one", ["a.b/c" + "x" * 90]))
    name = fields["tools"][0]["function"]["name"]
    assert len(name) <= 64 and name.startswith("a_b_c")
    assert fields["tool_choice"]["function"]["name"] == name


def test_builtins_of_others_are_losses() -> None:
    fields, losses = write(F, Tool("builtin", "web_search", dialect="anthropic", raw={"type": "web_search_20250305"}))
    assert len(fields["tools"]) == 1 and [loss.path for loss in losses] == ["tools[1]"]


def test_a_choice_of_a_lost_builtin_is_lost_with_it() -> None:
    search = Tool("builtin", "web_search", dialect="anthropic", raw={})
    fields, losses = write(F, search, tool_choice=ToolChoice("one", ["web_search"]))
    assert "tool_choice" not in fields and [loss.path for loss in losses] == ["tools[1]", "tool_choice"]


def test_a_custom_tool_of_another_dialect_is_a_function() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    fields, losses = write(Tool("custom", "patch", "Edits.", dialect="responses", raw=grammar))
    function = fields["tools"][0]["function"]
    assert function["parameters"]["required"] == ["input"]
    assert function["description"].startswith("Edits.") and "start: x" in function["description"]
    assert losses == []


def test_own_custom_tools_stay() -> None:
    fields, _ = write(Tool("custom", "patch", dialect="chat"), tool_choice=ToolChoice("one", ["patch"]))
    assert fields["tools"] == [{"type": "custom", "custom": {"name": "patch"}}]
    assert fields["tool_choice"] == {"type": "custom", "custom": {"name": "patch"}}


@pytest.mark.parametrize("mode", ["none", "auto", "required"])
def test_plain_choices(mode: Any) -> None:
    assert write(F, tool_choice=ToolChoice(mode))[0]["tool_choice"] == mode


def test_allowed_tools() -> None:
    choice = ToolChoice("allowed", ["g"], required=True)
    fields, _ = write(F, G, tool_choice=choice)
    assert [tool["function"]["name"] for tool in fields["tools"]] == ["g"]
    assert fields["tool_choice"] == "required"
    fields, _ = write(F, G, native=True, tool_choice=choice)
    assert len(fields["tools"]) == 2
    assert fields["tool_choice"] == {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]},
    }


def test_no_choice_without_tools() -> None:
    assert write(tool_choice=ToolChoice("auto"), parallel_tool_calls=True) == ({}, [])


def call(given: ToolCall, profile: Profile | None = None) -> dict[str, Any]:
    return write_history_call(given, profile or Profile(), tool_names())


def test_free_form_calls() -> None:
    foreign = ToolCall("a", "patch", "*** x", freeform=True)
    assert call(foreign)["function"] == {"name": "patch", "arguments": '{"input":"*** x"}'}
    own = ToolCall("a", "patch", "*** x", freeform=True, extras={"chat": {}})
    assert call(own) == {"id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** x"}}


def test_signatures_go_to_gemini_models_only() -> None:
    signed = ToolCall("a", "f", "{}", Signature("gemini", "s"))
    assert "extra_content" not in call(signed)
    assert "extra_content" not in call(signed, Profile(thinking="effort"))
    assert call(signed, Profile(thinking="level"))["extra_content"] == {"google": {"thought_signature": "s"}}
    other = ToolCall("a", "f", "{}", Signature("anthropic", "s"))
    assert "extra_content" not in call(other, Profile(thinking="level"))
