"""Where a response body ends (RFC 9112 6.3). Pure: bytes are fed in, body bytes come out, no socket in
sight.
"""

from __future__ import annotations

import re
from typing import Protocol

from gateway.upstreams.transport.faults import Cut, ProtocolFault
from gateway.upstreams.transport.head import MAX_HEAD, MAX_LINES, Head

_SIZE_LINE = rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n"
_SIZE = re.compile(_SIZE_LINE).match
_NEXT = re.compile(rb"\r\n" + _SIZE_LINE).match
_MAX_SIZE_LINE = 4096


class Framing(Protocol):
    """``done``: the body's end was seen. ``surplus``: bytes came after it, so the connection cannot be used
    again. ``reusable``: another answer may follow on the same connection."""

    done: bool
    surplus: bool
    reusable: bool

    def feed(self, data: bytes) -> bytes:
        """The body bytes in ``data``; raises Cut when the framing is broken."""

    def eof(self) -> None:
        """The peer closed. Raises Cut unless that is how this body ends."""


class Empty:
    """No body: HEAD, 204, 304, or a length of nought."""

    __slots__ = ("done", "reusable", "surplus")

    def __init__(self) -> None:
        self.done = True
        self.surplus = False
        self.reusable = True

    def feed(self, data: bytes) -> bytes:
        if data:
            self.surplus = True
        return b""

    def eof(self) -> None:
        """The body had ended already."""


class Length:
    """Content-Length: so many bytes."""

    __slots__ = ("_left", "done", "reusable", "surplus")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = False
        self.surplus = False
        self.reusable = True

    def feed(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left > 0:
            return data
        self.done = True
        if self._left < 0:
            self.surplus = True
            data = data[: self._left]
            self._left = 0
        return data

    def eof(self) -> None:
        if not self.done:
            raise Cut(f"the upstream closed the connection {self._left} bytes before the end of its answer")


class UntilClose:
    """The body ends when the peer closes."""

    __slots__ = ("done", "reusable", "surplus")

    def __init__(self) -> None:
        self.done = False
        self.surplus = False
        self.reusable = False

    def feed(self, data: bytes) -> bytes:
        return data

    def eof(self) -> None:
        self.done = True


class Chunked:
    """Transfer-Encoding: chunked (RFC 9112 7.1). Extensions and trailers are read and dropped."""

    __slots__ = (
        "_held",
        "_left",
        "_open",
        "_trailer",
        "_trailer_lines",
        "_trailer_size",
        "done",
        "reusable",
        "surplus",
    )

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._open = False
        self._trailer = False
        self._trailer_lines = 0
        self._trailer_size = 0
        self.done = False
        self.surplus = False
        self.reusable = True

    def feed(self, data: bytes) -> bytes:
        if self._held:
            data = self._held + data
            self._held = b""
        at, end = 0, len(data)
        out: list[bytes] = []
        while at < end and not self._trailer:
            if self._open:
                stop = at + self._left
                found = _NEXT(data, stop)
                if found is not None:
                    # A whole chunk and the next one's size, as most reads of a stream bring them by the dozen.
                    if stop > at:
                        out.append(data[at:stop])
                    at = found.end()
                    self._left = int(found[1], 16)
                    if not self._left:
                        self._open = False
                        self._trailer = True
                    continue
                if stop >= end:
                    out.append(data[at:])
                    self._left = stop - end
                    at = end
                    break
                if stop > at:
                    out.append(data[at:stop])
                    self._left = 0
                    at = stop
                if not data.startswith(b"\r\n", at):
                    if end - at == 1 and data[at] == 13:
                        break
                    raise Cut("the upstream's chunked framing is broken: a chunk has no end")
                at += 2
                self._open = False
                continue
            found = _SIZE(data, at)
            if found is None:
                if data.find(b"\n", at) >= 0 or end - at > _MAX_SIZE_LINE:
                    raise Cut("the upstream's chunked framing is broken: no chunk size where one should be")
                break
            at = found.end()
            size = int(found[1], 16)
            if size:
                self._left = size
                self._open = True
            else:
                self._trailer = True
        if self._trailer:
            at = self._trailers(data, at)
        self._held = data[at:]
        return out[0] if len(out) == 1 else b"".join(out)

    def _trailers(self, data: bytes, at: int) -> int:
        while not self.done:
            stop = data.find(b"\r\n", at)
            if stop < 0:
                if self._trailer_size + len(data) - at > MAX_HEAD:
                    raise Cut("the upstream's trailers are too large")
                return at
            self.done = stop == at
            self._trailer_lines += 1
            self._trailer_size += stop + 2 - at
            if self._trailer_lines > MAX_LINES + 1 or self._trailer_size > MAX_HEAD:
                raise Cut("the upstream's trailers are too large")
            at = stop + 2
        self.surplus = at < len(data)
        return len(data)

    def eof(self) -> None:
        if not self.done:
            raise Cut("the upstream closed the connection in the middle of a chunked answer")


def framing_for(method: str, head: Head) -> Framing:
    """How the body of this answer is framed. Raises ProtocolFault on contradictions (request smuggling's raw
    material).
    """
    fields = head.fields
    length = fields.get("content-length")
    coding = fields.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise ProtocolFault("the upstream sent both Content-Length and Transfer-Encoding")
        if coding.lower() != "chunked" or head.minor == 0:
            raise ProtocolFault("the upstream sent a Transfer-Encoding other than HTTP/1.1's chunked")
    size = None
    if length is not None:
        values = {value.strip() for value in length.split(",")}
        text = values.pop()
        if values or not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ProtocolFault("the upstream sent conflicting or malformed Content-Length headers")
        size = int(text)
    if method == "HEAD" or head.status in (204, 304) or size == 0:
        return Empty()
    if coding is not None:
        return Chunked()
    return UntilClose() if size is None else Length(size)
