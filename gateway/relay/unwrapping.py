"""An upstream's answer without its envelope: the same Exchange, its bytes taken out event by event or as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gateway.protocols.sse import Blocks, events_of
from gateway.protocols.wire_json import JSONDecodeError, dumps_sse, loads_told
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Silence, TooLarge

Unwrap = Callable[[Any], Any]


def unwrapped(exchange: Exchange, unwrap: Unwrap, limit: int, deadline: float) -> Exchange:
    """`limit` is for whole answers, in bytes; `deadline` time.monotonic()."""
    streamed = (exchange.headers.get("content-type") or "").lower().startswith("text/event-stream")
    source = _Events(exchange, unwrap) if streamed else _Whole(exchange, unwrap, limit, deadline)
    return Exchange(exchange.status, exchange.headers, source)


class _Source:
    def __init__(self, exchange: Exchange, unwrap: Unwrap) -> None:
        self._exchange = exchange
        self._unwrap = unwrap

    def close(self) -> None:
        self._exchange.close()

    def abort(self) -> None:
        self._exchange.abort()

    def _document(self, data: bytes) -> bytes:
        """`data` unwrapped; what is no JSON stays for its reader to complain of."""
        try:
            document = loads_told(data)
        except (JSONDecodeError, RecursionError):
            return data
        bare = self._unwrap(document)
        return data if bare is document else dumps_sse(bare)


class _Events(_Source):
    """Whole events only. What has been read of an event that is not whole yet is kept, also over a Silence."""

    def __init__(self, exchange: Exchange, unwrap: Unwrap) -> None:
        super().__init__(exchange, unwrap)
        self._blocks = Blocks()
        self._ended = False

    def read(self, timeout: float | None) -> bytes:
        until = None if timeout is None else time.monotonic() + timeout
        while not self._ended:
            left = 3600.0 if until is None else until - time.monotonic()
            if left <= 0:
                raise Silence("no whole event in time")
            data = self._exchange.read(left)
            self._ended = not data
            out = self._said(self._blocks.feed(data) if data else self._blocks.close())
            if out:
                return out
        return b""

    def _said(self, blocks: bytes) -> bytes:
        out = []
        for name, data in events_of(blocks) if blocks else ():
            bare = self._document(data)
            # An event that is no JSON may have several lines.
            lines = b"".join(b"data: " + line + b"\n" for line in bare.split(b"\n"))
            out.append((b"event: " + name.encode() + b"\n" if name else b"") + lines + b"\n")
        return b"".join(out)


class _Whole(_Source):
    """All of it at once."""

    def __init__(self, exchange: Exchange, unwrap: Unwrap, limit: int, deadline: float) -> None:
        super().__init__(exchange, unwrap)
        self._limit = limit
        self._deadline = deadline
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = False

    def read(self, timeout: float | None) -> bytes:
        while not self._ended:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise Silence("the answer was not complete by its deadline")
            data = self._exchange.read(left if timeout is None else min(timeout, left))
            if not data:
                self._ended = True
                return self._document(b"".join(self._pieces))
            self._size += len(data)
            if self._size > self._limit:
                raise TooLarge(f"the upstream's answer is larger than {self._limit} bytes")
            self._pieces.append(data)
        return b""
