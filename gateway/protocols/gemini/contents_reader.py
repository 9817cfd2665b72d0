"""contents to turns: roles, calls and the results that answer them.

Ids are optional in Gemini. A missing one is made from the part's place, so that turn n's history is a prefix
of turn n+1's. A response without an id answers the oldest open call of its name.
https://ai.google.dev/api/caching#Content
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Role, Turn
from gateway.canon.parts import Extras, Part, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.parts_reader import extras_of, joined, read_media, read_other, read_text
from gateway.protocols.gemini.signatures import from_wire
from gateway.protocols.gemini.spelling import spelled
from gateway.protocols.wire_json import dumps

_ROLES: dict[str, Role] = {"user": "user", "function": "user", "model": "assistant", "system": "system"}


def read_contents(contents: Any) -> list[Turn]:
    """`contents` has passed check_request."""
    if isinstance(contents, str):
        return [Turn("user", [Text(contents)])]
    if isinstance(contents, dict):
        contents = [contents]
    reader = _Contents()
    turns: list[Turn] = []
    several: list[Turn] = []
    for number, content in enumerate(contents):
        turn = reader.turn(content, number)
        if turns and _continues(turns[-1], turn):
            _append(turns[-1], turn)
            if not several or several[-1] is not turns[-1]:
                several.append(turns[-1])
        else:
            turns.append(turn)
    for turn in several:
        if any(isinstance(part, Thinking) for part in turn.parts):
            turn.parts = joined(turn.parts)
    return turns


def _continues(before: Turn, turn: Turn) -> bool:
    """Google's SDKs keep a streamed answer as they heard it, a content for every chunk."""
    return before.role == turn.role == "assistant" and not before.extras and not turn.extras


def _append(before: Turn, turn: Turn) -> None:
    for part in turn.parts:
        last = before.parts[-1] if before.parts else None
        if type(part) is type(last) is Text and not part.extras and not last.extras:
            before.parts[-1] = Text(last.text + part.text)
        else:
            before.parts.append(part)


def read_system(system: Any) -> Turn | None:
    """systemInstruction as one system turn; its role, which Gemini ignores, is kept."""
    if isinstance(system, str):
        return Turn("system", [Text(system)]) if system else None
    if not isinstance(system, dict):
        return None
    parts = system.get("parts")
    parts = [parts] if isinstance(parts, dict) else parts or []
    turn = Turn("system", _Contents().parts(parts, 0), extras=extras_of(system, "parts"))
    return turn if turn.parts else None


class _Contents:
    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []

    def turn(self, content: dict[str, Any], number: int) -> Turn:
        parts = self.parts(content.get("parts") or [], number)
        return Turn(_ROLES[content.get("role") or "user"], parts, extras=extras_of(content, "role", "parts"))

    def parts(self, parts: list[dict[str, Any]], number: int) -> list[Part]:
        out: list[Part] = []
        signed_by_others = False
        for place, part in enumerate(parts):
            if len(part) == 1 and "text" in part and part["text"] is not None:
                out.append(Text(part["text"]))
                continue
            part = spelled(part, spelling.PART)
            call, response = part.get("functionCall"), part.get("functionResponse")
            if call is not None:
                out.append(self._call(part, call, f"call_{number}_{place}"))
            elif response is not None:
                out.append(self._result(part, response, f"call_{number}_{place}"))
            elif part.get("text") is not None:
                signed_by_others = signed_by_others or "thought" in part
                out.extend(read_text(part))
            else:
                out.append(read_media(part) or read_other(part))
        return joined(out) if signed_by_others else out

    def _call(self, part: dict[str, Any], call: dict[str, Any], made_id: str) -> ToolCall:
        call = spelled(call, spelling.CALL)
        name = call["name"]
        given = call.get("id")
        value = part.get("thoughtSignature")
        read = ToolCall(
            given or made_id,
            name,
            dumps(call.get("args") or {}).decode(),
            from_wire(value)[0] if value else None,
            extras=_marked(
                given,
                extras_of(part, "functionCall", "thoughtSignature"),
                extras_of(call, "id", "name", "args"),
            ),
        )
        self._open.append((read.id, name))
        return read

    def _result(self, part: dict[str, Any], response: dict[str, Any], made_id: str) -> ToolResult:
        response = spelled(response, spelling.CALL)
        name, given = response["name"], response.get("id")
        call_id = self._answered(given, name) or given or made_id
        document = response.get("response")
        parts, is_error = _unwrapped(document)
        for item in response.get("parts") or []:
            item = spelled(item, spelling.PART)
            parts.append(read_media(item) or read_other(item))
        extras = _marked(
            given,
            extras_of(part, "functionResponse"),
            extras_of(response, "id", "name", "response", "parts"),
        )
        extras.setdefault("gemini", {})["response"] = document
        return ToolResult(call_id, name, parts, is_error, extras)

    def _answered(self, given: str | None, name: str) -> str | None:
        for number, (call_id, call_name) in enumerate(self._open):
            if (given and given == call_id) or (not given and name == call_name):
                del self._open[number]
                return call_id
        return None


def _marked(given: str | None, outside: Extras, inside: Extras) -> Extras:
    marks: dict[str, Any] = {}
    if not given:
        marks["anonymous"] = True
    if outside:
        marks["fields"] = outside["gemini"]["fields"]
    if inside:
        marks["inner"] = inside["gemini"]["fields"]
    return {"gemini": marks} if marks else {}


def _unwrapped(document: dict[str, Any] | None) -> tuple[list[Part], bool]:
    """{"result": x}, {"output": x} and {"error": x} mean x; anything else means itself."""
    if not document:
        return [], False
    if len(document) == 1:
        (key, value), *_ = document.items()
        if key in ("result", "output", "error"):
            text = value if isinstance(value, str) else dumps(value).decode()
            return [Text(text)], key == "error"
    return [Text(dumps(document).decode())], False
