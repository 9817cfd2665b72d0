"""Checks of single texts in a configuration: addresses, names, dates. Each returns the normalised text."""

from __future__ import annotations

import ipaddress
import re
from datetime import date, datetime
from urllib.parse import urlsplit

from gateway.config.redis_url import NoRedisUrl, redis_url
from schemas.config_fields import Check, refuse

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::\d{1,5})?|\*")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def _split(text: str) -> tuple[str, str, bool]:
    """Scheme, host and whether the whole is a sound URL; an odd port or bracket is not."""
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        return "", "", False
    sound = not any(mark.isspace() for mark in text) and (port is None or port > 0)
    return parts.scheme.lower(), host, sound


def url(*schemes: str, example: str) -> Check:
    """A check for URLs with one of the schemes and a host. Never quotes the text: it may hold a password."""

    def check(text: str) -> str:
        scheme, host, sound = _split(text.strip())
        if not sound or scheme not in schemes or not host:
            allowed = " or ".join(f"{name}://" for name in schemes)
            raise refuse(f"is not a URL that starts with {allowed}", f"Write it like {example}")
        return text.strip()

    return check


def base_url(text: str) -> str:
    """http(s) URL without user, query or fragment; trailing slashes go."""
    text = url("http", "https", example="https://api.example.com")(text)
    parts = urlsplit(text)
    if parts.query or parts.fragment:
        raise refuse("has a query or fragment", "Keep only scheme, host and path")
    if parts.username or parts.password is not None:
        raise refuse("carries a user or password", "Put credentials in an account or in headers")
    return text.rstrip("/")


def state_url(text: str) -> str:
    """The address of a Redis server; empty is none."""
    if text.strip():
        try:
            redis_url(text)
        except NoRedisUrl as error:
            raise refuse(str(error), error.remedy) from None
    return text.strip()


proxy_url = url("http", "https", "socks5", "socks5h", example="http://proxy.example.com:3128")


def name(text: str) -> str:
    """Name of an upstream or agent: letters, digits, dot, dash, underscore; no slash (it pins upstreams)."""
    if not _NAME.fullmatch(text):
        raise refuse(
            f'"{text}" cannot be used as a name',
            "Use letters, digits, dots, dashes and underscores, beginning with a letter or digit",
        )
    return text


def bind(text: str) -> str:
    """`unix:/absolute/path` or `host:port`."""
    if text.startswith("unix:"):
        if not text.removeprefix("unix:").startswith("/"):
            raise refuse("is not an absolute socket path", 'Write it like "unix:/run/dragoman.sock"')
        return text
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535 or "/" in host:
        raise refuse("is not an address to listen on", 'Write "unix:/run/dragoman.sock" or "host:port"')
    return text


def host(text: str) -> str:
    """A host name or address without scheme, port or path."""
    bare = text.strip()
    if bare.count(":") == 1 or "/" in bare or any(mark.isspace() for mark in bare):
        raise refuse("is not a host name or address", 'Write only the host, like "0.0.0.0", the port in server.port')
    return bare


def network(text: str) -> str:
    """An address or CIDR network of a proxy."""
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise refuse(f'"{text}" is not an IP address or network', 'Write it like "10.0.0.5" or "10.0.0.0/8"') from None
    return text.strip()


def origin(text: str) -> str:
    """A CORS origin as browsers send it (RFC 6454): scheme://host[:port], or `*`."""
    if text in ("*", "null"):
        return text
    scheme, where, sound = _split(text)
    if not sound or not scheme or not where or urlsplit(text).path not in ("", "/"):
        raise refuse(f'"{text}" is not an origin', 'Write it like "https://chat.example.com", without a path')
    return text.rstrip("/")


def host_pattern(text: str) -> str:
    """A host for media.fetch_hosts: a name, or `*.name` for everything below it."""
    if not _HOST_PATTERN.fullmatch(text):
        raise refuse(f'"{text}" is not a host', 'Write only the host, like "images.example.com" or "*.example.com"')
    return text.lower()


def header_name(text: str) -> str:
    """A field name as RFC 9110 5.1 allows it."""
    if not _HEADER_NAME.fullmatch(text):
        raise refuse("is not a header name", "Use letters, digits and dashes only")
    return text


def header_value(text: str) -> str:
    """A field value: one line, nothing outside Latin-1 (RFC 9110 5.5)."""
    if any((ord(mark) < 32 and mark != "\t") or ord(mark) in (127,) or ord(mark) > 255 for mark in text):
        raise refuse("has characters a header cannot carry", "Keep it on one line and in Latin letters")
    return text


def credential(text: str) -> str:
    """A key that travels in a header: surrounding blanks go, line breaks and other controls are refused."""
    stripped = text.strip()
    if any(ord(mark) <= 32 or ord(mark) > 126 for mark in stripped):
        raise refuse("has blanks or characters a header cannot carry", "Copy the key again, without quotes or spaces")
    return stripped


def environment_name(text: str) -> str:
    """A variable's name, never its value."""
    if not _ENV_NAME.fullmatch(text):
        raise refuse("is not the name of a variable", 'Write names only, like ["PATH", "HOME"]')
    return text


def key_hash(text: str) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    if not _KEY_HASH.fullmatch(text.lower()):
        raise refuse("is not sha256: followed by 64 hexadecimal digits", "Let `dragoman keys add NAME` write the entry")
    return text.lower()


def iso_date(text: str) -> str:
    """A date (2027-01-31) or a date and time (2027-01-31T12:00:00Z); without a zone it is UTC."""
    bare = text.strip()
    try:
        if len(bare) == 10:
            return date.fromisoformat(bare).isoformat()
        return datetime.fromisoformat(bare).isoformat()
    except ValueError:
        raise refuse(f'"{bare}" is not a date', 'Write it like "2027-01-31" or "2027-01-31T12:00:00Z"') from None


def target(text: str) -> str:
    """A model that requests are sent to: one name, optionally `upstream/model`, without wildcards."""
    if "*" in text:
        raise refuse(f'"{text}" has a wildcard', "A target is one model; wildcards belong in the name on the left")
    if text != text.strip():
        raise refuse("has blanks around it", "Remove the blanks")
    return text


def absolute_path(text: str) -> str:
    """A folder given by its full path."""
    if not (text.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", text)):
        raise refuse(f'"{text}" is not an absolute path', "Write the full path, beginning with /")
    return text
