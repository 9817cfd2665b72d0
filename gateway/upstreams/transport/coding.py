"""Content-Encoding undone as the bytes arrive (RFC 9110 8.4): every decodable byte goes out with the recv
that brought it.
"""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from gateway.upstreams.transport.faults import Cut, ProtocolFault

# One read hands out at most this much, so a small answer cannot blow up into gigabytes before the caller
# counts.
MAX_OUTPUT = 1 << 20


class Coding(Protocol):
    """``pending``: feed(b"") would give more without new input."""

    pending: bool

    def feed(self, data: bytes) -> bytes:
        """Decoded bytes, at most MAX_OUTPUT at a time. Raises Cut when the data are damaged."""

    def end(self) -> None:
        """The encoded body is complete. Raises Cut when the coding is not."""


class Gzip:
    """gzip, several members one after another included."""

    __slots__ = ("_begun", "_rest", "_zlib", "pending")

    def __init__(self) -> None:
        self._zlib: Any = zlib.decompressobj(31)
        self._rest = b""
        self._begun = False
        self.pending = False

    def feed(self, data: bytes) -> bytes:
        if self._rest:
            data = self._rest + data
            self._rest = b""
        out: list[bytes] = []
        room = MAX_OUTPUT
        self.pending = False
        while room and (data or self._begun):
            if self._zlib.eof:
                if not self._another(data):
                    data = b""
                    break
                self._zlib = zlib.decompressobj(31)
                self._begun = False
            self._begun = True
            try:
                piece = self._zlib.decompress(data, room)
            except zlib.error:
                raise Cut("the upstream's compressed answer is damaged") from None
            if piece:
                out.append(piece)
                room -= len(piece)
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            if not data:
                break
        self._rest = data
        # A full output may leave bytes inside zlib even with all input taken.
        self.pending = room == 0
        return out[0] if len(out) == 1 else b"".join(out)

    def _another(self, data: bytes) -> bool:
        # Some servers pad the end with zeros: what does not begin like a member is no member.
        return data.startswith(b"\x1f")

    def end(self) -> None:
        if self._begun and not self._zlib.eof:
            raise Cut("the upstream's compressed answer ends too early")


class Deflate(Gzip):
    """deflate: zlib's wrapping as RFC 9110 has it, or the bare stream that many servers send under that
    name.
    """

    __slots__ = ("_first", "_known")

    def __init__(self) -> None:
        super().__init__()
        self._first = b""
        self._known = False

    def feed(self, data: bytes) -> bytes:
        if not self._known:
            self._first += data
            if len(self._first) < 2:
                return b""
            data, self._first, self._known = self._first, b"", True
            wrapped = data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._zlib = zlib.decompressobj(15 if wrapped else -15)
        return super().feed(data)

    def _another(self, data: bytes) -> bool:
        return False

    def end(self) -> None:
        if self._first:
            raise Cut("the upstream's compressed answer ends too early")
        super().end()


_CODINGS: dict[str, type[Gzip]] = {"gzip": Gzip, "x-gzip": Gzip, "deflate": Deflate}


def coding_for(encoding: str | None) -> Coding | None:
    """The decoder for a Content-Encoding value, None for identity. Raises ProtocolFault for any other coding
    or two at once.
    """
    if encoding is None:
        return None
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return None
    kind = _CODINGS.get(names[0])
    if kind is None or len(names) > 1:
        raise ProtocolFault("the upstream answered in a content coding other than gzip or deflate")
    return kind()
