"""Calls and their results: names filled in, orphans mended, so that every writer sees well-paired turns."""

from __future__ import annotations

from dataclasses import replace

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Part, Text, ToolCall, ToolResult

INTERRUPTED = "The call was interrupted; there is no result."


def paired(turns: list[Turn]) -> tuple[list[Turn], list[Loss]]:
    """Turns in which every call is answered in the next user turn and every result belongs to a call before it.

    Results learn the name of their call. A result whose call is nowhere before it is dropped with a loss; a second
    result for one call likewise; a call that was never answered, though the dialogue went on, gets INTERRUPTED as
    its result, first in the next user turn. Untouched turns are passed on as they are.
    """
    mended: list[Turn] = []
    losses: list[Loss] = []
    waiting: dict[str, ToolCall] = {}
    for number, turn in enumerate(turns):
        if turn.role == "assistant":
            if waiting:
                mended.append(Turn("user", _interrupted(waiting)))
            waiting = {part.id: part for part in turn.parts if isinstance(part, ToolCall)}
            mended.append(turn)
        elif turn.role == "user" and (waiting or any(isinstance(part, ToolResult) for part in turn.parts)):
            parts, waiting = _answered(turn.parts, waiting, f"turns[{number}]", losses)
            following = turns[number + 1] if number + 1 < len(turns) else None
            if waiting and not _answers(following, waiting):
                parts = [*_interrupted(waiting), *parts]
                waiting = {}
            if parts:
                mended.append(replace(turn, parts=parts))
        else:
            mended.append(turn)
    return mended, losses


def _answers(turn: Turn | None, waiting: dict[str, ToolCall]) -> bool:
    """Whether the next turn still brings results of this round (some clients send one turn a result)."""
    return turn is not None and turn.role == "user" and any(
        isinstance(part, ToolResult) and part.call_id in waiting for part in turn.parts
    )


def _answered(
    parts: list[Part], waiting: dict[str, ToolCall], where: str, losses: list[Loss]
) -> tuple[list[Part], dict[str, ToolCall]]:
    kept: list[Part] = []
    left = dict(waiting)
    for part in parts:
        if not isinstance(part, ToolResult):
            kept.append(part)
            continue
        call = left.pop(part.call_id, None)
        if call is None:
            losses.append(Loss(where, f"a tool result for {part.call_id!r} has no call before it"))
        else:
            kept.append(replace(part, name=call.name))
    return kept, left


def _interrupted(waiting: dict[str, ToolCall]) -> list[Part]:
    return [ToolResult(call.id, call.name, [Text(INTERRUPTED)], is_error=True) for call in waiting.values()]
