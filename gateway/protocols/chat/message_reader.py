"""Messages of a checked body to turns.

Messages of role `tool` that follow one another become one user turn of results. `extras["chat"]` of a turn
holds `fields` (message fields only this dialect knows) and `list` (the content was a list of parts).
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Turn
from gateway.canon.parts import Extras, Opaque, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.chat.cache_marks import keep_mark
from gateway.protocols.chat.part_reader import read_parts
from gateway.protocols.chat.tool_reader import read_calls

_KNOWN = frozenset({"role", "content", "name"})
_KNOWN_ASSISTANT = frozenset({*_KNOWN, "refusal", "tool_calls", "function_call"})
_KNOWN_RESULT = frozenset({"role", "content", "tool_call_id"})
_THOUGHTS = ("reasoning_content", "reasoning")


def read_messages(messages: list[dict[str, Any]]) -> list[Turn]:
    turns: list[Turn] = []
    results: list[Part] | None = None
    waiting: dict[str, str] = {}
    for number, message in enumerate(messages):
        role = message["role"]
        if role == "tool" or role == "function":
            if results is None:
                results = []
                turns.append(Turn("user", results))
            results.append(_read_result(message, waiting))
            continue
        results = None
        if role == "assistant":
            turns.append(_read_assistant(message, number, waiting))
        else:
            turns.append(_read_plain(message, role))
    return turns


def _read_plain(message: dict[str, Any], role: Any) -> Turn:
    content = message["content"]
    if isinstance(content, str) and len(message) == 2:
        return Turn(role, [Text(content)])
    turn = Turn(role, read_parts(content), message.get("name"))
    turn.extras = _extras(message, _KNOWN)
    _mark_last(message, turn.parts)
    return turn


def _read_assistant(message: dict[str, Any], number: int, waiting: dict[str, str]) -> Turn:
    """`waiting` learns the id the older `function_call` was given, for the message that answers it."""
    parts: list[Part] = []
    known: frozenset[str] = _KNOWN_ASSISTANT
    for field in _THOUGHTS:
        thought = message.get(field)
        if isinstance(thought, str):
            parts.append(Thinking(thought, extras={"chat": {"field": field}}))
            known = known | {field}
            break
    parts += read_parts(message.get("content"))
    if message.get("refusal") is not None:
        parts.append(Refusal(message["refusal"]))
    told = {part.id for part in parts if isinstance(part, ToolCall)}
    calls = read_calls(message, number, waiting)
    parts += [call for call in calls if call.id not in told] if told else calls
    turn = Turn("assistant", parts, message.get("name"))
    if len(message) > 2 or not isinstance(message.get("content"), str):
        turn.extras = _extras(message, known)
        _mark_last(message, parts)
    return turn


def _read_result(message: dict[str, Any], waiting: dict[str, str]) -> ToolResult:
    parts = read_parts(message.get("content"))
    if message["role"] == "function":
        name = message["name"]
        extras = _extras(message, _KNOWN)
        extras.setdefault("chat", {})["legacy"] = True
        return ToolResult(waiting.pop(name, f"call_function_{name}"), name, parts, extras=extras)
    name = message.get("name")
    result = ToolResult(message["tool_call_id"], name, parts, extras=_extras(message, _KNOWN_RESULT))
    keep_mark(message, result.extras)
    return result


def _mark_last(message: dict[str, Any], parts: list[Part]) -> None:
    """A mark on a whole message stands after its last part."""
    if "cache_control" in message and parts and not isinstance(parts[-1], Opaque):
        keep_mark(message, parts[-1].extras)


def _extras(message: dict[str, Any], known: frozenset[str]) -> Extras:
    own: dict[str, Any] = {}
    fields = {field: value for field, value in message.items() if field not in known}
    if fields:
        own["fields"] = fields
    if isinstance(message.get("content"), list):
        own["list"] = True
    return {"chat": own} if own else {}
