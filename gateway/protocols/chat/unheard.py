"""Fields below the top level of a client's request that only this dialect's own writer can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.canon.dialogue import Dialogue, Tool
from gateway.canon.parts import Media, Opaque, Part, Thinking, ToolCall, ToolResult
from gateway.protocols.losses import said

_MARKS = frozenset({"as", "inside", "bare", "part", "images", "audio"})
_ELSEWHERE = ("extra_content",)
"""Carried as a signature."""


def unheard(dialogue: Dialogue) -> Iterator[str]:
    for turn in dialogue.turns:
        if turn.extras:
            yield from said("messages[]", turn.extras.get("chat", {}).get("fields"))
        for part in turn.parts:
            if not isinstance(part, Opaque) and part.extras and not isinstance(part, Thinking):
                yield from _of_part(part, part.extras.get("chat", {}))
    for tool in dialogue.tools:
        if tool.extras or tool.kind == "builtin":
            yield from _of_tool(tool)


def _of_part(part: Part, own: dict[str, Any]) -> Iterator[str]:
    if isinstance(part, ToolResult):
        yield from said("messages[]", own.get("fields"))
    elif isinstance(part, ToolCall):
        yield from said("messages[].tool_calls[]", own.get("outer"), _ELSEWHERE)
        yield from said("messages[].tool_calls[]", own.get("inside"))
    else:
        yield from said("messages[].content[]", own, _MARKS)
        if isinstance(part, Media):
            yield from said("messages[].content[]", own.get("inside"))


def _of_tool(tool: Tool) -> Iterator[str]:
    own = tool.extras.get("chat", {})
    if tool.kind == "builtin":
        yield from said(own.get("field", "tools[]"), tool.raw, ("type",))
    else:
        yield from said("tools[]", own.get("outer"))
        yield from said("tools[]", own.get("inside"))
