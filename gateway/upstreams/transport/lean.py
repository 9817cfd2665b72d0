"""HTTP/1.1 over plain sockets, mounted as a `requests` adapter.

Measured (speed.md): urllib3 and requests' own adapter cost some 850 us of CPU a request more than this.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import certifi
import requests
from requests.adapters import BaseAdapter
from requests.cookies import RequestsCookieJar
from requests.utils import get_encoding_from_headers

from gateway.upstreams.transport.body import Body
from gateway.upstreams.transport.call import Abortable, Call
from gateway.upstreams.transport.coding import coding_for
from gateway.upstreams.transport.connection import Allowed, Connection, connect
from gateway.upstreams.transport.faults import Cut, HeadTimeout, ProtocolFault, Silence
from gateway.upstreams.transport.framing import framing_for
from gateway.upstreams.transport.head import MAX_HEAD, Head, Headers, head_end, parse_head, request_head
from gateway.upstreams.transport.pool import Pool
from gateway.upstreams.transport.target import Target, locate
from gateway.upstreams.transport.wait import READ, waiter_class

DEFAULT_TIMEOUT = 300.0
# A reused connection that was already dead shows it within a round trip. Later, the upstream may have begun
# the work.
DEAD_WITHIN = 5.0
_MAX_INTERIM = 100

TlsContext = Callable[[], ssl.SSLContext]


def tls_context(ca_file: str = "") -> TlsContext:
    """A context made on first use (it takes 20 ms and megabytes): certifi's roots, and those in
    ``ca_file``.
    """
    lock = threading.Lock()
    made: list[ssl.SSLContext] = []

    def context() -> ssl.SSLContext:
        if not made:
            with lock:
                if not made:
                    fresh = ssl.create_default_context(cafile=certifi.where())
                    if ca_file:
                        fresh.load_verify_locations(ca_file)
                    fresh.set_alpn_protocols(["http/1.1"])
                    made.append(fresh)
        return made[0]

    return context


class PooledWire:
    """A connection from the pool, as a body reads it."""

    __slots__ = ("_pool", "connection")

    def __init__(self, connection: Connection, pool: Pool) -> None:
        self.connection = connection
        self._pool = pool

    def recv(self, timeout: float | None) -> bytes:
        return self.connection.recv(timeout)

    def release(self, reusable: bool) -> None:
        if reusable:
            self._pool.give(self.connection)
        else:
            self.connection.close()


class Raw:
    """What `requests` expects under ``Response.raw``; the house itself reads ``source``."""

    __slots__ = ("reason", "source", "timeout", "version")

    def __init__(self, source: Body, head: Head, timeout: float) -> None:
        self.source = source
        self.reason = head.reason
        self.version = 10 + head.minor
        self.timeout = timeout

    def stream(self, amt: int = 65536, decode_content: bool = True) -> Iterator[bytes]:
        while piece := self.source.read(self.timeout):
            yield piece
        self.source.close()

    def close(self) -> None:
        self.source.close()

    def release_conn(self) -> None:
        self.source.close()


class LeanResponse(requests.Response):
    """A Response without the cookie jar and the case-insensitive copy that its own constructor makes for
    every answer.
    """

    raw: Raw

    def __init__(self, request: requests.PreparedRequest, head: Head, raw: Raw, adapter: BaseAdapter) -> None:
        self._content = False  # type: ignore[assignment]
        self._content_consumed = False
        self._next = None
        self.status_code = head.status
        self.reason = head.reason
        self.headers = Headers(head.fields)  # type: ignore[assignment]
        self.raw = raw
        self.url = request.url or ""
        self.request = request
        self.connection = adapter  # type: ignore[assignment]
        self.history = []

    @cached_property
    def cookies(self) -> RequestsCookieJar:  # type: ignore[override]
        return RequestsCookieJar()

    @cached_property
    def encoding(self) -> str | None:  # type: ignore[override]
        return get_encoding_from_headers(self.headers)


class LeanAdapter(BaseAdapter):
    """``max_idle``: idle connections kept per (scheme, host, port). Certificates are always verified:
    ``verify``, ``cert`` and ``proxies`` of `requests` have no effect here. ``allowed`` says which addresses may be
    connected to (default: any)."""

    def __init__(self, *, max_idle: int = 1000, tls: TlsContext | None = None, allowed: Allowed | None = None) -> None:
        super().__init__()
        self.pool = Pool(max_idle)
        self._tls = tls or tls_context()
        self._allowed = allowed
        self._make_waiter = waiter_class()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
        *,
        deadline: float | None = None,
        on_open: Callable[[Abortable], None] | None = None,
    ) -> LeanResponse:
        """``timeout`` is (connect, head) in seconds or one for both; ``deadline`` is time.monotonic().
        Raises TransportFault.
        """
        connect_timeout, head_timeout = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        connect_timeout = DEFAULT_TIMEOUT if connect_timeout is None else connect_timeout
        head_timeout = DEFAULT_TIMEOUT if head_timeout is None else head_timeout
        method = request.method or "GET"
        target = locate(request.url or "")
        body = _body(request.body)
        block = request_head(method, target, request.headers, None if body is None else len(body))
        call = Call()
        if on_open is not None:
            on_open(call)
        connection, head, first = self._ask(
            method, target, block, body or b"", call, connect_timeout, head_timeout, deadline
        )
        try:
            framing = framing_for(method, head)
            coding = None if framing.done else coding_for(head.fields.get("content-encoding"))
        except BaseException:
            call.detach()
            connection.close()
            raise
        if first and framing.done:
            framing.feed(first)
            first = b""
        keep = head.keeps_alive and not _closes(request.headers)
        source = Body(PooledWire(connection, self.pool), call, framing, coding, first, keep)
        return LeanResponse(request, head, Raw(source, head, head_timeout), self)

    def _ask(
        self,
        method: str,
        target: Target,
        block: bytes,
        body: bytes | memoryview,
        call: Call,
        connect_timeout: float,
        head_timeout: float,
        deadline: float | None,
    ) -> tuple[Connection, Head, bytes]:
        connection = self.pool.take(target.key)
        reused = connection is not None
        while True:
            if connection is None:
                if deadline is not None:
                    connect_timeout = min(connect_timeout, deadline - time.monotonic())
                began = time.monotonic()
                connection = connect(target, connect_timeout, call, self._make_waiter, self._tls, self._allowed)
                call.waited += time.monotonic() - began
            began = time.monotonic()
            connection.call = call
            until = began + head_timeout
            if deadline is not None and deadline < until:
                until = deadline
            done = False
            try:
                call.attach(connection.sock)
                head, first, whole = _converse(connection, call, block, body, until, target)
                done = True
                if not whole:
                    head.fields["connection"] = "close"
                return connection, head, first
            except Cut as fault:
                # Only a connection that died while it lay idle earns a second try: not one byte of an answer
                # came.
                if not (reused and isinstance(fault, _Dead)) or time.monotonic() - began > DEAD_WITHIN:
                    raise
            finally:
                if not done:
                    call.detach()
                    connection.close()
            connection, reused = None, False

    def close(self) -> None:
        """Close all idle connections."""
        self.pool.close()


class _Dead(Cut):
    """Cut before any byte of an answer: worth a second try on a new connection if this one was reused."""


def _converse(
    connection: Connection, call: Call, block: bytes, body: bytes | memoryview, until: float, target: Target
) -> tuple[Head, bytes, bool]:
    """Send the request and read the head: the head, the bytes behind it, and whether the request went out
    whole.
    """
    data = b""
    sent = False
    try:
        data = connection.send(block, body, until)
        sent = not data
    except OSError:
        # A reset while sending may still leave a refusal (413) to be read.
        call.check()
    try:
        if not data and not connection.secure and sent:
            connection.wait(READ, until - time.monotonic())
        interim = 0
        searched = 0
        while True:
            end = head_end(data, searched)
            if (end < 0 and len(data) > MAX_HEAD) or end > MAX_HEAD:
                raise ProtocolFault(f"the upstream's response head is larger than {MAX_HEAD} bytes")
            if end >= 0:
                head = parse_head(data[:end])
                data = data[end:]
                searched = 0
                if head.status >= 200:
                    return head, data, sent
                interim += 1
                if head.status == 101 or interim > _MAX_INTERIM:
                    raise ProtocolFault("the upstream switched protocols or never ends its interim answers")
                continue
            searched = max(0, len(data) - 3)
            more = connection.recv(max(0.0, until - time.monotonic()))
            call.check()
            if not more:
                raise _early_end(data, target)
            data += more
    except Silence:
        raise HeadTimeout(f"no response head from {target.place} in time") from None
    except OSError:
        call.check()
        raise _early_end(data, target) from None


def _early_end(data: bytes, target: Target) -> Cut:
    message = f"{target.place} closed the connection before its response head"
    return Cut(message, before_head=True) if data else _Dead(message, before_head=True)


def _body(body: Any) -> bytes | memoryview | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, (bytearray, memoryview)):
        return memoryview(body).cast("B")
    return body.encode("utf-8") if isinstance(body, str) else b"".join(body)


def _closes(headers: Mapping[str, str]) -> bool:
    value = headers.get("Connection") or headers.get("connection")
    return value is not None and "close" in value.lower()
