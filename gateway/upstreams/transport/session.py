"""The house's one face for HTTP: a `requests.Session` with our adapter mounted, and a send() that wastes
nothing on it.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from gateway.upstreams.transport.call import Abortable, Call
from gateway.upstreams.transport.connection import Allowed
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import ConnectFault, TransportFault
from gateway.upstreams.transport.lean import LeanAdapter, LeanResponse, tls_context
from gateway.upstreams.transport.plain import PlainAdapter, calling, plain_headers, source_of, translate
from gateway.upstreams.transport.target import locate
from gateway.upstreams.transport.wait import waiter_class

NO_PYSOCKS = "a socks5 proxy needs PySocks: pip install 'requests[socks]'"
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


class Session(requests.Session):
    """No environment, no default headers. A streamed send without redirects goes straight to the adapter:
    no cookie jar, no hooks, no redirect generator; anything else is `requests` as usual."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if kwargs.get("stream") and kwargs.get("allow_redirects") is False:
            del kwargs["allow_redirects"]
            scheme = "https://" if (request.url or "")[:8].lower() == "https://" else "http://"
            return self.adapters[scheme].send(request, **kwargs)
        return super().send(request, **kwargs)


class Transport:
    """HTTP/1.1 to any upstream. One per process; used from any number of greenlets or threads.

    ``lean``: our own adapter over plain sockets; otherwise, or with ``proxy``, requests' HTTPAdapter.
    ``proxy``: http, https, socks5 or socks5h URL through which all requests go (socks needs PySocks:
    ConnectFault without). ``ca_file``: PEM file of roots trusted besides certifi's. ``max_idle``: idle
    connections kept per host. ``allowed``: which IP addresses may be connected to, for our own adapter only.
    """

    def __init__(
        self,
        *,
        lean: bool = True,
        proxy: str = "",
        ca_file: str = "",
        max_idle: int = 1000,
        allowed: Allowed | None = None,
    ) -> None:
        self.session: requests.Session = Session()
        self._make_waiter = waiter_class()
        tls = tls_context(ca_file)
        self._lean = lean and not proxy
        self._proxies = _proxies(proxy)
        adapter = (
            LeanAdapter(max_idle=max_idle, tls=tls, allowed=allowed)
            if self._lean
            else PlainAdapter(max_idle=max_idle, tls=tls)
        )
        self.session.adapters.clear()
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)
        self.session.proxies = dict(self._proxies)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
        *,
        connect_timeout: float,
        header_timeout: float,
        deadline: float | None = None,
        on_open: Callable[[Abortable], None] | None = None,
    ) -> Exchange:
        """Send one request and wait for its response head. No cookies, no auth, no redirects.

        ``connect_timeout`` covers all addresses and TLS, ``header_timeout`` the sending and the wait for the
        head, in seconds; ``deadline`` (time.monotonic()) bounds both. ``on_open`` gets an object whose
        abort() ends the call from anywhere, from now until the Exchange is closed. Raises TransportFault.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.url = url
        request.body = body  # type: ignore[assignment]
        if self._lean:
            request.headers = headers  # type: ignore[assignment]
            response = self.session.send(
                request,
                stream=True,
                allow_redirects=False,
                timeout=(connect_timeout, header_timeout),
                deadline=deadline,
                on_open=on_open,
            )
            assert isinstance(response, LeanResponse)
            return Exchange(response.status_code, response.headers, response.raw.source)
        return self._send_plain(request, headers, connect_timeout, header_timeout, deadline, on_open)

    def _send_plain(
        self,
        request: requests.PreparedRequest,
        headers: Mapping[str, str],
        connect_timeout: float,
        header_timeout: float,
        deadline: float | None,
        on_open: Callable[[Abortable], None] | None,
    ) -> Exchange:
        place = locate(request.url or "").place
        request.headers = plain_headers(request.method or "GET", headers, request.body)
        call = Call()
        call.tells = False
        if on_open is not None:
            on_open(call)
        if deadline is not None:
            left = max(0.001, deadline - time.monotonic())
            connect_timeout, header_timeout = min(connect_timeout, left), min(header_timeout, left)
        try:
            with calling(call):
                call.check()
                response = self.session.send(
                    request,
                    stream=True,
                    allow_redirects=False,
                    timeout=(connect_timeout, header_timeout),
                    proxies=self._proxies,
                )
        except TransportFault:
            raise
        except Exception as error:
            call.check()
            raise translate(error, place) from None
        return Exchange(
            response.status_code,
            response.headers,
            source_of(response, request.method or "GET", call, self._make_waiter),
        )

    def close(self) -> None:
        """Close all idle connections."""
        self.session.close()


def _proxies(proxy: str) -> dict[str, str]:
    if not proxy:
        return {}
    scheme = urlsplit(proxy).scheme.lower()
    if scheme not in _PROXY_SCHEMES:
        raise ValueError("the outbound proxy URL must begin with http://, https://, socks5:// or socks5h://")
    if scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConnectFault(f"the outbound proxy cannot be used: {NO_PYSOCKS}")
    return {"http": proxy, "https": proxy}
