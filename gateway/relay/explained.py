"""What would become of a request: who would answer it and why, and exactly what that provider would be sent.

Made by the attempt's own code, up to the moment of sending: there is no second way to write a request. Nobody is asked
but hosts in [media] fetch_hosts, where the request names media there, and no account's turn is used up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gateway.accounts.account import Account
from gateway.accounts.pool import Lease, Pool
from gateway.canon.dialogue import Loss
from gateway.canon.fault import Malformed
from gateway.errors import GatewayError
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import dumps, loads
from gateway.relay.asking import Unaskable, written
from gateway.relay.attempt import Attempt
from gateway.relay.call import Call, Live, Outcome
from gateway.relay.plan import Plan
from gateway.relay.settings import RelaySettings
from gateway.routing.router import Route, Router, UnknownModel
from gateway.upstreams.transport.faults import TransportFault
from gateway.upstreams.upstream import Upstream
from gateway.upstreams.wrapper import Refused

REDACTED = "[redacted]"
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


@dataclass(slots=True)
class Candidate:
    """A model at an upstream. `accounts` are the labels of the usable ones."""

    upstream: str
    model: str
    mode: str
    accounts: list[str]


@dataclass(slots=True)
class Refusal:
    """What was not taken; `account` "" is the upstream as a whole."""

    upstream: str
    account: str
    why: str


@dataclass(slots=True)
class Sending:
    """The provider's request. `body` is the JSON, `raw` its bytes; `headers` with credentials redacted; `command` is
    the command line instead of `url` where a tool answers."""

    url: str
    headers: dict[str, str]
    body: Any
    raw: bytes = b""
    command: str = ""


@dataclass(slots=True)
class Explanation:
    """`protocol` is the dialect, or the operator's word for it. `served` False: `why` says why nobody can answer.
    `tiers` are tried in order. `account`, `upstream`, `model` and `mode` are those of the first attempt, `account` ""
    while none is usable (then `why` says when one is back, and `sending` is what the first would be sent).
    `affinity` is the X-Gateway-Affinity of its answer. `error` is what the client would be told instead of an answer.
    `notes` are what differs between this and the real sending."""

    asked: str
    protocol: str
    stream: bool
    served: bool = True
    why: str = ""
    rule: str = ""
    steps: list[str] = field(default_factory=list)
    tiers: list[list[Candidate]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    upstream: str = ""
    account: str = ""
    model: str = ""
    mode: str = ""
    affinity: str = ""
    sending: Sending | None = None
    losses: list[Loss] = field(default_factory=list)
    error: str = ""
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON, without the raw bytes."""
        found = asdict(self)
        if found["sending"] is not None:
            del found["sending"]["raw"]
        return found


class Explainer:
    """`explained` may be called beside running requests."""

    def __init__(
        self,
        router: Router,
        pool: Pool,
        upstreams: Mapping[str, Upstream],
        dialects: Mapping[str, Dialect],
        settings: RelaySettings,
    ) -> None:
        self._router = router
        self._pool = pool
        self._upstreams = upstreams
        self._dialects = dialects
        self._settings = settings

    def explained(self, call: Call) -> Explanation:
        """`call` stays as it is."""
        call = replace(call, outcome=Outcome(), live=Live())
        if "dry_run" in call.body:
            body = {name: value for name, value in call.body.items() if name != "dry_run"}
            call = replace(call, body=body, raw=dumps(body))
        found = Explanation(call.asked, call.dialect.name, call.stream)
        try:
            route = self._router.route(call.asked, call.mount)
        except UnknownModel as unknown:
            found.served, found.why, found.steps = False, unknown.reason, list(unknown.steps)
            return found
        call.target, found.rule, found.steps = route.model, route.rule, list(route.steps)
        call.picture = route.picture
        pool = self._pool.shadow()
        self._candidates(found, call, route, pool)
        lease = Plan(call, route, pool, 1, self._settings.affinity).elsewhere()
        if lease is not None:
            found.account, found.affinity = lease.account.label, call.outcome.affinity
        else:
            lease = self._resting(found, route, pool)
        if lease is not None:
            self._send(found, call, lease)
        return found

    def _candidates(self, found: Explanation, call: Call, route: Route, pool: Pool) -> None:
        for tier in route.tiers:
            seats = []
            for seat in tier:
                upstream = self._upstreams[seat.upstream]
                missing = upstream.available() or upstream.refuses(call.headers)
                if missing:
                    found.refused.append(Refusal(seat.upstream, "", missing))
                usable = []
                for account, why in pool.refusals(seat):
                    if why:
                        found.refused.append(Refusal(seat.upstream, account.label, why))
                    else:
                        usable.append(account.label)
                attempt = self._attempt(call, Lease(Account("", seat.upstream, ""), seat, ""))
                seats.append(Candidate(seat.upstream, seat.model, attempt.mode, usable))
            found.tiers.append(seats)
        over = self._router.passed_over(route)
        found.refused += [Refusal(name, "", why) for name, why in over.items()]

    def _attempt(self, call: Call, lease: Lease) -> Attempt:
        upstream = self._upstreams[lease.seat.upstream]
        return Attempt(call, lease, upstream, self._dialects[upstream.dialect], self._settings)

    def _resting(self, found: Explanation, route: Route, pool: Pool) -> Lease | None:
        """Of the first seat that has an account."""
        recovery = pool.recovery(route.seats())
        empty = pool.without_account(route.seats())
        found.why = (
            f"{', '.join(empty)} has no account yet: `dragoman accounts` adds one (login, add-key)"
            if empty
            else "no account for this model is usable: all are disabled"
            if recovery is None
            else f"no account for this model is usable now; the first is back in {recovery.seconds:.0f} s"
        )
        for seat in route.seats():
            for account, _ in pool.refusals(seat):
                return pool.lease_of(account, seat.model)
        return None

    def _send(self, found: Explanation, call: Call, lease: Lease) -> None:
        attempt = self._attempt(call, lease)
        upstream = attempt.upstream
        found.upstream, found.model, found.mode = upstream.name, attempt.model, attempt.mode
        try:
            asking = attempt.prepared()
            raw = written(asking, lease.account, upstream, "", aside=True) or b""
        except GatewayError as error:
            found.error = f"{error.fault.status}: {error.fault.message}"
        except Malformed as malformed:
            found.error = f"400: {malformed.message}"
        except (Unaskable, Refused, TransportFault) as fault:
            found.error = str(fault) or "the provider has no way to ask this"
        else:
            command = upstream.rehearsal(attempt.model) or ""
            bases = () if command or upstream.available() else upstream.bases()
            found.sending = Sending(
                url=_without_userinfo(upstream.url(bases[0], asking.operation, attempt.model)) if bases else "",
                headers={} if command else _shown({**upstream.headers_for(REDACTED), **asking.headers}),
                body=loads(raw),
                raw=raw,
                command=command,
            )
            if upstream.wrapper is not None:
                found.notes.append("request ids are new with every attempt; so is a project that is not known yet")
            if call.body.get("previous_response_id") and call.history is None:
                found.notes.append(
                    "what stands before previous_response_id is not shown: it belongs to the key that made it"
                )
        found.losses = attempt.losses


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: REDACTED if _SECRET_HEADER.search(name) else value for name, value in headers.items()}


def _without_userinfo(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
