"""Anthropic's words inside a chat request: Cursor's agent speaks them on this route to models that are called claude.

https://forum.cursor.com/t/wrong-tools-handling-on-openai-compatible-endpoint/145588
What is not well formed stays what it was, a part of a kind nobody knows.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Media, Part, Text, ToolCall, ToolResult
from gateway.protocols.wire_json import dumps

CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def is_guest_tool(tool: Any) -> bool:
    """`{"name", "description", "input_schema"}` without OpenAI's `type`."""
    return type(tool) is dict and type(tool.get("input_schema")) is dict and tool.get("type") in (None, "custom")


def has_guest_tools(body: dict[str, Any]) -> bool:
    """Of a body that nobody has checked."""
    tools = body.get("tools")
    return type(tools) is list and tools != [] and is_guest_tool(tools[0])


def as_function(tool: dict[str, Any]) -> dict[str, Any]:
    """A guest tool as a chat tool."""
    fields = {"input_schema": "parameters", "name": "name", "description": "description", "strict": "strict"}
    inner = {fields[name]: value for name, value in tool.items() if name in fields}
    outer = {name: value for name, value in tool.items() if name not in fields and name != "type"}
    return {"type": "function", "function": inner, **outer}


def read_block(block: dict[str, Any]) -> Part | None:
    """A call, a result (its parts are texts and pictures) or a picture; None for everything else."""
    match block:
        case {"type": "tool_use", "id": str(call_id), "name": str(name)} if call_id and name:
            arguments = block.get("input")
            return ToolCall(call_id, name, dumps(arguments if type(arguments) is dict else {}).decode())
        case {"type": "tool_result", "tool_use_id": str(call_id)} if call_id:
            return ToolResult(call_id, None, _said(block.get("content")), block.get("is_error") is True)
        case {"type": "image", "source": {"type": "base64", "media_type": str(mime), "data": str(data)}}:
            return Media("image", mime, data)
        case {"type": "image", "source": {"type": "url", "url": str(url)}}:
            return Media("image", url=url)
    return None


def _said(content: Any) -> list[Part]:
    if type(content) is str:
        return [Text(content)]
    parts: list[Part] = []
    for block in content if type(content) is list else ():
        match block:
            case {"type": "text", "text": str(text)}:
                parts.append(Text(text))
            case {"type": "image"}:
                picture = read_block(block)
                if picture is not None:
                    parts.append(picture)
    return parts
