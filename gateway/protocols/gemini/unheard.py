"""Fields below the top level of a client's request that only this dialect's own writer can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.canon.dialogue import Dialogue
from gateway.canon.parts import Opaque, Part, ToolResult
from gateway.protocols.losses import said

_OF_A_PART = ("fields", "media", "inner")


def unheard(dialogue: Dialogue, to: str) -> Iterator[str]:
    """No field of this dialect is kept for the writer of another, so `to` does not matter."""
    for turn in dialogue.turns:
        system = turn.role == "system"
        path = "systemInstruction" if system else "contents[]"
        if turn.extras:
            yield from said(path, turn.extras.get("gemini", {}).get("fields"), ("role",) if system else ())
        yield from _of_parts(turn.parts, f"{path}.parts[]")
    for tool in dialogue.tools:
        if tool.kind == "builtin":
            for kind, options in (tool.raw or {}).items():
                yield from said(f"tools[].{kind}", options)
        elif tool.extras:
            yield from said("tools[].functionDeclarations[]", tool.extras.get("gemini", {}).get("fields"))


def _of_parts(parts: Sequence[Part], path: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Opaque):
            continue
        if part.extras:
            own = part.extras.get("gemini", {})
            for kept in _OF_A_PART:
                yield from said(path, own.get(kept))
        if isinstance(part, ToolResult):
            yield from _of_parts(part.parts, path)
