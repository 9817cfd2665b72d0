"""Tool definitions and tool_choice to the canon. Every tool keeps its own definition for its own writer."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Tool, ToolChoice
from gateway.protocols.responses.client_tools import CLIENT_TOOLS, is_hosted
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.tool_names import flat_name

COMMON_NAMES: dict[str, str] = {
    "web_search": "web_search",
    "web_search_preview": "web_search",
    "code_interpreter": "code_execution",
    "file_search": "file_search",
    "image_generation": "image_generation",
    "computer": "computer_use",
    "computer_use": "computer_use",
    "computer_use_preview": "computer_use",
}

CACHED_SEARCH = "cached_web_search"
"""A search that must not go out to the web, as Codex asks for by default: no other provider has one."""


def common_name(kind: str) -> str:
    """The house's word for a built-in tool; dated types ("web_search_2025_08_26") count as their family."""
    if kind in COMMON_NAMES:
        return COMMON_NAMES[kind]
    family = next((known for known in COMMON_NAMES if kind.startswith(known + "_")), None)
    return COMMON_NAMES[family] if family else kind


def read_tools(tools: list[dict[str, Any]], late: bool = False) -> list[Tool]:
    """`late` tools came in an input item that carries them itself; the own writer must not repeat them."""
    found: list[Tool] = []
    for tool in tools:
        if tool["type"] == "namespace" and tool.get("tools"):
            found += [_read(inner, tool, late) for inner in tool["tools"]]
        else:
            found.append(_read(tool, None, late))
    return found


def _read(raw: dict[str, Any], namespace: dict[str, Any] | None, late: bool) -> Tool:
    kind = raw["type"]
    own: dict[str, Any] = {"raw": raw}
    if namespace is not None:
        own["namespace"] = namespace
    if late:
        own["late"] = True
    extras = {OWN: own}
    prefix = namespace["name"] if namespace is not None else None
    if kind == "function":
        nested = raw.get("function")
        fields: dict[str, Any] = nested if isinstance(nested, dict) else raw
        return Tool(
            "function",
            flat_name(prefix, fields["name"]),
            description=fields.get("description"),
            parameters=fields.get("parameters"),
            strict=fields.get("strict") if isinstance(fields.get("strict"), bool) else None,
            extras=extras,
        )
    if kind == "custom":
        form = raw.get("format")
        return Tool(
            "custom",
            flat_name(prefix, raw["name"]),
            description=raw.get("description"),
            dialect=OWN,
            raw=form if isinstance(form, dict) else None,
            extras=extras,
        )
    client = CLIENT_TOOLS.get(kind)
    if client is not None and not is_hosted(raw):
        return Tool(
            "function",
            client.name,
            description=client.description,
            parameters=client.parameters,
            extras=extras,
        )
    name = common_name(kind)
    if name == "web_search" and raw.get("external_web_access") is False:
        name = CACHED_SEARCH
    return Tool("builtin", name, dialect=OWN, raw=raw, extras=extras)


def read_choice(choice: Any) -> ToolChoice | None:
    """None for what the canon has no words for (mcp, programmatic calls); the caller keeps that in extras."""
    if isinstance(choice, str):
        return ToolChoice(choice)  # type: ignore[arg-type]
    kind = choice["type"]
    if kind == "allowed_tools":
        names = [name for name in map(_chosen, choice["tools"]) if name is not None]
        if len(names) != len(choice["tools"]):
            return None
        return ToolChoice("allowed", names, required=choice.get("mode") == "required")
    name = _chosen(choice)
    return None if name is None else ToolChoice("one", [name])


def _chosen(choice: Any) -> str | None:
    if not isinstance(choice, dict) or not isinstance(choice.get("type"), str):
        return None
    kind = choice["type"]
    if kind in ("function", "custom"):
        nested = choice.get("function")
        name = nested.get("name") if isinstance(nested, dict) else choice.get("name")
        return flat_name(choice.get("namespace"), name) if isinstance(name, str) else None
    if len(choice) == 1 and (kind in CLIENT_TOOLS or common_name(kind) != kind or kind in COMMON_NAMES):
        return kind if kind in CLIENT_TOOLS else common_name(kind)
    return None
