"""Where a URL points: what the pool keys on and what the request line carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from gateway.upstreams.transport.faults import ProtocolFault

_PORTS = {"http": 80, "https": 443}
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_PLAIN = re.compile(r"[\x21-\x7e]*")
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%-]+")


@dataclass(slots=True, frozen=True)
class Target:
    """A parsed http(s) URL. ``key`` is (scheme, host, port); ``path`` is the origin-form with the query (RFC
    9112 3.2.1).
    """

    key: tuple[str, str, int]
    host_header: str
    path: str

    @property
    def place(self) -> str:
        """host:port, for messages."""
        return f"{self.key[1]}:{self.key[2]}"


@lru_cache(maxsize=1024)
def locate(url: str) -> Target:
    """Parse an absolute http or https URL. Raises ProtocolFault (without the URL: it may hold a key) when it
    is none.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError:
        raise ProtocolFault("the upstream URL is not valid") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise ProtocolFault("the upstream URL must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ProtocolFault("the upstream URL must not hold credentials")
    if not _HOST.fullmatch(host):
        raise ProtocolFault("the upstream URL names no valid host")
    port = port or _PORTS[scheme]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PLAIN.fullmatch(path):
        path = quote(path, safe=_PRINTABLE)
    name = f"[{host.partition('%')[0]}]" if ":" in host else host
    header = name if port == _PORTS[scheme] else f"{name}:{port}"
    return Target((scheme, host, port), header, path)
