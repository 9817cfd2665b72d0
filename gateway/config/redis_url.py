"""The address of a Redis server as one URL.

    redis://user:password@host:6379/0     rediss:// the same over TLS     unix://user:password@/run/redis.sock?db=0

`?prefix=` begins every key (default "dragoman:"), `?ca_file=` names the authority of a rediss server.
https://www.iana.org/assignments/uri-schemes/prov/redis
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

PREFIX = "dragoman:"
PORT = 6379
EXAMPLE = "redis://user:password@127.0.0.1:6379/0"
OPTIONS = ("prefix", "db", "ca_file")


class NoRedisUrl(ValueError):
    """The text is no such address. Neither message nor remedy quotes it: it may hold a password."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """`path` is that of a socket, and then there is no host."""

    host: str
    port: int
    path: str
    db: int
    username: str
    password: str = field(repr=False)
    tls: bool
    prefix: str
    ca_file: str

    @property
    def shown(self) -> str:
        """For logs: without user and password."""
        if self.path:
            return f"unix://{self.path}?db={self.db}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' if self.tls else ''}://{host}:{self.port}/{self.db}"


def redis_url(text: str) -> RedisUrl:
    """Raises NoRedisUrl."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoRedisUrl("is not a URL", f"Write it like {EXAMPLE}") from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise NoRedisUrl("is not a URL that starts with redis:// or rediss:// or unix://", f"Write it like {EXAMPLE}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise NoRedisUrl(f'has an unknown option "{unknown[0]}"', f"Known are {', '.join(OPTIONS)}")
    path = unquote(parts.path)
    if parts.scheme == "unix":
        if host or not path.strip("/"):
            raise NoRedisUrl("names no socket", "Write it like unix:///run/redis/redis.sock?db=0")
        number = options.get("db", "0")
    else:
        if not host:
            raise NoRedisUrl("names no host", f"Write it like {EXAMPLE}")
        number, path = path.strip("/") or options.get("db", "0"), ""
    if not (number.isascii() and number.isdigit()):
        raise NoRedisUrl("has a database that is no number", f"Write it like {EXAMPLE}")
    return RedisUrl(
        host=host,
        port=PORT if port is None else port,
        path=path,
        db=int(number),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "rediss",
        prefix=options.get("prefix", PREFIX),
        ca_file=options.get("ca_file", ""),
    )
