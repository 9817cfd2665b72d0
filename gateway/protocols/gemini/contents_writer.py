"""Turns to contents: user and model in alternation, results in the order of their calls.

https://ai.google.dev/gemini-api/docs/function-calling
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Part, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.gemini.parts_writer import PartsWriter
from gateway.protocols.gemini.signatures import SKIP_VALIDATOR
from gateway.protocols.names import NameMap

Json = dict[str, Any]


def write_contents(turns: list[Turn], names: NameMap, profile: Profile) -> tuple[Json | None, list[Json], list[Loss]]:
    """systemInstruction (None when there is none), contents, losses."""
    writer = PartsWriter(names, profile)
    system: list[Json] = []
    system_fields: Json = {}
    merged: list[tuple[str, list[Json], Json]] = []
    open_calls: list[str] = []
    for role, members in _runs(turns):
        if role == "system":
            for number, turn in members:
                system += writer.turn(turn.parts, f"turns[{number}]")
                system_fields = system_fields or turn.extras.get("gemini", {}).get("fields", {})
            continue
        parts: list[Part] = []
        fields: Json = {}
        for number, turn in members:
            parts += turn.parts
            fields.update(turn.extras.get("gemini", {}).get("fields", {}))
            if turn.name:
                writer.losses.append(Loss(f"turns[{number}].name", "Gemini has no names of speakers"))
        if role == "user":
            parts = _in_call_order(parts, open_calls)
        else:
            open_calls = [part.id for part in parts if isinstance(part, ToolCall)]
        written = writer.turn(parts, f"turns[{members[0][0]}]")
        if role == "model" and profile.thinking == "level":
            _sign_first_call(written)
        if not written:
            continue
        if merged and merged[-1][0] == role:
            merged[-1][1].extend(written)
            merged[-1][2].update(fields)
        else:
            merged.append((role, written, fields))
    contents = [{"role": role, "parts": parts, **fields} for role, parts, fields in merged]
    if contents and contents[-1]["role"] == "model" and not profile.trailing_assistant:
        contents.pop()
        writer.losses.append(Loss(f"turns[{len(turns) - 1}]", "the model carries on no trailing assistant turn"))
    if contents and contents[0]["role"] == "model":
        contents.insert(0, {"role": "user", "parts": [{"text": " "}]})  # Gemini wants the first turn to be the user's
    if not contents:
        # Gemini wants at least one content: the system's text is then what is asked.
        contents = [{"role": "user", "parts": system or [{"text": " "}]}]
        system = []
    return ({"parts": system, **system_fields} if system else None), contents, writer.losses


def _runs(turns: list[Turn]) -> list[tuple[str, list[tuple[int, Turn]]]]:
    """Neighbours of one role together; system turns, wherever they stand, do not part their neighbours."""
    runs: list[tuple[str, list[tuple[int, Turn]]]] = []
    system: list[tuple[int, Turn]] = []
    for number, turn in enumerate(turns):
        if turn.role in ("system", "developer"):
            system.append((number, turn))
            continue
        role = "model" if turn.role == "assistant" else "user"
        if runs and runs[-1][0] == role:
            runs[-1][1].append((number, turn))
        else:
            runs.append((role, [(number, turn)]))
    return [("system", system), *runs] if system else runs


def _in_call_order(parts: list[Part], calls: list[str]) -> list[Part]:
    """Results among themselves in the order of their calls; everything else keeps its place."""
    results = [part for part in parts if isinstance(part, ToolResult)]
    if len(results) < 2:
        return parts
    order = {call: number for number, call in enumerate(calls)}
    ranked = iter(sorted(results, key=lambda result: order.get(result.call_id, len(order))))
    return [next(ranked) if isinstance(part, ToolResult) else part for part in parts]


def _sign_first_call(written: list[Json]) -> None:
    """Gemini 3 refuses a step whose first call carries no signature.

    https://ai.google.dev/gemini-api/docs/thought-signatures (FAQ: history from another model)
    """
    for part in written:
        if "functionCall" in part:
            part.setdefault("thoughtSignature", SKIP_VALIDATOR)
            return
