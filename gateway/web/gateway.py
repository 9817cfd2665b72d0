"""Everything one configuration makes, as the web room needs it. Built by gateway.wiring, replaced whole on reload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.accounts.pool import Pool
from gateway.config.model import Config
from gateway.monitoring.metrics import Metrics
from gateway.monitoring.prices import PriceTable
from gateway.monitoring.recorder import Recorder
from gateway.protocols.dialect import Dialect
from gateway.relay.call import Call, Live
from gateway.relay.relay import Relay
from gateway.relay.stored import StoredResponses
from gateway.routing.catalog import Catalog
from gateway.routing.router import Router
from gateway.state.store import Store
from gateway.upstreams.upstream import Upstream
from gateway.web.admission import Admission
from gateway.web.keys import ClientKeys


class Running(Protocol):
    """A request on its way: `at` in unix seconds, `key` the name of the client's, `sent` bytes of the answer."""

    call: Call | None
    at: float
    key: str
    sent: int

    @property
    def path(self) -> str: ...


@dataclass(slots=True)
class Gateway:
    """`running` are the requests that are waiting for an upstream now; `draining` is set on the way out."""

    config: Config
    keys: ClientKeys
    admission: Admission
    prices: PriceTable
    metrics: Metrics | None
    relay: Relay
    router: Router
    catalog: Catalog
    pool: Pool
    upstreams: Mapping[str, Upstream]
    dialects: Mapping[str, Dialect]
    recorder: Recorder
    state: Store
    stored: StoredResponses
    running: dict[Live, Running] = field(default_factory=dict)
    draining: bool = False

    def warnings(self) -> list[str]:
        """What an operator should look at though requests are answered."""
        return [*([self.state.why] if self.state.why else []), *self.pool.problems()]

    def unavailable(self) -> dict[str, str]:
        """Upstreams that cannot be asked now (a tool that is not installed, a model that loads), with the reason."""
        found = {name: upstream.available() for name, upstream in self.upstreams.items()}
        return {name: reason for name, reason in found.items() if reason is not None}

    def ready(self) -> str | None:
        """Why no request can be answered now, in words; None when at least one account is usable."""
        if self.draining:
            return "the gateway is shutting down"
        if not self.upstreams:
            return "no account is configured"
        if not self.pool.accounts():
            return "no account is configured"
        reasons = []
        usable = {account.upstream for account in self.pool.accounts() if account.disabled_reason is None}
        for name, upstream in self.upstreams.items():
            if name not in usable:
                continue
            reason = upstream.available()
            if reason is None:
                return None if self.pool.any_usable() else "all accounts are resting"
            reasons.append(f"{name}: {reason}")
        return "; ".join(reasons) or "every account is disabled"
