"""Fetching remote media for providers that do not fetch it themselves: from listed public hosts only, and bounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

from gateway.upstreams.media_address import BadAddress, MediaAddress, is_public, media_address
from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.connection import Allowed
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Aborted, ForbiddenAddress, TooLarge, TransportFault
from gateway.upstreams.transport.session import Transport

LIMIT = 20 * 1024 * 1024
SECONDS = 20.0
REDIRECTS = 3
_CONNECT_S = 5.0
_SILENCE_S = 10.0
_MOVED = frozenset((301, 302, 303, 307, 308))
_TYPES = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream", "binary/octet-stream")
_HEADERS = {
    "User-Agent": "dragoman",
    "Accept": "image/*, application/pdf, audio/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class NotAllowed(Exception):
    """The URL must not be fetched; the message says why, in words for the client."""


class NotFetched(Exception):
    """The URL may be fetched, but that failed; the message says how, in words for the client."""


@dataclass(slots=True, frozen=True)
class Fetched:
    """`declared` is the host's own Content-Type, lower-case without parameters, "" when it told none."""

    data: bytes
    declared: str


class Fetcher:
    """`hosts` are [media] fetch_hosts; `limit` bytes, `seconds` for everything; `allowed` which IP addresses may be
    connected to (default: public ones). Every redirect is checked like the first URL."""

    def __init__(
        self,
        hosts: tuple[str, ...],
        *,
        limit: int = LIMIT,
        seconds: float = SECONDS,
        allowed: Allowed = is_public,
        ca_file: str = "",
    ) -> None:
        self.hosts = hosts
        self._limit = limit
        self._seconds = seconds
        self._transport = Transport(max_idle=0, ca_file=ca_file, allowed=allowed)

    def address(self, url: str) -> MediaAddress:
        """The address, if the gateway may fetch it. Raises NotAllowed."""
        try:
            address = media_address(url)
        except BadAddress as bad:
            raise NotAllowed(str(bad)) from None
        if not address.listed(self.hosts):
            raise NotAllowed(f"the gateway does not fetch from {address.host}:{address.port}")
        return address

    def fetch(self, url: str, on_open: Callable[[Abortable], None] | None = None) -> Fetched:
        """Raises NotAllowed, NotFetched, Aborted."""
        deadline = time.monotonic() + self._seconds
        for _ in range(REDIRECTS + 1):
            exchange = self._open(self.address(url), deadline, on_open)
            try:
                if exchange.status in _MOVED:
                    url = urljoin(url, exchange.headers.get("location") or "")
                    continue
                return self._read(exchange, deadline)
            finally:
                exchange.close()
        raise NotFetched("it leads over too many redirects")

    def _open(self, address: MediaAddress, deadline: float, on_open: Callable[[Abortable], None] | None) -> Exchange:
        try:
            return self._transport.send(
                "GET",
                address.url.partition("#")[0],
                _HEADERS,
                None,
                connect_timeout=_CONNECT_S,
                header_timeout=_SILENCE_S,
                deadline=deadline,
                on_open=on_open,
            )
        except Aborted:
            raise
        except ForbiddenAddress:
            raise NotAllowed(f"{address.host} is not a public address") from None
        except TransportFault as fault:
            raise NotFetched(str(fault)) from None

    def _read(self, exchange: Exchange, deadline: float) -> Fetched:
        if exchange.status != 200:
            raise NotFetched(f"its host answered with status {exchange.status}")
        declared = (exchange.headers.get("content-type") or "").partition(";")[0].strip().lower()
        if declared and not declared.startswith(_TYPES):
            raise NotAllowed(f"it is of type {declared}, which is neither picture, sound nor PDF")
        told = exchange.headers.get("content-length") or ""
        try:
            if told.isdigit() and int(told) > self._limit:
                raise TooLarge
            return Fetched(exchange.read_all(self._limit, _SILENCE_S, deadline), declared)
        except Aborted:
            raise
        except TooLarge:
            raise NotAllowed(f"it is larger than {self._limit // (1024 * 1024)} MB") from None
        except TransportFault as fault:
            raise NotFetched(str(fault)) from None
