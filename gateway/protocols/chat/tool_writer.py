"""Tools, the choice among them, and calls of a history."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Loss, Tool, ToolChoice
from gateway.canon.parts import ToolCall
from gateway.canon.profile import Profile
from gateway.protocols.chat.thought_signature import extra_content
from gateway.protocols.freeform import worded_format
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import dumps

_SIGNED = ("level", "budget")


def write_tools(dialogue: Dialogue, names: NameMap, native: bool, losses: list[Loss]) -> dict[str, Any]:
    """The fields `tools`, `tool_choice`, `parallel_tool_calls`, or their elders `functions`, `function_call`.

    A choice without tools is refused by providers, hence left out.
    """
    choice = dialogue.tool_choice
    allowed: list[str] | None = None
    if choice is not None and choice.mode == "allowed" and not native:
        allowed = choice.names
        choice = ToolChoice("required" if choice.required else "auto")
    fields: dict[str, Any] = {}
    tools: list[dict[str, Any]] = []
    functions: list[dict[str, Any]] = []
    for number, tool in enumerate(dialogue.tools):
        own = tool.extras.get("chat", {})
        if allowed is not None and tool.kind != "builtin" and tool.name not in allowed:
            continue
        if tool.kind == "builtin":
            if tool.dialect != "chat" or tool.raw is None:
                losses.append(Loss(f"tools[{number}]", f"Chat Completions has no built-in tool {tool.name!r}"))
            elif "field" in own:
                fields[own["field"]] = tool.raw
            else:
                tools.append(tool.raw)
        elif own.get("legacy"):
            functions.append(_function(tool, names))
        else:
            tools.append(_write_tool(tool, names))
    if tools:
        fields["tools"] = tools
    if functions:
        fields["functions"] = functions
    if choice is not None and choice.mode == "one" and _is_lost(choice.names[0], dialogue.tools):
        losses.append(Loss("tool_choice", f"Chat Completions has no built-in tool {choice.names[0]!r}"))
        choice = None
    if choice is not None and (tools or functions):
        if tools:
            fields["tool_choice"] = _write_choice(choice, dialogue.tools, names)
        else:
            fields["function_call"] = _write_legacy_choice(choice, names)
    if dialogue.parallel_tool_calls is not None and tools:
        fields["parallel_tool_calls"] = dialogue.parallel_tool_calls
    return fields


def _is_lost(name: str, tools: list[Tool]) -> bool:
    tool = next((tool for tool in tools if tool.name == name), None)
    return tool is not None and tool.kind == "builtin" and tool.dialect != "chat"


def _write_tool(tool: Tool, names: NameMap) -> dict[str, Any]:
    own = tool.extras.get("chat", {})
    if tool.kind == "custom" and tool.dialect == "chat":
        custom: dict[str, Any] = {"name": names.to_wire(tool.name)}
        if tool.description is not None:
            custom["description"] = tool.description
        if tool.raw is not None:
            custom["format"] = tool.raw
        return {"type": "custom", "custom": {**custom, **own.get("inside", {})}, **own.get("outer", {})}
    return {"type": "function", "function": _function(tool, names), **own.get("outer", {})}


def _function(tool: Tool, names: NameMap) -> dict[str, Any]:
    function: dict[str, Any] = {"name": names.to_wire(tool.name)}
    description, parameters = tool.description, tool.parameters
    if tool.kind == "custom":
        description, parameters = worded_format(tool), _FREE_TEXT
    if description is not None:
        function["description"] = description
    if parameters is not None:
        function["parameters"] = parameters
    if tool.strict is not None and tool.kind != "custom":
        function["strict"] = tool.strict
    return {**function, **tool.extras.get("chat", {}).get("inside", {})}


_FREE_TEXT = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as free text."}},
    "required": ["input"],
    "additionalProperties": False,
}


def _write_choice(choice: ToolChoice, tools: list[Tool], names: NameMap) -> Any:
    match choice.mode:
        case "one":
            return _named(choice.names[0], tools, names)
        case "allowed":
            mode = "required" if choice.required else "auto"
            allowed = [_named(name, tools, names) for name in choice.names]
            return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}}
    return choice.mode


def _named(name: str, tools: list[Tool], names: NameMap) -> dict[str, Any]:
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is not None and tool.kind == "builtin":
        return {"type": name}
    kind = "custom" if tool is not None and tool.kind == "custom" and tool.dialect == "chat" else "function"
    return {"type": kind, kind: {"name": names.to_wire(name)}}


def _write_legacy_choice(choice: ToolChoice, names: NameMap) -> Any:
    if choice.mode == "one":
        return {"name": names.to_wire(choice.names[0])}
    return "none" if choice.mode == "none" else "auto"


def write_history_call(call: ToolCall, profile: Profile, names: NameMap) -> dict[str, Any]:
    """A signature goes to Gemini's compatible endpoint, known by how its models think."""
    own = call.extras.get("chat")
    if own is not None and "raw" in own:
        raw: dict[str, Any] = own["raw"]
        return raw
    own = own or {}
    wire = names.to_wire(call.name)
    item: dict[str, Any]
    if call.freeform and "chat" in call.extras:
        item = {
            "id": call.id,
            "type": "custom",
            "custom": {"name": wire, "input": call.arguments, **own.get("inside", {})},
        }
    else:
        text = dumps({"input": call.arguments}).decode() if call.freeform else call.arguments or "{}"
        item = {
            "id": call.id,
            "type": "function",
            "function": {"name": wire, "arguments": text, **own.get("inside", {})},
        }
    if call.signature is not None and call.signature.author == "gemini" and profile.thinking in _SIGNED:
        item["extra_content"] = extra_content(call.signature)
    item.update(own.get("outer", {}))
    return item
