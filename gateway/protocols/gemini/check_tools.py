"""Complaints about tools and toolConfig."""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.spelling import spelled


def check_tools(tools: Any) -> None:
    if not isinstance(tools, list):
        raise Malformed("tools", "tools must be an array")
    for number, tool in enumerate(tools):
        path = f"tools[{number}]"
        if not isinstance(tool, dict):
            raise Malformed(path, "a tool must be an object")
        declarations = spelled(tool, spelling.TOOL).get("functionDeclarations")
        if declarations is None:
            continue
        path += ".functionDeclarations"
        if not isinstance(declarations, list):
            raise Malformed(path, "functionDeclarations must be an array")
        for place, declaration in enumerate(declarations):
            _check_declaration(declaration, f"{path}[{place}]")


def _check_declaration(declaration: Any, path: str) -> None:
    if not isinstance(declaration, dict):
        raise Malformed(path, "a function declaration must be an object")
    declaration = spelled(declaration, spelling.DECLARATION)
    name = declaration.get("name")
    if not isinstance(name, str) or not name:
        raise Malformed(f"{path}.name", "name must be a non-empty string")
    if declaration.get("description") is not None and not isinstance(declaration["description"], str):
        raise Malformed(f"{path}.description", "description must be a string")
    for field in ("parameters", "parametersJsonSchema"):
        if declaration.get(field) is not None and not isinstance(declaration[field], dict | bool):
            raise Malformed(f"{path}.{field}", f"{field} must be an object")


def check_tool_config(config: Any) -> None:
    if not isinstance(config, dict):
        raise Malformed("toolConfig", "toolConfig must be an object")
    calling = spelled(config, spelling.TOOL_CONFIG).get("functionCallingConfig")
    if calling is None:
        return
    path = "toolConfig.functionCallingConfig"
    if not isinstance(calling, dict):
        raise Malformed(path, "functionCallingConfig must be an object")
    calling = spelled(calling, spelling.CALLING)
    if calling.get("mode") is not None and not isinstance(calling["mode"], str):
        raise Malformed(f"{path}.mode", "mode must be a string")
    names = calling.get("allowedFunctionNames")
    if names is not None and (not isinstance(names, list) or any(not isinstance(name, str) for name in names)):
        raise Malformed(f"{path}.allowedFunctionNames", "allowedFunctionNames must be an array of strings")
