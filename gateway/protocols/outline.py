"""The outline of a JSON document that passes by in pieces: everything but its long texts.

Usage, finish and the kinds of an answer's parts are read from it, while a picture or a long text itself is kept
nowhere. It also tells whether the document was whole.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.protocols.wire_json import JSONDecodeError, loads_told

LIMIT = 1024 * 1024
"""Bytes of outline. Above it repeated objects of an array (log probabilities, ...) are thinned out."""
_LONG = 256
_ELIDED = b'"..."'

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)', re.DOTALL)
_REST = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_OPEN, _CLOSED = re.compile(rb"[\[{]"), re.compile(rb"[\]}]")
# No string of an outline has a bracket, so that these find what they say.
_FLAT = rb"[^\[\]{}]++|\[[^\[\]{}]*+\]"
_LEAF = rb"\{(?:" + _FLAT + rb")*+\}"
_NESTED = rb"\{(?:" + _FLAT + rb"|\[\s*" + _LEAF + rb"\s*\]|" + _LEAF + rb")*+\}"
_REPEATED = tuple(re.compile(item + rb"\s*,\s*(?=\{)") for item in (_LEAF, _NESTED))
_NUMBERS = re.compile(rb"\[[^\[\]{}\"]{64,}+\]")


class Outline:
    """`feed` every byte, in any split. `whole` says whether exactly one JSON object or array has passed, `broken` that
    it cannot become one."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._held = b""
        self._inside = False
        self._depth = 0
        self._begun = False
        self.broken = False
        self._overfull = False

    def feed(self, data: bytes) -> None:
        data = self._held + data if self._held else data
        at = 0
        if self._inside:
            found = _REST.match(data)
            at = found.end() if found is not None else 0
            if data[at : at + 1] != b'"':
                self._held = data[at:]
                return
            self._inside, at = False, at + 1
        self._held = b""
        self._keep(_STRING.sub(self._outlined, data[at:] if at else data))

    def document(self) -> Any:
        """The outline parsed; None when it is not whole or holds more than an outline may."""
        try:
            return loads_told(bytes(self._kept))
        except (JSONDecodeError, RecursionError):
            return None

    @property
    def whole(self) -> bool:
        if self.broken or not self._begun or self._depth or self._inside or self._held:
            return False
        return self._overfull or self.document() is not None

    def _outlined(self, found: re.Match[bytes]) -> bytes:
        text = found[0]
        if found[1] == b'"':
            return text if len(text) <= _LONG and _BRACKETS.search(text) is None else _ELIDED
        if len(text) <= _LONG:
            self._held = text
            return b""
        self._inside, self._held = True, found[1]
        return _ELIDED

    def _keep(self, text: bytes) -> None:
        first = text.lstrip()
        if first and self._depth == 0:
            # Nothing but a container begins an answer, and nothing but blanks follows it.
            self.broken = self.broken or self._begun or first[:1] not in (b"{", b"[")
        if first:
            self._begun = True
        self._depth += len(_OPEN.findall(text)) - len(_CLOSED.findall(text))
        if self._overfull:
            return
        self._kept += text
        if len(self._kept) > LIMIT:
            self._thin_out()

    def _thin_out(self) -> None:
        """Of the objects that follow one another in an array the last one stays."""
        kept = _NUMBERS.sub(b"[]", bytes(self._kept))
        for pattern in _REPEATED:
            kept = pattern.sub(b"", kept)
        self._overfull = len(kept) > LIMIT // 2
        self._kept = bytearray() if self._overfull else bytearray(kept)
