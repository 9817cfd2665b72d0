"""Calls and their results: names filled in, orphans mended, so that every writer sees well-paired turns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Part, Text, ToolCall, ToolResult

INTERRUPTED = "The call was interrupted; there is no result."


def paired(turns: list[Turn]) -> tuple[list[Turn], list[Loss]]:
    """Turns in which every call is answered in the next user turn and every result belongs to a call before it.

    Results learn the name of their call. A result whose call is nowhere before it is dropped with a loss; a second
    result for one call likewise; a call that was never answered, though the dialogue went on, gets INTERRUPTED as
    its result, first in the next user turn. Calls of one round that a client spread over several assistant turns are
    put into one. A call whose id another call had before (some servers count anew in every answer) gets one of its
    own, and so do the results. Untouched turns are passed on as they are.
    """
    turns = _told_apart(turns)
    mended: list[Turn] = []
    losses: list[Loss] = []
    waiting: dict[str, ToolCall] = {}
    for number, turn in enumerate(turns):
        if turn.role == "assistant":
            calls = {part.id: part for part in turn.parts if isinstance(part, ToolCall)}
            if waiting and mended[-1].role == "assistant" and _answered_soon(turns[number + 1 :], waiting):
                mended[-1] = replace(mended[-1], parts=[*mended[-1].parts, *turn.parts])
                waiting |= calls
                continue
            if waiting:
                mended.append(Turn("user", _interrupted(waiting)))
            waiting = calls
            mended.append(turn)
        elif turn.role == "user" and (waiting or any(isinstance(part, ToolResult) for part in turn.parts)):
            parts, waiting = _answered(turn.parts, waiting, f"turns[{number}]", losses)
            if waiting and not _answered_soon(turns[number + 1 :], waiting):
                parts = [*_interrupted(waiting), *parts]
                waiting = {}
            if parts:
                mended.append(replace(turn, parts=parts))
        else:
            mended.append(turn)
    return mended, losses


def _told_apart(turns: list[Turn]) -> list[Turn]:
    """Results belong to the calls of their id in the last round that had it, in order."""
    ids = [part.id for turn in turns if turn.role == "assistant" for part in turn.parts if type(part) is ToolCall]
    if len(set(ids)) == len(ids):
        return turns
    taken: set[str] = set()
    open_ids: dict[str, list[str]] = {}
    apart: list[Turn] = []
    for turn in turns:
        parts: list[Part] = []
        called: defaultdict[str, list[str]] = defaultdict(list)
        for part in turn.parts:
            if type(part) is ToolCall:
                own, count = part.id, 1
                while own in taken:
                    count += 1
                    own = f"{part.id}_{count}"
                taken.add(own)
                called[part.id].append(own)
                parts.append(part if own == part.id else replace(part, id=own))
            elif type(part) is ToolResult and part.call_id in open_ids:
                waiting = open_ids[part.call_id]
                own = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                parts.append(part if own == part.call_id else replace(part, call_id=own))
            else:
                parts.append(part)
        open_ids |= called
        apart.append(replace(turn, parts=parts) if parts != turn.parts else turn)
    return apart


def _answered_soon(following: list[Turn], waiting: dict[str, ToolCall]) -> bool:
    """Whether results of this round are still to come (some clients send one turn a result, or put a system turn in
    between); a turn of words ends the round."""
    for turn in following:
        if turn.role == "user":
            results = [part for part in turn.parts if isinstance(part, ToolResult)]
            if results or turn.parts:
                return any(part.call_id in waiting for part in results)
        elif turn.role == "assistant" and not any(isinstance(part, ToolCall) for part in turn.parts):
            return False
    return False


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
