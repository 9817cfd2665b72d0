"""Which attempt is next: the memory of one request over accounts, upstreams and fallback models."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.accounts.healing import Recovery
from gateway.accounts.pool import Lease, Pool
from gateway.accounts.refusal import worded
from gateway.accounts.rota import Seat
from gateway.accounts.verdict import GRACE_S, SERVER_LADDER_S, Verdict, judge
from gateway.canon.fault import Fault
from gateway.errors import ClientGone, Exhausted, GatewayError
from gateway.relay.affinity import Affinity
from gateway.relay.call import Attempted, Call
from gateway.routing.router import Route

EMPTY_RETRIES = 1
ASKED_AT_MOST = 2
"""How often one request asks an account that names a time to wait."""
PAUSE_S = 0.4
PLACE_EVERY_S = 0.05


class AttemptFailed(Exception):
    """An attempt did not answer. `fault` says why, in the provider's words where it spoke; `renewed` that the
    credential had been fetched anew just before."""

    def __init__(self, fault: Fault, *, renewed: bool = False) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.renewed = renewed


@dataclass(slots=True)
class _Last:
    lease: Lease
    fault: Fault
    verdict: Verdict


class Plan:
    """`next()` gives a lease for every attempt until the request is answered or `max_attempts` are used up."""

    def __init__(
        self, call: Call, route: Route, pool: Pool, max_attempts: int, affinity: Affinity | None = None
    ) -> None:
        self.call = call
        if affinity is not None:
            call.placement = affinity.placement(call)
        self.route = route
        self._pool = pool
        self._left = max_attempts
        self._tried: set[str] = set()
        self._tried_for: dict[str, set[str]] = {}
        self._too_small: set[str] = set()
        self._uses: Counter[str] = Counter()
        self._last: _Last | None = None
        self._empty = 0
        self._began = 0.0

    def next(self) -> Lease:
        """The next lease. Raises Exhausted with the true last status, or ClientGone."""
        if self.call.live.reason == "client":
            raise self._gone()
        lease = self._choose()
        if lease is None:
            raise self._exhausted()
        self.begin(lease)
        return lease

    def elsewhere(self) -> Lease | None:
        """A lease on an account not tried yet, for going on after a cut; None when there is none."""
        if self._left <= 0 or self.call.live.reason:
            return None
        lease = self._fresh()
        if lease is not None:
            self.begin(lease)
        return lease

    def has_other(self, lease: Lease) -> bool:
        """Whether another account than that of `lease`, not tried yet, could take the request now."""
        return self._left > 0 and any(
            self._pool.has_usable(seats, {*excluded, lease.account.id}) for seats, excluded in self._open()
        )

    def opened(self, lease: Lease) -> None:
        """The provider has begun to answer."""
        self._pool.opened(lease)

    def answered(self, lease: Lease) -> None:
        self._note(200, "answered")
        if self.call.placement is not None:
            self.call.placement.settle()
        self._pool.succeed(lease)

    def abandoned(self, lease: Lease, why: str) -> None:
        """The attempt ended for a reason that is not the account's."""
        self._note(0, why)
        self._pool.release(lease)

    def failed(self, lease: Lease, failure: AttemptFailed) -> None:
        """Settles the account. Raises GatewayError when no other attempt can help (the request is at fault)."""
        fault = failure.fault
        verdict = _judged(lease, fault, failure.renewed)
        if fault.code == "context_length_exceeded":
            self._too_small.add(lease.seat.model)
        elif verdict.action in ("block", "cool_model"):
            self._tried_for.setdefault(lease.seat.model, set()).add(lease.account.id)
        else:
            self._tried.add(lease.account.id)
        if fault.code == "empty_response":
            self._empty += 1
            if self._empty > EMPTY_RETRIES:
                self._left = 0
        self._note(fault.status, f"{verdict.action}: {fault.code or fault.raw_type or fault.status}")
        why = worded(fault) + (", again with a fresh token" if failure.renewed else "")
        self._pool.fail(lease, verdict, fault.status, why)
        self._last = _Last(lease, fault, verdict)
        if verdict.action == "give_up" and not self._bigger_context(fault):
            raise GatewayError(fault)

    def failed_late(self, lease: Lease, fault: Fault) -> None:
        """Settles an account whose answer broke after content: no further attempt follows from here by itself."""
        self._tried.add(lease.account.id)
        verdict = _judged(lease, fault, False)
        self._note(fault.status, f"cut: {fault.code or fault.raw_type or fault.status}")
        self._pool.fail(lease, verdict, fault.status, worded(fault))

    def begin(self, lease: Lease) -> None:
        """Notes an attempt that is made now."""
        self._left -= 1
        self._uses[lease.account.id] += 1
        self._began = time.monotonic()
        self.call.outcome.attempts.append(
            Attempted(lease.seat.upstream, lease.account.label, lease.seat.model, lease.use, began=self._began)
        )

    def _bigger_context(self, fault: Fault) -> bool:
        """A prompt too long for one model may fit the next of a fallback chain."""
        return fault.code == "context_length_exceeded" and len({seat.model for seat in self.route.seats()}) > 1

    def _choose(self) -> Lease | None:
        last = self._last
        if self._left <= 0 or time.monotonic() >= self.call.deadline:
            return None
        repeats = last is not None and last.lease.account.repeats
        if (
            last is not None
            and repeats
            and last.verdict.action == "wait"
            and self._uses[last.lease.account.id] < ASKED_AT_MOST
        ):
            self._sleep((last.verdict.delay or 0.0) + 0.05)
            self._tried.discard(last.lease.account.id)
            return self._pool.again(last.lease)
        fresh = self._fresh()
        if fresh is not None:
            return fresh
        if last is None:
            return self._soon()
        if last.verdict.passing and repeats:
            self._sleep(PAUSE_S * (1 + random.random()) * len(self.call.outcome.attempts))
            return self._pool.again(last.lease)
        return self._soon()

    def _fresh(self) -> Lease | None:
        placement = self.call.placement
        for seats, excluded in self._open():
            if placement is None or not self._pool.has_choice(seats):
                lease = self._pool.lease(seats, excluded)
            else:
                lease = self._pool.lease(seats, excluded, placement.bound(seats))
                if lease is not None:
                    placement.placed(lease)
            if lease is not None:
                return lease
        return None

    def _open(self) -> Iterator[tuple[list[Seat], set[str]]]:
        """The tiers that are left, each with the accounts that were tried: what an account says about one model says
        nothing about the next of a fallback chain."""
        for tier in self.route.tiers:
            if not self._tried_for and not self._too_small:
                yield tier, self._tried
                continue
            seats = [seat for seat in tier if seat.model not in self._too_small]
            if seats:
                yield seats, self._tried.union(*(self._tried_for.get(seat.model, ()) for seat in seats))

    def _soon(self) -> Lease | None:
        """Waits for an account that is back within the grace time; sleeping longer is the client's choice."""
        recovery = self._pool.recovery(self.route.seats())
        if recovery is not None and recovery.busy and not recovery.queues and self._last is None:
            return self._free_place()
        if recovery is None or not 0 < recovery.seconds <= GRACE_S:
            return None
        self._sleep(recovery.seconds + 0.01)
        self._tried.clear()
        self._tried_for.clear()
        return self._fresh()

    def _free_place(self) -> Lease | None:
        """Waits the grace time for one of the requests that use all of an account's places to end."""
        until = min(time.monotonic() + GRACE_S, self.call.deadline)
        while time.monotonic() < until:
            self._sleep(PLACE_EVERY_S)
            lease = self._fresh()
            if lease is not None:
                return lease
        return None

    def _sleep(self, seconds: float) -> None:
        began = time.monotonic()
        until = min(began + seconds, self.call.deadline)
        while (left := until - time.monotonic()) > 0:
            if self.call.live.reason == "client":
                raise self._gone()
            time.sleep(min(left, 0.25))
        self.call.live.rested += time.monotonic() - began

    def _gone(self) -> ClientGone:
        """The client left between two attempts: no attempt is there to note it."""
        self.call.outcome.ended = "cancelled"
        return ClientGone()

    def _nobody(self) -> str:
        empty = self._pool.without_account(self.route.seats())
        if empty:
            return f"no usable account: {', '.join(empty)} has none yet. `dragoman accounts` adds one (login, add-key)."
        return (
            "no usable account: every account for this model is disabled. "
            "`dragoman accounts list` says why; add or mend one."
        )

    def _exhausted(self) -> GatewayError:
        recovery = self._pool.recovery(self.route.seats())
        if self._last is not None:
            fault = _credential(self._last.fault)
            if recovery and (fault.status in (429, 503, 529) or (fault.status >= 500 and recovery.seconds > 0)):
                self._tell_recovery(fault, recovery)
            return Exhausted(fault)
        if recovery is None:
            return Exhausted(Fault(503, self._nobody(), code="no_account_available"))
        if recovery.busy:
            said = f"every account for this model is in use: {recovery.why}. Try again in a moment."
            return Exhausted(Fault(429, said, code="rate_limit_exceeded", retry_after=1.0))
        status = recovery.status if recovery.status in (404, 429, 503, 529) else 503
        return Exhausted(
            Fault(
                status,
                f"all accounts for this model are resting ({recovery.why}); "
                f"the first is back in {math.ceil(recovery.seconds)} s",
                code="rate_limit_exceeded" if status == 429 else "no_account_available",
                retry_after=max(recovery.seconds, 1.0),
            )
        )

    @staticmethod
    def _tell_recovery(fault: Fault, recovery: Recovery) -> None:
        """The provider spoke for the account that was asked last; what counts is the one that is back first."""
        if recovery.seconds > 0:
            fault.retry_after = recovery.seconds
            fault.message += f" (the first account for this model is back in {math.ceil(recovery.seconds)} s)"
        elif fault.retry_after is None:
            fault.retry_after = 1.0

    def _note(self, status: int, outcome: str) -> None:
        entry = self.call.outcome.attempts[-1]
        entry.status, entry.outcome, entry.seconds = status, outcome, time.monotonic() - self._began


def _judged(lease: Lease, fault: Fault, renewed: bool) -> Verdict:
    """A credential that can be renewed is not given up for a refusal in the middle of an answer: the next request finds
    out."""
    verdict = judge(fault, renewed=renewed)
    final = renewed or lease.account.credential is None or fault.code == "upstream_auth"
    return verdict if final or verdict.action != "disable" else Verdict("rotate", ladder=SERVER_LADDER_S)


def _credential(fault: Fault) -> Fault:
    """A provider that refuses our credential is our trouble: a 401 would tell the client that its own key is wrong."""
    if fault.from_upstream and fault.status in (401, 403):
        return Fault(
            502 if fault.status == 403 else 503,
            f"the provider refused the gateway's account ({fault.status}). "
            "This is not about your key: the operator has to look at the accounts.",
            code="upstream_auth",
            from_upstream=True,
        )
    return fault
