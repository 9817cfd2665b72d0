"""Flat names for tools in namespaces: the canon and other providers know one flat list of names.

`{"type": "namespace", "name": "crm", "tools": [{"name": "find"}]}` is `crm__find` there, and is called
`{"name": "find", "namespace": "crm"}` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.protocols.responses.client_tools import CLIENT_TOOLS, is_hosted


@dataclass(slots=True, frozen=True)
class Called:
    """How a tool is called on the wire; `kind` is "function", "custom" or the name of a client tool."""

    kind: str
    name: str
    namespace: str | None = None


def flat_name(namespace: Any, name: str) -> str:
    return f"{namespace}__{name}" if isinstance(namespace, str) and namespace else name


def called_tools(body: dict[str, Any] | None) -> dict[str, Called]:
    """By flat name, every tool a request offers; the first of a name counts."""
    found: dict[str, Called] = {}
    for tool in _offered(body or {}):
        for flat, called in _called(tool):
            found.setdefault(flat, called)
    return found


def late_tools(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Tools an input item adds to those of the request (`additional_tools`, `tool_search_output`)."""
    if item.get("type") not in ("additional_tools", "tool_search_output"):
        return []
    tools = item.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []


def _offered(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tools, items = body.get("tools"), body.get("input")
    if isinstance(tools, list):
        yield from (tool for tool in tools if isinstance(tool, dict))
    if isinstance(items, list):
        for item in items:
            if isinstance(item, dict):
                yield from late_tools(item)


def _called(tool: dict[str, Any], namespace: str | None = None) -> Iterator[tuple[str, Called]]:
    kind = tool.get("type")
    nested = tool.get("function")
    name = nested.get("name") if isinstance(nested, dict) else tool.get("name")
    if kind == "namespace" and isinstance(name, str) and isinstance(tool.get("tools"), list):
        for inner in tool["tools"]:
            if isinstance(inner, dict):
                yield from _called(inner, name)
    elif kind in ("function", "custom") and isinstance(name, str):
        yield flat_name(namespace, name), Called(str(kind), name, namespace)
    elif isinstance(kind, str) and kind in CLIENT_TOOLS and not is_hosted(tool):
        yield kind, Called(kind, kind)
