"""Request heads out, response heads in (RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.upstreams.transport.faults import ProtocolFault
from gateway.upstreams.transport.target import Target

MAX_HEAD = 65536
MAX_LINES = 200

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\r\n\0]*))?")
_FIELD = re.compile(r"^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\r\n\0]*)\n", re.MULTILINE)
_END = re.compile(rb"\n\r?\n")


class Headers(Mapping[str, str]):
    """Response headers by any case of their name; repeated ones are joined with ", " in the order they
    came.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return self._fields.get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({sorted(self._fields)})"


@dataclass(slots=True)
class Head:
    """A response head. ``minor`` is the x of HTTP/1.x; header names are lower case."""

    minor: int
    status: int
    reason: str
    fields: dict[str, str]

    @property
    def keeps_alive(self) -> bool:
        """Whether the peer will take another request on this connection (RFC 9112 9.3)."""
        connection = self.fields.get("connection")
        if connection is None:
            return self.minor == 1
        options = {option.strip() for option in connection.lower().split(",")}
        return "close" not in options and (self.minor == 1 or "keep-alive" in options)


def request_head(method: str, target: Target, headers: Mapping[str, str], length: int | None) -> bytes:
    """The request line and header block. ``length`` is the body's size in bytes, None for no body.

    Adds only Host, Content-Length and, where the caller names none, ``Accept-Encoding: gzip``; a caller's
    Content-Length and Transfer-Encoding give way to the true framing. Raises ProtocolFault on what would
    break the block.
    """
    block = _block(method, target.path, target.host_header, tuple(headers.items()))
    if length is not None:
        return b"%bContent-Length: %d\r\n\r\n" % (block, length)
    return block + (b"Content-Length: 0\r\n\r\n" if method in ("POST", "PUT", "PATCH") else b"\r\n")


@lru_cache(maxsize=256)
def _block(method: str, path: str, host: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """All but the length: most requests to a provider differ in nothing else."""
    lines = [f"{method} {path} HTTP/1.1"]
    encoding = True
    for name, value in headers:
        low = name.lower()
        if low == "host":
            host = value
            continue
        if low == "content-length" or low == "transfer-encoding":
            continue
        if low == "accept-encoding":
            encoding = False
        lines.append(f"{name}: {value}")
    lines.insert(1, f"Host: {host}")
    if encoding:
        lines.append("Accept-Encoding: gzip")
    block = "\r\n".join(lines)
    count = len(lines) - 1
    if block.count("\n") != count or block.count("\r") != count or "\0" in block:
        raise ProtocolFault("a request header holds a line break")
    if not _TOKEN.fullmatch(method) or not all(_TOKEN.fullmatch(name) for name, _ in headers):
        raise ProtocolFault("the method or a request header's name is not a valid token")
    block += "\r\n"
    try:
        return block.encode("latin-1")
    except UnicodeEncodeError:
        return block.encode("utf-8")


def head_end(data: bytes, start: int = 0) -> int:
    """Index just past the empty line that ends a head, or -1. Bare line feeds are taken too (RFC 9112
    2.2).
    """
    at = data.find(b"\r\n\r\n", start)
    if at >= 0 and data.find(b"\n\n", start, at) < 0 and data.find(b"\n\r\n", start, at) < 0:
        return at + 4
    found = _END.search(data, start)
    return found.end() if found else -1


def parse_head(block: bytes) -> Head:
    """Parse one whole head, empty line included. Raises ProtocolFault."""
    text = block.decode("latin-1").replace("\r\n", "\n")
    first, _, rest = text.partition("\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise ProtocolFault("the upstream's status line is not HTTP/1.x")
    pairs = _FIELD.findall(rest)
    if len(pairs) > MAX_LINES:
        raise ProtocolFault(f"the upstream sent more than {MAX_LINES} header lines")
    if len(pairs) + 1 != rest.count("\n"):
        raise ProtocolFault("the upstream sent a malformed header line")
    fields: dict[str, str] = {}
    for name, value in pairs:
        name = name.lower()
        value = value.strip(" \t")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return Head(int(status[1]), int(status[2]), status[3] or "", fields)
