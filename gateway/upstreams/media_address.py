"""Which addresses of remote media are sound: the text of a URL first, then the IP address behind its name.

A URL in a request is written by whoever writes the prompt (a web page an agent has read, say), so it must not make
the gateway knock at doors of its own network (CWE-918).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:%]+)(:[0-9]*)?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa", "intranet", "lan")
"""RFC 6761, RFC 6762, RFC 8375, ICANN's .internal (metadata.google.internal among them), and common private ones."""
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")


class BadAddress(ValueError):
    """A URL that must not be followed; the message says why, without its path, query or credentials."""


@dataclass(slots=True, frozen=True)
class MediaAddress:
    """A sound http(s) URL; `host` lower-case without a closing dot, `literal` when it is an IP address."""

    url: str
    scheme: str
    host: str
    port: int
    literal: bool

    @property
    def public(self) -> bool:
        """As far as its text tells: no private IP address, no name that is local by convention."""
        if self.literal:
            return is_public(self.host)
        return "." in self.host and not any(
            self.host == name or self.host.endswith("." + name) for name in _LOCAL_NAMES
        )

    def listed(self, patterns: tuple[str, ...]) -> bool:
        """Whether one of [media] fetch_hosts names it: "host", "*.host" (everything below), either with ":port", or
        "*". Without a port a pattern means the scheme's own."""
        return any(self._fits(pattern) for pattern in patterns)

    def _fits(self, pattern: str) -> bool:
        host, _, port = pattern.lower().partition(":")
        if self.port != (int(port) if port else _PORTS[self.scheme]):
            return False
        if host == "*":
            return True
        return self.host.endswith(host[1:]) if host.startswith("*.") else self.host == host


def media_address(url: str) -> MediaAddress:
    """Raises BadAddress."""
    if _ODD.search(url):
        raise BadAddress("it holds blanks, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadAddress("it is not a valid URL") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise BadAddress(f"only http and https are fetched, not {scheme or 'a path'}")
    if "@" in parts.netloc:
        raise BadAddress("it holds credentials")
    if not host or port == 0 or not _NETLOC.fullmatch(parts.netloc):
        raise BadAddress("it names no valid host")
    host, literal = _host(host)
    return MediaAddress(url, scheme, host, port or _PORTS[scheme], literal)


def _host(host: str) -> tuple[str, bool]:
    """(the host, whether it is an IP address). Numbers that only a resolver takes for an address ("127.1",
    "0x7f000001", "017700000001") are refused: https://url.spec.whatwg.org/#ends-in-a-number-checker."""
    if ":" in host:
        try:
            return str(IPv6Address(host)), True
        except ValueError:
            raise BadAddress("its host is not a valid IPv6 address") from None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise BadAddress("it names no valid host") from None
    host = host.lower()
    if not _NAME.fullmatch(host):
        raise BadAddress("it names no valid host")
    host = host.removesuffix(".")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host)), True
        except ValueError:
            raise BadAddress("its host is an oddly written IP address") from None
    return host, False


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public Internet: not private, loopback, link-local (cloud metadata),
    shared, multicast, reserved, nor such an IPv4 address inside an IPv6 one."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.sixtofour is not None or address.teredo is not None:
            return False
        inner = address.ipv4_mapped
        if inner is None and (address in _NAT64 or address in _IPV4_COMPATIBLE):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
