"""requests' own HTTPAdapter, for outbound proxies and for tests under `responses` (which patches
HTTPAdapter.send).

Its answers are read with our own framing and coding straight from the connection's buffered reader: after a
read timeout urllib3's next ``read1`` returns b"" and a cut looks finished, and a chunk size split between
packets blocks it for good.
"""

from __future__ import annotations

import contextlib
import io
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER

from gateway.upstreams.transport.body import Body
from gateway.upstreams.transport.call import Call
from gateway.upstreams.transport.coding import coding_for
from gateway.upstreams.transport.connection import MakeWaiter
from gateway.upstreams.transport.exchange import Source
from gateway.upstreams.transport.faults import (
    Aborted,
    ConnectFault,
    ConnectTimeout,
    Cut,
    HeadTimeout,
    ProtocolFault,
    Silence,
    TransportFault,
)
from gateway.upstreams.transport.framing import framing_for
from gateway.upstreams.transport.head import Head
from gateway.upstreams.transport.wait import READ, Waiter

_open_call = threading.local()


@contextlib.contextmanager
def calling(call: Call) -> Iterator[None]:
    """While inside, a connection that waits for its response head in this greenlet or thread can be ended by
    ``call``.
    """
    _open_call.call = call
    try:
        yield
    finally:
        _open_call.call = None


class _Abortable:
    """Mixed into urllib3's connection classes: hands the socket to the open call before the wait for the
    head.
    """

    sock: Any

    def getresponse(self) -> Any:
        call: Call | None = getattr(_open_call, "call", None)
        if call is not None and self.sock is not None:
            call.attach(self.sock)
        return super().getresponse()  # type: ignore[misc]


def _with_abort(manager: Any) -> None:
    pools = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type("AbortableConnection", (_Abortable, pool.ConnectionCls), {})
        pools[scheme] = type("AbortablePool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = pools


class PlainAdapter(HTTPAdapter):
    """HTTPAdapter with our TLS context (certifi and the operator's CA file), big pools and no retries."""

    def __init__(self, *, max_idle: int, tls: Callable[[], ssl.SSLContext]) -> None:
        self._tls = tls
        super().__init__(pool_connections=64, pool_maxsize=max_idle, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options)
        _with_abort(self.poolmanager)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """`requests` asks here for the pool of a request. Certificates are verified always."""
        where, _ = super().build_connection_pool_key_attributes(request, True)
        return where, {"ssl_context": self._tls()} if where["scheme"] == "https" else {}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        known = proxy in self.proxy_manager
        if proxy.lower().startswith("https:"):
            proxy_kwargs["proxy_ssl_context"] = self._tls()
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not known:
            _with_abort(manager)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the context holds the roots already, and `requests` would load them anew for each
        connection.
        """


def plain_headers(method: str, headers: Mapping[str, str], body: Any) -> CaseInsensitiveDict[str]:
    """The same headers the lean adapter would send. urllib3 adds a User-Agent of its own unless told to skip
    it.
    """
    out: CaseInsensitiveDict[str] = CaseInsensitiveDict(headers)
    for name in ("Content-Length", "Transfer-Encoding"):
        out.pop(name, None)
    if body is not None:
        out["Content-Length"] = str(len(body))
    elif method in ("POST", "PUT", "PATCH"):
        out["Content-Length"] = "0"
    out.setdefault("Accept-Encoding", "gzip")
    out.setdefault("User-Agent", SKIP_HEADER)
    return out


def translate(error: Exception, place: str) -> TransportFault:
    """The house's fault for an exception of `requests`, urllib3 or the socket. Their texts hold URLs: none
    is kept.
    """
    chain: list[BaseException] = []
    _unfold(error, chain)
    if isinstance(error, requests.ConnectTimeout):
        return ConnectTimeout(f"no connection to {place} in time")
    if isinstance(error, requests.ReadTimeout):
        return HeadTimeout(f"no response head from {place} in time")
    if isinstance(error, requests.exceptions.SSLError):
        for cause in chain:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return ConnectFault(
                    f"cannot connect to {place}: its TLS certificate is refused ({cause.verify_message})"
                )
        return ConnectFault(f"cannot connect to {place}: TLS failed")
    if isinstance(error, requests.exceptions.ProxyError):
        return ConnectFault(f"cannot connect to {place}: the outbound proxy failed")
    for cause in chain:
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            return ConnectFault(f"cannot connect to {place}: the connection failed or the name does not resolve")
    for cause in chain:
        if isinstance(cause, TimeoutError):
            return HeadTimeout(f"{place} did not take the request in time")
        if isinstance(cause, ConnectionError):
            return Cut(f"{place} closed the connection before its response head", before_head=True)
    if isinstance(error, requests.ConnectionError) and not any(
        isinstance(cause, urllib3.exceptions.ProtocolError) for cause in chain
    ):
        return ConnectFault(f"cannot connect to {place}")
    return ProtocolFault(f"the exchange with {place} is not valid HTTP")


def _unfold(error: Any, into: list[BaseException]) -> None:
    """All exceptions inside one of urllib3's or requests' wrappings (in ``args``, ``reason`` and causes)."""
    if not isinstance(error, BaseException) or error in into or len(into) > 20:
        return
    into.append(error)
    for inner in (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__):
        _unfold(inner, into)


class BufferedWire:
    """The http.client connection under an answer: its buffered reader and the socket below, never blocked
    on.
    """

    __slots__ = ("_raw", "_reader", "_sock", "_timeout", "_waiter")

    def __init__(self, raw: urllib3.HTTPResponse, reader: io.BufferedReader, sock: Any, waiter: Waiter) -> None:
        self._raw = raw
        self._reader = reader
        self._sock = sock
        self._timeout = sock.gettimeout()
        self._waiter = waiter
        sock.settimeout(0.0)

    def recv(self, timeout: float | None) -> bytes:
        deadline = None if timeout is None else time.monotonic() + timeout
        ready = False
        while True:
            try:
                data = self._reader.read1(65536)
            except ssl.SSLWantReadError:
                pass
            else:
                # Nothing means "not yet" on a plain socket that poll has not called ready; otherwise the end.
                if data or ready or isinstance(self._sock, ssl.SSLSocket):
                    return data or b""
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = self._waiter.wait(READ, left)
            if not ready:
                raise Silence("the upstream sent nothing for the time given")

    def release(self, reusable: bool) -> None:
        self._waiter.close()
        inner: Any = self._raw._fp
        if reusable:
            self._sock.settimeout(self._timeout)
            # http.client refuses the next request until this answer counts as read.
            with contextlib.suppress(AttributeError):
                inner._close_conn()
            self._raw.release_conn()
            return
        connection: Any = getattr(self._raw, "_connection", None)
        with contextlib.suppress(OSError, AttributeError):
            inner._close_conn()
        if connection is not None:
            connection.close()
        self._raw.release_conn()


class StoredSource:
    """An answer with no socket below it, as `responses` gives."""

    __slots__ = ("_call", "_raw")

    def __init__(self, raw: urllib3.HTTPResponse, call: Call) -> None:
        self._raw = raw
        self._call = call

    def read(self, timeout: float | None) -> bytes:
        if self._call.aborted:
            raise Aborted("the exchange was aborted")
        try:
            return self._raw.read(65536, decode_content=True) or b""
        except (urllib3.exceptions.HTTPError, OSError):
            raise Cut("the answer ended too early or its coding is damaged") from None

    def close(self) -> None:
        self._raw.close()

    def abort(self) -> None:
        self._call.abort()


def source_of(response: requests.Response, method: str, call: Call, make_waiter: MakeWaiter) -> Source:
    """The body of an answer that HTTPAdapter carried. Raises ProtocolFault on contradicting framing."""
    raw: Any = response.raw
    inner: Any = getattr(raw, "_fp", None)
    reader: Any = getattr(inner, "fp", None)
    sock: Any = getattr(getattr(reader, "raw", None), "_sock", None)
    if sock is None:
        return StoredSource(raw, call)
    waiter = make_waiter(sock.fileno())
    wire = BufferedWire(raw, reader, sock, waiter)
    try:
        call.attach(sock)
        if response.status_code < 200:
            # http.client skips 100 only; the true answer would be taken for the body of a 103.
            raise ProtocolFault("the upstream sent an interim answer that only the lean adapter can skip")
        fields = {name.lower(): value for name, value in _joined(response.raw.headers).items()}
        head = Head(raw.version - 10, response.status_code, response.reason or "", fields)
        framing = framing_for(method, head)
        coding = None if framing.done else coding_for(fields.get("content-encoding"))
    except BaseException:
        call.detach()
        wire.release(False)
        raise
    return Body(wire, call, framing, coding, b"", head.keeps_alive)


def _joined(headers: Mapping[str, str]) -> dict[str, str]:
    """urllib3 joins repeated headers with ", " on access."""
    return {name: headers[name] for name in headers}
