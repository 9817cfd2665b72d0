"""One attempt at POST /v1/responses/compact: the provider shortens a conversation in a way only it can read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.accounts.pool import Lease
from gateway.canon.fault import Fault
from gateway.errors import NotFound
from gateway.protocols.dialect import Dialect
from gateway.protocols.responses.usage import read_usage
from gateway.protocols.wire_json import JSONDecodeError, loads
from gateway.relay.attempt import Attempt
from gateway.relay.call import Call
from gateway.relay.plan import AttemptFailed
from gateway.relay.settings import RelaySettings
from gateway.routing.router import Route
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import TransportFault
from gateway.upstreams.upstream import Upstream

INSTEAD = "Ask the model for a summary on /v1/responses and go on from that."


class CompactAttempt(Attempt):
    """See Attempt; always passed through. `compacted` gives the answer."""

    def __init__(self, call: Call, lease: Lease, upstream: Upstream, dialect: Dialect, settings: RelaySettings) -> None:
        super().__init__(call, lease, upstream, dialect, settings)
        self.mode, self.operation = "passthrough", "compact"

    def open(self) -> Exchange:
        """Raises NotFound too: many hosts that speak this protocol lack the endpoint, which says nothing about the
        model."""
        try:
            return super().open()
        except AttemptFailed as failure:
            if failure.fault.status not in (404, 405) or failure.fault.code == "model_not_found":
                raise
            raise NotFound(
                f"{self.upstream.name} cannot compact conversations. {INSTEAD}", code="unknown_url"
            ) from None

    def compacted(self, exchange: Exchange) -> bytes:
        """The body for the client. Raises AttemptFailed, ClientGone, Draining."""
        try:
            raw = exchange.read_all(self.settings.answer_limit, self.upstream.limits.idle, self.deadline)
            document = loads(raw)
        except TransportFault as broken:
            raise self.broken(broken) from None
        except JSONDecodeError:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("output"), list):
            fault = Fault(502, "the provider answered with something that is no compaction", code="upstream_error")
            raise AttemptFailed(fault)
        outcome = self.call.outcome
        outcome.usage, outcome.account = read_usage(document.get("usage")), self.lease.account.label
        return raw


def compacting_route(route: Route, upstreams: Mapping[str, Upstream]) -> Route:
    """The route without upstreams that cannot compact. Raises NotFound when none is left."""
    left = [kept for tier in route.tiers if (kept := [seat for seat in tier if upstreams[seat.upstream].compacts])]
    if not left:
        served = ", ".join(sorted({seat.upstream for seat in route.seats()}))
        raise NotFound(
            f"The model {route.asked!r} is served by {served}, which cannot compact conversations. {INSTEAD}",
            code="unknown_url",
        )
    return replace(route, tiers=left)
