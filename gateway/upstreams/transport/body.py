"""A response body as it arrives: wire bytes -> framing -> content coding -> the caller."""

from __future__ import annotations

import time
from typing import Protocol

from gateway.upstreams.transport.call import Call
from gateway.upstreams.transport.coding import Coding
from gateway.upstreams.transport.faults import Aborted, Cut, TransportFault
from gateway.upstreams.transport.framing import Framing


class Wire(Protocol):
    """The connection under a body."""

    def recv(self, timeout: float | None) -> bytes:
        """Bytes as they arrive, b"" at the peer's end. Raises Silence after ``timeout`` seconds, OSError."""

    def release(self, reusable: bool) -> None:
        """The exchange is over: back to the pool or closed."""


class Body:
    """``first``: body bytes that came along with the head."""

    __slots__ = ("_call", "_closed", "_coding", "_ended", "_fault", "_first", "_framing", "_keep", "_wire")

    def __init__(
        self, wire: Wire, call: Call, framing: Framing, coding: Coding | None, first: bytes, keep: bool
    ) -> None:
        self._wire = wire
        self._call = call
        self._framing = framing
        self._coding = coding
        self._first = first
        self._keep = keep
        self._ended = False
        self._closed = False
        self._fault: TransportFault | None = None

    def read(self, timeout: float | None) -> bytes:
        """See Exchange.read."""
        if self._fault is not None:
            raise self._fault
        if self._call.aborted:
            raise Aborted("the exchange was aborted")
        if self._ended:
            return b""
        if self._closed:
            raise Cut("the exchange was closed before its end")
        try:
            return self._next(timeout)
        except (Cut, Aborted) as fault:
            self._fault = fault
            raise
        except TransportFault:
            raise
        except OSError as error:
            self._fault = self._broken(error)
        raise self._fault

    def _next(self, timeout: float | None) -> bytes:
        framing, coding = self._framing, self._coding
        deadline = None
        while True:
            data = self._first
            if data:
                self._first = b""
                out = framing.feed(data)
            elif framing.done or (coding is not None and coding.pending):
                out = b""
            else:
                # The clock is only read when one recv was not enough to yield a byte.
                left = timeout if deadline is None else max(0.0, deadline - time.monotonic())
                data = self._wire.recv(left)
                if self._call.aborted:
                    raise Aborted("the exchange was aborted")
                if data:
                    out = framing.feed(data)
                else:
                    framing.eof()
                    out = b""
            if coding is not None:
                out = coding.feed(out)
                if framing.done and not coding.pending and not out:
                    coding.end()
                    self._ended = True
            elif framing.done:
                self._ended = True
            if out or self._ended:
                return out
            if deadline is None and timeout is not None:
                deadline = time.monotonic() + timeout

    def _broken(self, error: OSError) -> TransportFault:
        if self._call.aborted:
            return Aborted("the exchange was aborted")
        return Cut(f"the connection to the upstream broke ({error.strerror or type(error).__name__})")

    @property
    def ended(self) -> bool:
        """Whether the whole body was handed out."""
        return self._ended

    def close(self) -> None:
        """See Exchange.close."""
        if self._closed:
            return
        self._closed = True
        self._call.detach()
        framing = self._framing
        whole = self._ended or (framing.done and not self._first and self._coding is None)
        self._wire.release(whole and self._keep and framing.reusable and not framing.surplus and not self._call.aborted)

    def abort(self) -> None:
        """See Exchange.abort."""
        self._call.abort()
