"""How the client declared its tools, which decides the form its calls are given back in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.canon.parts import ToolCall
from gateway.protocols.chat.thought_signature import extra_content
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads_told


@dataclass(slots=True, frozen=True)
class ClientTools:
    """`custom`: names of free-form tools; `legacy`: asked with `functions`; `known`: the body was at hand."""

    custom: frozenset[str] = frozenset()
    legacy: bool = False
    known: bool = False

    @classmethod
    def of(cls, body: dict[str, Any] | None) -> ClientTools:
        if body is None:
            return cls()
        tools = body.get("tools")
        tools = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
        inner = [tool.get("custom") for tool in tools if tool.get("type") == "custom"]
        names = frozenset(str(custom["name"]) for custom in inner if isinstance(custom, dict) and "name" in custom)
        return cls(names, bool(body.get("functions")) and not tools, True)

    def is_custom(self, call: ToolCall) -> bool:
        return call.name in self.custom or (call.freeform and not self.known)


def write_call(call: ToolCall, tools: ClientTools, arguments: str | None = None) -> dict[str, Any]:
    """One whole item of `tool_calls`; `arguments` where they were collected apart from the part."""
    text = call.arguments if arguments is None else arguments
    if tools.is_custom(call):
        item: dict[str, Any] = {
            "id": call.id,
            "type": "custom",
            "custom": {"name": call.name, "input": text if call.freeform else input_of(text)},
        }
    else:
        text = dumps({"input": text}).decode() if call.freeform else text or "{}"
        item = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": text}}
    if call.signature is not None:
        item["extra_content"] = extra_content(call.signature)
    return item


def input_of(arguments: str) -> str:
    """The text of a free-form call that was made through a function with one string property `input`."""
    try:
        document = loads_told(arguments)
    except JSONDecodeError:
        return arguments
    value = document.get("input") if isinstance(document, dict) else None
    return value if isinstance(value, str) else arguments
