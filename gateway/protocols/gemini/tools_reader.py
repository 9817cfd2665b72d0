"""tools and toolConfig.

https://ai.google.dev/api/caching#Tool
"""

from __future__ import annotations

from typing import Any, Literal

from gateway.canon.dialogue import Tool, ToolChoice
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.parts_reader import extras_of
from gateway.protocols.gemini.schema_reader import to_json_schema
from gateway.protocols.gemini.spelling import spelled

BUILTINS = {
    "googleSearch": "web_search",
    "googleSearchRetrieval": "web_search",
    "codeExecution": "code_execution",
    "urlContext": "web_fetch",
}


def read_tools(tools: list[dict[str, Any]]) -> list[Tool]:
    """Every function declaration one tool; every other key of a tool (googleSearch, ...) a built-in one."""
    out: list[Tool] = []
    for tool in tools:
        for key, value in spelled(tool, spelling.TOOL).items():
            if value is None:
                continue
            if key == "functionDeclarations":
                out.extend(_function(spelled(declaration, spelling.DECLARATION)) for declaration in value)
            else:
                out.append(Tool("builtin", BUILTINS.get(key, key), dialect="gemini", raw={key: value}))
    return out


def _function(declaration: dict[str, Any]) -> Tool:
    tool = Tool("function", declaration["name"], declaration.get("description"))
    own = extras_of(declaration, "name", "description", "parameters", "parametersJsonSchema").get("gemini", {})
    schema, plain = declaration.get("parametersJsonSchema"), declaration.get("parameters")
    if schema is not None:
        tool.parameters = schema
        own["parametersJsonSchema"] = True
    elif plain is not None:
        tool.parameters = to_json_schema(plain)
        own["parameters"] = plain
    if own:
        tool.extras = {"gemini": own}
    return tool


def read_tool_config(config: dict[str, Any]) -> tuple[ToolChoice | None, dict[str, Any]]:
    """The choice, and extras under their dotted paths: VALIDATED is "auto" to everybody else."""
    config = spelled(config, spelling.TOOL_CONFIG)
    extras = {f"toolConfig.{key}": value for key, value in config.items() if key != "functionCallingConfig"}
    calling = config.get("functionCallingConfig")
    if not calling:
        return None, _present(extras)
    calling = spelled(calling, spelling.CALLING)
    path = "toolConfig.functionCallingConfig"
    for key, value in calling.items():
        if key not in ("mode", "allowedFunctionNames"):
            extras[f"{path}.{key}"] = value
    mode = (calling.get("mode") or "").upper()
    choice = _choice(mode, list(calling.get("allowedFunctionNames") or []))
    if mode == "VALIDATED" or (choice is None and mode):
        extras[f"{path}.mode"] = calling["mode"]
    return choice, _present(extras)


def _choice(mode: str, names: list[str]) -> ToolChoice | None:
    if mode == "NONE":
        return ToolChoice("none")
    if mode == "ANY" and len(names) == 1:
        return ToolChoice("one", names)
    if mode == "ANY" and not names:
        return ToolChoice("required")
    if names and mode in ("", "ANY", "AUTO", "VALIDATED"):
        return ToolChoice("allowed", names, required=mode == "ANY")
    plain: Literal["auto"] = "auto"
    return ToolChoice(plain) if mode in ("AUTO", "VALIDATED") else None


def _present(extras: dict[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in extras.items() if value is not None}
