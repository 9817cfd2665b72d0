"""Whether tool definitions, the choice among them and calls in the history are well formed."""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.chat.complaint import missing, needs_object, needs_string, wrong
from gateway.protocols.chat.guest_blocks import is_guest_tool


def check_named(param: str, value: Any) -> None:
    """An object with a `name`."""
    needs_object(param, value)
    needs_string(f"{param}.name", value.get("name"))


def check_tools(param: str, value: Any) -> None:
    """`tools`, and the older `functions` whose items are the bare function."""
    if type(value) is not list:
        raise wrong(param, "an array of tools", value)
    for number, tool in enumerate(value):
        where = f"{param}[{number}]"
        if type(tool) is not dict:
            raise wrong(where, "an object", tool)
        if is_guest_tool(tool):
            check_named(where, tool)
            continue
        kind = "function" if param == "functions" else tool.get("type")
        if kind is None and "function" in tool:
            kind = "function"
        needs_string(f"{where}.type", kind)
        if kind not in ("function", "custom"):
            continue
        if param == "tools" and (tool.get(kind) is not None or "name" not in tool):
            where = f"{where}.{kind}"
            tool = tool.get(kind)
        check_named(where, tool)
        if tool.get("description") is not None and type(tool["description"]) is not str:
            raise wrong(f"{where}.description", "a string", tool["description"])
        if kind == "function":
            if tool.get("parameters") is not None and type(tool["parameters"]) is not dict:
                raise wrong(f"{where}.parameters", "an object", tool["parameters"])
            if tool.get("strict") is not None and type(tool["strict"]) is not bool:
                raise wrong(f"{where}.strict", "a boolean", tool["strict"])
        elif tool.get("format") is not None and type(tool["format"]) is not dict:
            raise wrong(f"{where}.format", "an object", tool["format"])


def check_tool_choice(param: str, value: Any) -> None:
    if type(value) is str:
        if value not in ("none", "auto", "required"):
            raise Malformed(
                param,
                f"Invalid value: '{value[:40]}'. Supported values are: 'none', 'auto', and 'required'.",
                "invalid_value",
            )
        return
    if type(value) is not dict:
        raise wrong(param, "a string or an object", value)
    kind = value.get("type")
    needs_string(f"{param}.type", kind)
    if kind in ("function", "custom"):
        # Some clients word it as Responses does, {"type": "function", "name": ...}.
        flat = value.get(kind) is None and "name" in value
        check_named(param if flat else f"{param}.{kind}", value if flat else value.get(kind))
    elif kind == "allowed_tools":
        _check_allowed(f"{param}.allowed_tools", value.get("allowed_tools"))


def _check_allowed(where: str, value: Any) -> None:
    needs_object(where, value)
    if value.get("mode") not in (None, "auto", "required"):
        raise Malformed(f"{where}.mode", "Supported values are: 'auto' and 'required'.", "invalid_value")
    tools = value.get("tools")
    if type(tools) is not list:
        raise missing(f"{where}.tools") if tools is None else wrong(f"{where}.tools", "an array", tools)
    for number, tool in enumerate(tools):
        if type(tool) is not dict:
            raise wrong(f"{where}.tools[{number}]", "an object", tool)


def check_tool_calls(message: dict[str, Any], where: str) -> None:
    """`tool_calls` and the older `function_call` of an assistant message."""
    legacy = message.get("function_call")
    if legacy is not None:
        _check_call(legacy, f"{where}.function_call", "arguments")
    calls = message.get("tool_calls")
    if calls is None:
        return
    if type(calls) is not list:
        raise wrong(f"{where}.tool_calls", "an array of tool calls", calls)
    for number, call in enumerate(calls):
        if _is_plain(call):
            continue
        at = f"{where}.tool_calls[{number}]"
        if type(call) is not dict:
            raise wrong(at, "an object", call)
        needs_string(f"{at}.id", call.get("id"))
        kind = call.get("type")
        if kind == "function" or kind is None:
            _check_call(call.get("function"), f"{at}.function", "arguments")
        elif kind == "custom":
            _check_call(call.get("custom"), f"{at}.custom", "input")
        elif type(kind) is not str:
            raise wrong(f"{at}.type", "a string", kind)


def _is_plain(call: Any) -> bool:
    """An ordinary function call, seen without building a path for a complaint."""
    if type(call) is not dict or call.get("type") != "function":
        return False
    call_id, function = call.get("id"), call.get("function")
    if type(call_id) is not str or not call_id or type(function) is not dict:
        return False
    name = function.get("name")
    return type(name) is str and name != "" and type(function.get("arguments")) is str


def _check_call(call: Any, where: str, words: str) -> None:
    check_named(where, call)
    value = call.get(words)
    if value is not None and type(value) is not str and not (words == "arguments" and type(value) is dict):
        raise wrong(f"{where}.{words}", "a string", value)
