"""Fields below the top level of a client's request that only this dialect's own writer can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.canon.dialogue import Dialogue, Tool
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, ToolCall, ToolResult
from gateway.protocols.losses import said
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.tool_writer import BUILTIN

_ITEM = ("type", "id", "status", "phase")
_PART = (
    *("type", "text", "refusal", "annotations", "logprobs"),
    *("image_url", "detail", "file_id", "filename", "file_data", "file_url", "input_audio"),
)
_CALL = (*_ITEM, "call_id", "name", "arguments", "input", "output", "namespace")
_PLAIN_ITEMS = ("function_call", "custom_tool_call", "function_call_output", "custom_tool_call_output")
_TOOL = ("type", "name", "description", "parameters", "strict", "function")
_OF_A_KIND = ("type", "name", "description")
_CUSTOM = ("type", "name", "description", "format")


def unheard(dialogue: Dialogue, to: str) -> Iterator[str]:
    """No field of this dialect is kept for the writer of another, so `to` does not matter."""
    for turn in dialogue.turns:
        if turn.extras:
            yield from said("input[]", turn.extras.get(OWN, {}).get("item"), _ITEM)
        yield from _of_parts(turn.parts)
    namespaces: set[int] = set()
    for tool in dialogue.tools:
        yield from _of_tool(tool)
        namespace = tool.extras.get(OWN, {}).get("namespace")
        if namespace is not None and id(namespace) not in namespaces:
            namespaces.add(id(namespace))
            yield from said("tools[]", namespace, ("type", "name", "tools"))


def _of_parts(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Opaque) or not part.extras:
            continue
        own = part.extras.get(OWN, {})
        raw = own.get("raw")
        if isinstance(part, Text | Refusal | Media):
            yield from said("input[]", own.get("item"), _ITEM)
            if "result" not in (raw or ()):
                yield from said("input[].content[]", raw, _PART)
        elif isinstance(part, ToolCall | ToolResult) and raw is not None and raw.get("type") in _PLAIN_ITEMS:
            yield from said("input[]", raw, _CALL)
        if isinstance(part, ToolResult):
            yield from _of_parts(part.parts)


def _of_tool(tool: Tool) -> Iterator[str]:
    raw = tool.extras.get(OWN, {}).get("raw")
    if raw is None:
        return
    if tool.kind == "custom":
        yield from said("tools[]", raw, _CUSTOM)
    elif raw.get("type") == "function":
        nested = raw.get("function")
        yield from said("tools[]", raw, _TOOL)
        if isinstance(nested, dict):
            yield from said("tools[]", nested, _TOOL)
    else:
        plain = BUILTIN.get(tool.name, {})
        yield from said("tools[]", {key: value for key, value in raw.items() if plain.get(key) != value}, _OF_A_KIND)
