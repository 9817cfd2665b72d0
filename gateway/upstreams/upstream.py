"""One configured provider: its addresses, its headers, its credentials. Kinds override what is theirs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal
from urllib.parse import quote

from gateway.canon.profile import Profile
from gateway.config.model import Server
from gateway.config.model import Upstream as Settings
from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import ConnectFault, ConnectTimeout, Cut, HeadTimeout, TransportFault
from gateway.upstreams.transport.session import Transport
from gateway.upstreams.wrapper import Wrapper

Operation = Literal["generate", "stream", "count", "models", "embed", "embed_batch", "load", "onboard", "compact"]

MOVE_ON = frozenset((404, 408))
"""Besides 5xx, the statuses after which the next of several base URLs is tried."""


@dataclass(slots=True, frozen=True)
class Limits:
    """Seconds: to the first content of a streamed attempt, to the head of a `whole` answer (which comes only when
    the provider has written all of it), between two bytes, for everything with its retries."""

    first_content: float
    whole: float
    idle: float
    request: float


@dataclass(slots=True, frozen=True)
class Surroundings:
    """What every upstream is given: [server], the data folder, and the connection pool for an outbound proxy ("" for
    none) and certificate file ("" for certifi's)."""

    server: Server
    data_dir: Path
    transport: Callable[[str, str], Transport]


class Upstream:
    """Base of all HTTP kinds. A kind is one file in `kinds` that sets these class variables and `url`.

    `provider` OpenTelemetry's word for it ("" where it has none); `dialect` the wire dialect it speaks;
    `families` patterns of model names it serves when the operator lists none;
    `request_headers` names (or prefixes ending in "*") of client headers handed on in pass-through;
    `response_headers` the same for the way back; `translated_headers` sent when the request was translated; `counts`
    says that the provider has an endpoint that counts tokens, `embeds` that it has one for embeddings, `compacts` one
    that shortens a conversation; `fetches` are the beginnings, in lower case, of media URLs that the provider fetches
    itself; `wrapper` the envelope around its
    dialect, None where it speaks it bare; `repeats` that a request that failed may be sent again to the same account
    (running a tool twice is not harmless); `free` that an answer costs nothing, whatever name the client asked for.
    """

    kind: ClassVar[str]
    provider: ClassVar[str] = ""
    dialect: str
    families: tuple[str, ...] = ()
    request_headers: tuple[str, ...] = ()
    response_headers: tuple[str, ...] = ("request-id", "x-ratelimit-*", "retry-after", "retry-after-ms")
    translated_headers: Mapping[str, str] = MappingProxyType({})
    counts: bool = False
    compacts: bool = False
    embeds: ClassVar[bool] = False
    wrapper: Wrapper | None = None
    repeats: ClassVar[bool] = True
    fetches: ClassVar[tuple[str, ...]] = ()
    free: ClassVar[bool] = False

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        self.settings = settings
        self.name = settings.name
        self._transports = surroundings.transport
        server = surroundings.server
        self.limits = Limits(
            first_content=_first(settings.first_content_timeout_s, server.first_content_timeout_s),
            whole=_whole(settings.first_content_timeout_s, server),
            idle=_first(settings.idle_timeout_s, server.idle_timeout_s),
            request=_first(settings.request_timeout_s, server.request_timeout_s),
        )
        self._fixed = {
            "Content-Type": "application/json",
            "User-Agent": settings.user_agent or "dragoman",
            "Accept-Encoding": "gzip",
            **settings.headers,
        }
        self._headers: dict[str, dict[str, str]] = {}

    def bases(self) -> tuple[str, ...]:
        """The base URLs in the order they are tried."""
        return self.settings.base_urls

    def url(self, base: str, operation: Operation, model: str) -> str:
        """For "models", `model` is the query of the page wanted, or ""."""
        raise NotImplementedError

    def credentials(self, secret: str) -> dict[str, str]:
        """The headers that carry an account's credential; {} for a keyless one."""
        raise NotImplementedError

    def headers_for(self, secret: str) -> dict[str, str]:
        """All headers of a request by one account, built once an account."""
        known = self._headers.get(secret)
        if known is None:
            known = self._headers[secret] = {**self._fixed, **self.credentials(secret)}
        return known

    def open(
        self,
        operation: Operation,
        model: str,
        body: bytes | None,
        *,
        secret: str,
        proxy: str = "",
        more_headers: Mapping[str, str] | None = None,
        head_timeout: float | None = None,
        deadline: float | None = None,
        on_open: Callable[[Abortable], None] | None = None,
    ) -> Exchange:
        """Sends one request and returns when the response head is here, whatever its status.

        With several base URLs the next one is tried after a network error, 404, 408 or 5xx; the last answer counts.
        `deadline` is time.monotonic(). Raises TransportFault.
        """
        bases = self.bases()  # before the headers: the embedded model's key is known once it has an address
        headers = self.headers_for(secret)
        if more_headers:
            headers = {**headers, **more_headers}
        transport = self.transport(proxy)
        last = len(bases) - 1
        wait = self.limits.first_content if head_timeout is None else head_timeout
        for number, base in enumerate(bases):
            try:
                exchange = transport.send(
                    "GET" if body is None else "POST",
                    self.url(base, operation, model),
                    headers,
                    body,
                    connect_timeout=self.settings.connect_timeout_s,
                    header_timeout=wait if deadline is None else max(min(wait, deadline - time.monotonic()), 0.001),
                    deadline=deadline,
                    on_open=on_open,
                )
            except (ConnectFault, ConnectTimeout, HeadTimeout, Cut):
                if number == last:
                    raise
                continue
            if number < last and (exchange.status in MOVE_ON or exchange.status >= 500):
                exchange.close()
                continue
            return exchange
        raise ConnectFault(self.available() or f"the upstream {self.name} has no address yet")

    def fitted(self, profile: Profile) -> Profile:
        """The facts about a model as they are at this provider."""
        return profile

    def transport(self, proxy: str = "") -> Transport:
        """The connections to this upstream, by an account's `proxy` or its own."""
        return self._transports(proxy or self.settings.proxy, self.settings.ca_file)

    @property
    def at_once(self) -> int:
        """How many requests it takes at once, waiting ones included; 0: no limit."""
        return 0

    def refuses(self, headers: Mapping[str, str]) -> str | None:
        """Why a client with these headers (lower-case names) may not be answered from here; None when it may."""
        return None

    def rehearsal(self, model: str) -> str | None:
        """What a request for `model` would run, for `dry_run`; None where it is a call like any other."""
        return None

    def available(self) -> str | None:
        """Why this upstream cannot be asked now, in words; None when it can."""
        return None


def forwarded(headers: Mapping[str, str], allowed: tuple[str, ...]) -> dict[str, str]:
    """The headers of `headers` (any case) that an allow-list of lower-case names and "prefix*" lets through."""
    names, prefixes = _allow_list(allowed)
    return {
        name: value for name, value in headers.items() if (lower := name.lower()) in names or lower.startswith(prefixes)
    }


@lru_cache(maxsize=64)
def _allow_list(allowed: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """(names, prefixes)."""
    prefixes = tuple(name[:-1] for name in allowed if name.endswith("*"))
    return frozenset(name for name in allowed if not name.endswith("*")), prefixes


def quoted(model: str) -> str:
    """A model id as one URL path segment (ids may hold slashes and colons)."""
    return quote(model, safe="/:@!$&'()*+,;=-._~")


def _first(own: float | None, server: float) -> float:
    return server if own is None else own


def _whole(own: float | None, server: Server) -> float:
    """A limit the operator chose holds for whole answers too; the default one would cut long thinking short."""
    if own is not None:
        return own
    if server.first_content_timeout_s != Server().first_content_timeout_s:
        return server.first_content_timeout_s
    return max(server.first_content_timeout_s, server.idle_timeout_s)


__all__ = ["ConnectFault", "Limits", "Operation", "TransportFault", "Upstream", "forwarded", "quoted"]
