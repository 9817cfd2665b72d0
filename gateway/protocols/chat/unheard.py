"""Fields below the top level of a client's request that the writer of the provider's dialect, `to`, cannot say."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from gateway.canon.dialogue import Dialogue, Tool
from gateway.canon.parts import Media, Opaque, Part, Thinking, ToolCall, ToolResult
from gateway.protocols.losses import said

_MARKS = ("as", "inside", "bare", "part", "images", "audio")
_ELSEWHERE = ("extra_content",)
"""Carried as a signature."""


def unheard(dialogue: Dialogue, to: str) -> Iterator[str]:
    for turn in dialogue.turns:
        if turn.extras:
            kept = _kept(turn.parts[-1], to) if turn.parts else ()
            yield from said("messages[]", turn.extras.get("chat", {}).get("fields"), kept)
        for part in turn.parts:
            if not isinstance(part, Opaque) and part.extras and not isinstance(part, Thinking):
                yield from _of_part(part, part.extras.get("chat", {}), _kept(part, to))
    for tool in dialogue.tools:
        if tool.extras or tool.kind == "builtin":
            yield from _of_tool(tool, tuple(tool.extras.get(to, ())))


def _kept(part: Part, to: str) -> Collection[str]:
    """The names of fields that the reader put where the other writer finds them (cache_marks)."""
    return () if isinstance(part, Opaque) else tuple(part.extras.get(to, ()))


def _of_part(part: Part, own: dict[str, Any], kept: Collection[str]) -> Iterator[str]:
    if isinstance(part, ToolResult):
        yield from said("messages[]", own.get("fields"), kept)
    elif isinstance(part, ToolCall):
        yield from said("messages[].tool_calls[]", own.get("outer"), _ELSEWHERE)
        yield from said("messages[].tool_calls[]", own.get("inside"))
    else:
        yield from said("messages[].content[]", own, (*_MARKS, *kept))
        if isinstance(part, Media):
            yield from said("messages[].content[]", own.get("inside"))


def _of_tool(tool: Tool, kept: Collection[str]) -> Iterator[str]:
    own = tool.extras.get("chat", {})
    if tool.kind == "builtin":
        yield from said(own.get("field", "tools[]"), tool.raw, ("type",))
    else:
        yield from said("tools[]", own.get("outer"), kept)
        yield from said("tools[]", own.get("inside"), kept)
