"""Tools and tool choice to Gemini.

https://ai.google.dev/api/caching#Tool
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Loss, Tool, ToolChoice
from gateway.protocols.freeform import worded_format
from gateway.protocols.gemini.schema import parameters_to_gemini
from gateway.protocols.names import NameMap

Json = dict[str, Any]

_BUILTINS = {"web_search": "googleSearch", "code_execution": "codeExecution", "web_fetch": "urlContext"}
FREEFORM = {
    "type": "OBJECT",
    "properties": {"input": {"type": "STRING", "description": "The tool's whole input, as plain text."}},
    "required": ["input"],
}


def name_map() -> NameMap:
    return NameMap(r"[^a-zA-Z0-9_.:-]", 64, r"[a-zA-Z_]")


def write_tools(tools: list[Tool], names: NameMap, losses: list[Loss]) -> list[Json]:
    """All functions in one entry, every built-in tool in its own, in the order of their first appearance."""
    entries: list[Json] = []
    functions: list[Json] = []
    known: set[str] = set()
    mixed = any(tool.kind != "builtin" for tool in tools)
    for number, tool in enumerate(tools):
        path = f"tools[{number}]"
        if tool.kind == "builtin":
            entry = _builtin(tool, mixed, path, losses)
            if entry is not None and entry not in entries:
                entries.append(entry)
            continue
        if tool.name in known:
            losses.append(Loss(path, f"a second tool of the name {tool.name!r}"))
            continue
        known.add(tool.name)
        if not functions:
            entries.append({"functionDeclarations": functions})
        if tool.strict:
            losses.append(Loss(f"{path}.strict", "Gemini has no strict functions"))
        functions.append(_declaration(tool, names))
    return entries


def _builtin(tool: Tool, mixed: bool, path: str, losses: list[Loss]) -> Json | None:
    if tool.dialect == "gemini":
        return dict(tool.raw or {})
    own = _BUILTINS.get(tool.name)
    if own is None:
        losses.append(Loss(path, f"Gemini has no built-in tool {tool.name!r}"))
        return None
    if mixed:
        losses.append(Loss(path, "Gemini does not take built-in tools beside functions"))
        return None
    return {own: {}}


def _declaration(tool: Tool, names: NameMap) -> Json:
    declaration: Json = {"name": names.to_wire(tool.name)}
    description = worded_format(tool) if tool.kind == "custom" else tool.description
    if description:
        declaration["description"] = description
    own = tool.extras.get("gemini", {})
    if tool.kind == "custom":
        declaration["parameters"] = FREEFORM
    elif own.get("parametersJsonSchema"):
        declaration["parametersJsonSchema"] = tool.parameters
    elif own.get("parameters") is not None:
        declaration["parameters"] = own["parameters"]
    else:
        parameters = parameters_to_gemini(tool.parameters)
        if parameters is not None:
            declaration["parameters"] = parameters
    return {**declaration, **own.get("fields", {})}


def write_tool_choice(dialogue: Dialogue, names: NameMap) -> Json | None:
    """functionCallingConfig; None where the client said nothing or there are no functions to choose from."""
    choice = dialogue.tool_choice
    if choice is None or not any(tool.kind != "builtin" for tool in dialogue.tools):
        return None
    own = dialogue.extras.get("gemini", {}).get("toolConfig.functionCallingConfig.mode")
    config: Json = {"mode": _mode(choice, own)}
    if choice.names and choice.mode in ("one", "allowed"):
        listed = choice.names[:1] if choice.mode == "one" else choice.names
        config["allowedFunctionNames"] = [names.to_wire(name) for name in listed]
    return config


def _mode(choice: ToolChoice, own: str | None) -> str:
    if choice.mode == "none":
        return "NONE"
    if choice.mode in ("required", "one") or (choice.mode == "allowed" and choice.required):
        return "ANY"
    if choice.mode == "allowed":
        # allowedFunctionNames goes only with ANY and VALIDATED; VALIDATED may also answer in text.
        return "VALIDATED"
    return own if own and own.upper() == "VALIDATED" else "AUTO"
