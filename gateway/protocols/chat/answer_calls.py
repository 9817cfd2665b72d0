"""Streamed tool calls of one choice to events."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from gateway.canon import events as ev
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Signature, ToolCall
from gateway.protocols.chat.thought_signature import read_signature
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import dumps

LEGACY = "function_call"


@dataclass(slots=True)
class _Call:
    key: tuple[int, int]
    id: str
    given_id: str
    name: str = ""
    held: str = ""
    signature: Signature | None = None
    freeform: bool = False
    legacy: bool = False
    spoken: bool = False
    opened: bool = False


class Calls:
    """Calls are told apart by `index`; by `id` where a server gives every call the same index, or none."""

    def __init__(self, choice: int, parts: OpenParts, names: NameMap | None) -> None:
        self.seen = False
        self.nameless = 0
        self._choice = choice
        self._parts = parts
        self._names = names
        self._by_index: dict[Any, _Call] = {}
        self._last: _Call | None = None
        self._ids: set[str] = set()
        self._count = 0

    def pieces(self, delta: dict[str, Any]) -> list[ev.Event]:
        events: list[ev.Event] = []
        pieces = delta.get("tool_calls")
        if isinstance(pieces, dict):
            pieces = [pieces]
        if isinstance(pieces, list):
            for place, piece in enumerate(pieces):
                if isinstance(piece, dict):
                    events += self._piece(piece, place, len(pieces))
        legacy = delta.get(LEGACY)
        if isinstance(legacy, dict):
            call = self._by_index.get(LEGACY) or self._new(LEGACY, "")
            call.legacy = True
            events += self._fill(call, legacy, "arguments")
        return events

    def close(self) -> list[ev.Event]:
        events: list[ev.Event] = []
        for call in self._by_index.values():
            events += self._stop(call)
        self._by_index.clear()
        self._last = None
        return events

    def _piece(self, piece: dict[str, Any], place: int, together: int) -> list[ev.Event]:
        given = piece.get("id")
        given = given if isinstance(given, str) else ""
        custom = isinstance(piece.get("custom"), dict)
        inner = piece.get("custom") if custom else piece.get("function")
        inner = inner if isinstance(inner, dict) else {}
        name = inner.get("name")
        named = isinstance(name, str) and name != ""
        index = piece.get("index")
        if isinstance(index, bool) or not isinstance(index, int):
            index = None
        call, events = self._find(index, given, named, place, together)
        call.freeform = call.freeform or custom
        signature = read_signature(piece)
        if signature is not None:
            if call.opened:
                events.append(ev.SignatureDelta(self._index(call), signature))
            else:
                call.signature = signature
        return events + self._fill(call, inner, "input" if custom else "arguments")

    def _find(
        self, index: int | None, given: str, named: bool, place: int, together: int
    ) -> tuple[_Call, list[ev.Event]]:
        if index is None:
            same = next((call for call in self._by_index.values() if given and call.given_id == given), None)
            if same is not None:
                return same, []
            if named or self._last is None:
                return self._new(("place", self._count), given), []
            return self._last, []
        call = self._by_index.get(index)
        if call is None:
            return self._new(index, given), []
        if named and call.name and given and call.given_id and given != call.given_id:
            self._by_index[("done", call.key)] = self._by_index.pop(index)
            return self._new(index, given), []
        return call, []

    def _new(self, index: Any, given: str) -> _Call:
        unique = given if given and given not in self._ids else "call_" + token_hex(12)
        self._ids.add(unique)
        call = _Call((self._choice, self._count), unique, given)
        self._count += 1
        self._by_index[index] = call
        self._last = call
        return call

    def _fill(self, call: _Call, inner: dict[str, Any], words: str) -> list[ev.Event]:
        name = inner.get("name")
        if isinstance(name, str) and name and not call.name:
            call.name = name
        text = inner.get(words)
        if isinstance(text, dict | list):
            text = dumps(text).decode()
        elif not isinstance(text, str):
            text = ""
        events: list[ev.Event] = []
        if not call.opened:
            if not call.name:
                call.held += text
                return []
            events = self._open(call)
            text, call.held = call.held + text, ""
        if text:
            call.spoken = call.spoken or not text.isspace()
            events.append(ev.ArgumentsDelta(self._index(call), text))
        return events

    def _open(self, call: _Call) -> list[ev.Event]:
        self.seen = call.opened = True
        name = self._names.from_wire(call.name) if self._names is not None else call.name
        part = ToolCall(call.id, name, freeform=call.freeform)
        if call.legacy:
            part.extras = {"chat": {"legacy": True}}
        elif call.freeform:
            part.extras = {"chat": {}}
        events = self._parts.stop_prose(self._choice) + self._parts.open(call.key, part, self._choice)
        if call.signature is not None:
            events.append(ev.SignatureDelta(self._index(call), call.signature))
        return events

    def _index(self, call: _Call) -> int:
        index = self._parts.index_of(call.key)
        assert index is not None
        return index

    def _stop(self, call: _Call) -> list[ev.Event]:
        """A call without arguments has an empty object of them; one without a name is nobody's."""
        if not call.opened:
            self.nameless += 1
            return []
        events: list[ev.Event] = []
        if not call.spoken and not call.freeform:
            events.append(ev.ArgumentsDelta(self._index(call), "{}"))
        return events + self._parts.stop(call.key)
