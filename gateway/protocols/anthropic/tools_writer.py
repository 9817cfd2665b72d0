"""Tool definitions and the choice among them, to the provider."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Loss, Tool, ToolChoice
from gateway.protocols.anthropic.fields import NAME, own
from gateway.protocols.freeform import worded_format
from gateway.protocols.names import NameMap

_BUILTINS = {
    "web_search": "web_search_20250305",
    "web_fetch": "web_fetch_20250910",
    "code_execution": "code_execution_20250825",
}
"""The versions every current model takes, none of which wants a beta header.

https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview
"""
_COMBINERS = ("anyOf", "oneOf", "allOf")


def write_tools(dialogue: Dialogue, names: NameMap, losses: list[Loss]) -> list[dict[str, Any]]:
    """The definitions; an `allowed` choice leaves out the others, since the provider has no such list."""
    choice = dialogue.tool_choice
    allowed = set(choice.names) if choice is not None and choice.mode == "allowed" else None
    written = []
    for number, tool in enumerate(dialogue.tools):
        if allowed is not None and tool.name not in allowed:
            continue
        if tool.kind == "builtin":
            if tool.dialect == NAME and tool.raw is not None:
                written.append(tool.raw)
            elif tool.name in _BUILTINS:
                written.append({"type": _BUILTINS[tool.name], "name": tool.name})
            else:
                where = tool.dialect or "its own provider"
                losses.append(Loss(f"tools[{number}]", f"{tool.name} runs at {where} only"))
        else:
            written.append(_function(tool, names, f"tools[{number}]", losses))
    return written


def _function(tool: Tool, names: NameMap, path: str, losses: list[Loss]) -> dict[str, Any]:
    block: dict[str, Any] = {"name": names.to_wire(tool.name)}
    description = worded_format(tool) if tool.kind == "custom" else tool.description
    if description:
        block["description"] = description
    if tool.kind == "custom":
        block["input_schema"] = {
            "type": "object",
            "properties": {"input": {"type": "string"}},
            "required": ["input"],
        }
        return block
    block["input_schema"] = _schema(tool.parameters, path, losses)
    own_fields = own(tool.extras)
    if tool.strict or (tool.strict is False and NAME in tool.extras):
        block["strict"] = tool.strict
    return {**block, **own_fields}


def _schema(given: Any, path: str, losses: list[Loss]) -> dict[str, Any]:
    """The provider wants an object at the top, without anyOf, oneOf or allOf there."""
    if not isinstance(given, dict):
        return {"type": "object", "properties": {}}
    schema: dict[str, Any] = given if given.get("type") == "object" else {**given, "type": "object"}
    if not any(key in schema for key in _COMBINERS):
        return schema
    losses.append(Loss(f"{path}.parameters", "alternatives at the top are merged into one object"))
    merged = {key: value for key, value in schema.items() if key not in _COMBINERS}
    properties = dict(merged.get("properties") or {})
    required = list(merged.get("required") or [])
    for key in _COMBINERS:
        for branch in schema.get(key) or ():
            if isinstance(branch, dict):
                for name, value in (branch.get("properties") or {}).items():
                    properties.setdefault(name, value)
                if key == "allOf":
                    required += [name for name in branch.get("required") or () if name not in required]
    merged["properties"] = properties
    if required:
        merged["required"] = required
    return merged


def write_choice(choice: ToolChoice | None, parallel: bool | None, names: NameMap) -> dict[str, Any] | None:
    """None where nothing need be said."""
    if choice is not None and choice.mode == "none":
        return {"type": "none"}
    written: dict[str, Any] | None = None
    if choice is not None:
        if choice.mode == "one" and choice.names:
            written = {"type": "tool", "name": names.to_wire(choice.names[0])}
        elif choice.mode == "required" or (choice.mode == "allowed" and choice.required):
            written = {"type": "any"}
        else:
            written = {"type": "auto"}
    elif parallel is False:
        written = {"type": "auto"}
    if written is not None and parallel is not None:
        written["disable_parallel_tool_use"] = not parallel
    return written


def forces_a_call(choice: dict[str, Any] | None) -> bool:
    """The provider refuses thinking together with such a choice."""
    return choice is not None and choice["type"] in ("any", "tool")
