"""What of a streamed block is said only at its stop: citations, a call's first input, whole blocks."""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Part
from gateway.protocols.anthropic.blocks_answer import read_whole
from gateway.protocols.wire_json import JSONDecodeError, loads_told


class OpenBlock:
    """`length` counts characters of text; `heard`: arguments came as deltas; `raw` is a whole block."""

    __slots__ = ("_json", "citations", "heard", "length", "raw", "start_input")

    def __init__(self) -> None:
        self.citations: list[Any] = []
        self.length = 0
        self.heard = False
        self.start_input: Any = None
        self.raw: dict[str, Any] | None = None
        self._json: list[str] = []

    def grow(self, delta: dict[str, Any]) -> None:
        """A delta of a block only this dialect knows: JSON input, or fields that grow or are replaced."""
        if delta.get("type") == "input_json_delta":
            piece = delta.get("partial_json")
            self._json.append(piece if isinstance(piece, str) else "")
            return
        raw = dict(self.raw or {})
        for field, value in delta.items():
            if field != "type":
                before = raw.get(field)
                raw[field] = before + value if isinstance(before, str) and isinstance(value, str) else value
        self.raw = raw

    def whole(self) -> Part:
        """The block with all its deltas; an input that was cut short stays as it began."""
        raw = self.raw or {}
        text = "".join(self._json)
        if text:
            try:
                raw = {**raw, "input": loads_told(text)}
            except JSONDecodeError:
                raw = {**raw, "input": raw.get("input") or {}}
        return read_whole(raw)
