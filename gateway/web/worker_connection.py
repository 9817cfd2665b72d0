"""One client connection of our worker: what it waits for, until when, and how it is ended.

The worker looks at all connections twice a second and wakes those that are overdue, so a request costs a few
attribute writes and no timer. gevent's own `_read_event` of a socket is what a waiting read hangs on.
"""

from __future__ import annotations

import io
import socket
import time
from typing import Any

from gevent import get_hub
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.message import Request
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import SocketUnreader

from gateway.web.watch import nothing_to_read

HEAD_KEPT = 8192
"""Bytes of a request head that are remembered until it is whole, so that a refusal can tell its path's dialect."""

NEW_S = 1.0
LINGER_S = 3.0
LINGER_IDLE_S = 1.0
LINGER_BYTES = 8 * 1024 * 1024
"""Many clients write their whole request before they read: a wrong key with a few images must still be told so."""

SETTLED_BYTES = 64 * 1024


class Overdue(TimeoutError):
    """The client did not send what was due in time. Raised in the read that waits for it."""


class Leaving(Exception):
    """The worker is going away and this connection is idle."""


class Connection:
    """`deadline` (time.monotonic()) is for what is being read now: in turn nothing yet, a head, a body."""

    __slots__ = (
        "body_s", "client", "deadline", "head", "head_s", "in_head", "iteration", "parser", "trusted", "waiting",
    )  # fmt: skip

    def __init__(self, client: Any, cfg: Any, address: Any, head_s: float, body_s: float) -> None:
        self.client = client
        self.head_s = head_s
        self.body_s = body_s
        self.head = b""
        self.in_head = True
        self.waiting = False
        self.iteration = -1
        self.trusted: bool | None = None
        self.deadline = time.monotonic() + head_s
        self.parser = RequestParser(cfg, client, address)
        self.parser.unreader = Unreader(self)

    def await_next(self, idle_s: float) -> None:
        """The answer is out: the next request may take `idle_s` to begin, unless it has begun already."""
        self.head = held = self.parser.unreader.buf.getvalue()[:HEAD_KEPT]
        self.in_head = True
        self.waiting = not held
        self.deadline = time.monotonic() + (self.head_s if held else idle_s)

    def received(self, data: bytes) -> None:
        """Bytes of a head."""
        if self.waiting:
            self.waiting = False
            self.deadline = time.monotonic() + self.head_s
        if len(self.head) < HEAD_KEPT:
            self.head += data

    def head_is_whole(self) -> None:
        self.in_head = False
        self.deadline = time.monotonic() + self.body_s

    def wake(self, reason: Exception) -> None:
        """Raises `reason` in the read that waits for this client; nothing when none does (a running answer)."""
        event = getattr(self.client, "_read_event", None)
        if event is not None:
            get_hub().cancel_wait(event, reason)

    def leave(self) -> None:
        """The worker drains: idle connections go at once, new ones get a second to say what they want."""
        if not self.in_head or self.head:
            return
        if self.waiting and nothing_to_read(self.client.fileno()):
            self.wake(Leaving())
        else:
            self.deadline = min(self.deadline, time.monotonic() + NEW_S)

    def close(self) -> None:
        self.parser.unreader = None  # the cycle back to here would keep both until the next collection
        try:
            self.client.close()
        except OSError:
            pass

    def linger(self) -> None:
        """Lets the client see the answer before the close: unread bytes at close would reset the connection."""
        try:
            self.deadline = time.monotonic() + 2 * LINGER_S
            self.client.shutdown(socket.SHUT_WR)
            until, read = time.monotonic() + LINGER_S, 0
            while read < LINGER_BYTES and (left := until - time.monotonic()) > 0:
                self.client.settimeout(min(left, LINGER_IDLE_S))
                data = self.client.recv(65536)
                if not data:
                    return
                read += len(data)
        except OSError:
            return


class Unreader(SocketUnreader):  # type: ignore[misc]
    buf: io.BytesIO

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.client)
        self.connection = connection

    def chunk(self, size_hint: int | None = None) -> bytes:
        data: bytes = super().chunk(size_hint)
        if self.connection.in_head:
            self.connection.received(data)
        return data

    def take(self, size: int) -> bytes:
        """At least one and at most `size` bytes, b"" at the end: what is here, without waiting for more."""
        held = self.buf.getvalue()
        if not held:
            data = self.chunk(size)
            if len(data) <= size:
                return data
            held = data
        self.buf = io.BytesIO()
        self.buf.write(held[size:])
        return held[:size]

    def fetch(self, size: int) -> None:
        """Takes in what has arrived, up to `size` bytes in all, without waiting."""
        held = self.buf.getvalue()
        self.sock.settimeout(0)
        try:
            while len(held) < size and (data := self.sock.recv(size - len(held))):
                held += data
        except OSError:
            pass
        finally:
            self.sock.settimeout(None)
        self.buf = io.BytesIO()
        self.buf.write(held)


class BodyReader:
    """A body of known length. gunicorn's own copies a large body three times more. `length` is what is still unread."""

    def __init__(self, unreader: Unreader, length: int) -> None:
        self._unreader = unreader
        self.length = length

    def read(self, size: int) -> bytes:
        if self.length == 0:
            return b""
        data = self._unreader.take(min(size, self.length))
        self.length -= len(data)
        return data

    def settle(self) -> bool:
        """True when nothing of the body can be left on the connection: a small one that is here is dropped."""
        if 0 < self.length <= SETTLED_BYTES:
            self._unreader.fetch(self.length)
        if self.length and self._unreader.buf.getbuffer().nbytes >= self.length:
            self.length -= len(self._unreader.take(self.length))
        return self.length == 0


class ContinueReader:
    """Sends `100 Continue` when the body is first wanted: not for a request that is refused by its size or key."""

    def __init__(self, reader: Any, client: Any) -> None:
        self.reader = reader
        self._client: Any = client

    def read(self, size: int) -> bytes:
        client, self._client = self._client, None
        if client is not None:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self.reader.read(size)  # type: ignore[no-any-return]


class HttpRequest(Request):  # type: ignore[misc]
    body: Any
    _expected_100_continue: bool

    def set_body_reader(self) -> None:
        super().set_body_reader()
        reader = self.body.reader
        if isinstance(reader, LengthReader):
            reader = BodyReader(self.unreader, reader.length)
            self.body = Body(reader)
        if self._expected_100_continue:
            # gunicorn would send it before the application has seen the head.
            self._expected_100_continue = False
            self.body = Body(ContinueReader(reader, self.unreader.sock))

    def _peer_is_trusted_proxy(self) -> bool:
        connection: Connection = self.unreader.connection
        if connection.trusted is None:
            connection.trusted = bool(super()._peer_is_trusted_proxy())
        return connection.trusted

    def settled(self) -> bool:
        """Whether the body is off the connection, so that another request can follow."""
        body = self.body
        reader = body.reader
        if body.failed:
            return False
        if isinstance(reader, ContinueReader):
            reader = reader.reader
        if isinstance(reader, BodyReader):
            return reader.length == 0 or reader.settle()
        return bool(reader.parser is None)


class RequestParser(Parser):  # type: ignore[misc]
    mesg_class = HttpRequest
