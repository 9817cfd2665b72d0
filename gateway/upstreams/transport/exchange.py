"""One answer from an upstream, the same whichever adapter carried it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from gateway.upstreams.transport.faults import Silence, TooLarge


class Source(Protocol):
    """What an adapter puts under an Exchange; the methods' meaning is Exchange's own."""

    def read(self, timeout: float | None) -> bytes: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Exchange:
    """``status`` is final (never 1xx). ``headers`` are asked by any case; Content-Encoding and
    Content-Length still describe the wire, while the body comes decoded."""

    __slots__ = ("_source", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], source: Source) -> None:
        self.status = status
        self.headers = headers
        self._source = source

    def read(self, timeout: float) -> bytes:
        """The next body bytes as they arrive (all that one recv brought, decoded); b"" at a proper end,
        again and again.

        Raises Silence when nothing came for ``timeout`` seconds (call again, nothing is lost), Cut on a
        premature end, a reset or broken framing, Aborted after abort().
        """
        return self._source.read(timeout)

    def read_all(self, limit: int, timeout: float, deadline: float | None = None) -> bytes:
        """The whole rest of the body, at most ``limit`` decoded bytes.

        ``timeout`` is the longest silence between bytes in seconds, ``deadline`` (time.monotonic()) the end
        of all waiting. Raises TooLarge, Silence, Cut, Aborted; after any of them the part read so far is
        gone.
        """
        pieces, ended = self.read_first(limit, timeout, deadline)
        if not ended:
            raise TooLarge(f"the upstream's answer is larger than {limit} bytes")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_first(self, size: int, timeout: float, deadline: float | None = None) -> tuple[list[bytes], bool]:
        """The body's pieces up to its end or until they are more than ``size`` bytes, and whether that was its
        end. As read_all, but for TooLarge.
        """
        pieces: list[bytes] = []
        read = self._source.read
        while True:
            wait = timeout
            if deadline is not None:
                wait = min(timeout, deadline - time.monotonic())
                if wait <= 0:
                    raise Silence("the answer was not complete by its deadline")
            piece = read(wait)
            if not piece:
                return pieces, True
            size -= len(piece)
            pieces.append(piece)
            if size < 0:
                return pieces, False

    def close(self) -> None:
        """Give the connection back if the answer was read to its end, close it otherwise. Idempotent.

        Whoever else still waits in read() gets Aborted."""
        self._source.close()

    def abort(self) -> None:
        """End it from another greenlet, thread or a hub callback: a blocked read raises Aborted within
        milliseconds.

        The owner still calls close()."""
        self._source.abort()
