"""Tool definitions, tool choice and the calls in a history."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Tool, ToolChoice
from gateway.canon.parts import ToolCall
from gateway.protocols.chat.cache_marks import keep_mark
from gateway.protocols.chat.guest_blocks import CHOICES, as_function, is_guest_tool
from gateway.protocols.chat.thought_signature import read_signature
from gateway.protocols.wire_json import dumps

_FUNCTION_FIELDS = frozenset({"name", "description", "parameters", "strict"})
_CUSTOM_FIELDS = frozenset({"name", "description", "format"})


def read_tools(body: dict[str, Any]) -> list[Tool]:
    """`tools`, the older `functions`, and `web_search_options`, which is a built-in tool by another name."""
    tools = [_read_tool(tool) for tool in body.get("tools") or ()]
    for function in body.get("functions") or ():
        tool = _read_function(function)
        tool.extras.setdefault("chat", {})["legacy"] = True
        tools.append(tool)
    options = body.get("web_search_options")
    if options is not None:
        extras = {"chat": {"field": "web_search_options"}}
        tools.append(Tool("builtin", "web_search", dialect="chat", raw=options, extras=extras))
    return tools


def _read_tool(tool: dict[str, Any]) -> Tool:
    if is_guest_tool(tool):
        tool = as_function(tool)
    kind = tool.get("type") or "function"
    if kind not in ("function", "custom"):
        return Tool("builtin", kind, dialect="chat", raw=tool)
    inner = tool.get(kind)
    if inner is None:
        return _read_function({field: value for field, value in tool.items() if field != "type"})
    outer = {field: value for field, value in tool.items() if field not in ("type", kind)}
    if kind == "function":
        read = _read_function(inner)
    else:
        read = Tool("custom", inner["name"], inner.get("description"), dialect="chat", raw=inner.get("format"))
        read.extras = _inside(inner, _CUSTOM_FIELDS)
    if outer:
        read.extras.setdefault("chat", {})["outer"] = outer
        keep_mark(outer, read.extras)
    return read


def _read_function(function: dict[str, Any]) -> Tool:
    return Tool(
        "function",
        function["name"],
        function.get("description"),
        function.get("parameters"),
        function.get("strict"),
        extras=_inside(function, _FUNCTION_FIELDS),
    )


def _inside(inner: dict[str, Any], known: frozenset[str]) -> dict[str, dict[str, Any]]:
    unknown = {field: value for field, value in inner.items() if field not in known}
    return {"chat": {"inside": unknown}} if unknown else {}


def read_tool_choice(body: dict[str, Any], own: dict[str, Any]) -> ToolChoice | None:
    """A choice of a kind this reader does not know stays in `own`."""
    choice = body.get("tool_choice")
    if choice is None:
        choice = body.get("function_call")
        if isinstance(choice, dict):
            return ToolChoice("one", [choice["name"]])
    if choice is None:
        return None
    if isinstance(choice, str):
        return ToolChoice(choice)  # type: ignore[arg-type]  # the check lets none, auto and required through
    kind = choice["type"]
    if kind in ("function", "custom"):
        return ToolChoice("one", [(choice.get(kind) or choice)["name"]])
    if kind == "allowed_tools":
        allowed = choice["allowed_tools"]
        names = [name for name in map(_allowed_name, allowed["tools"]) if name]
        return ToolChoice("allowed", names, required=allowed.get("mode") == "required")
    if kind in CHOICES:
        return ToolChoice(CHOICES[kind])  # type: ignore[arg-type]
    if kind == "tool" and isinstance(choice.get("name"), str):
        return ToolChoice("one", [choice["name"]])
    own["tool_choice"] = choice
    return None


def _allowed_name(tool: dict[str, Any]) -> str:
    inner = tool.get(str(tool.get("type")))
    name = inner.get("name") if isinstance(inner, dict) else tool.get("name") or tool.get("type")
    return name if isinstance(name, str) else ""


def read_calls(message: dict[str, Any], number: int, waiting: dict[str, str]) -> list[ToolCall]:
    """`waiting` learns the id given to the older `function_call`; it has none, so its place makes one."""
    calls = [_read_call(call) for call in message.get("tool_calls") or ()]
    legacy = message.get("function_call")
    if legacy is not None:
        call_id = f"call_function_{number}"
        waiting[legacy["name"]] = call_id
        calls.append(ToolCall(call_id, legacy["name"], _arguments(legacy), extras={"chat": {"legacy": True}}))
    return calls


def _read_call(call: dict[str, Any]) -> ToolCall:
    kind = "function" if call.get("type") is None else call["type"]
    if kind not in ("function", "custom"):
        name = call.get("name")
        return ToolCall(call["id"], name if isinstance(name, str) else kind, "{}", extras={"chat": {"raw": call}})
    inner = call[kind]
    custom = kind == "custom"
    read = ToolCall(
        call["id"],
        inner["name"],
        inner.get("input") or "" if custom else _arguments(inner),
        read_signature(call),
        freeform=custom,
    )
    own: dict[str, Any] = {}
    outer = {field: value for field, value in call.items() if field not in ("id", "type", kind)}
    if read.signature is not None and read.signature.author != "gemini":
        outer.pop("extra_content", None)
    if outer:
        own["outer"] = outer
    inside = {
        field: value for field, value in inner.items() if field not in ("name", "input" if custom else "arguments")
    }
    if inside:
        own["inside"] = inside
    if own or custom:
        read.extras = {"chat": own}
    return read


def _arguments(inner: dict[str, Any]) -> str:
    arguments = inner.get("arguments")
    if isinstance(arguments, dict):
        return dumps(arguments).decode()
    return arguments or "{}"
