"""Fields below the top level of a client's request that only this dialect's own writer can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.canon.dialogue import Dialogue
from gateway.canon.parts import Opaque, Part, ToolResult
from gateway.protocols.anthropic.fields import IN_MESSAGES, marked, own
from gateway.protocols.losses import said


def unheard(dialogue: Dialogue, to: str) -> Iterator[str]:
    """No field of this dialect is kept for the writer of another, so `to` does not matter."""
    for turn in dialogue.turns:
        if turn.extras:
            yield from said("messages[]", own(turn.extras))
        system = turn.role == "system" and not marked(turn.extras, IN_MESSAGES)
        yield from _of_parts(turn.parts, "system[]" if system else "messages[].content[]")
    for tool in dialogue.tools:
        if tool.kind == "builtin":
            yield from said("tools[]", tool.raw, ("type", "name"))
        else:
            yield from said("tools[]", own(tool.extras))


def _of_parts(parts: Sequence[Part], path: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Opaque):
            continue
        if part.extras:
            yield from said(path, own(part.extras))
        if isinstance(part, ToolResult):
            yield from _of_parts(part.parts, f"{path}.content[]")
