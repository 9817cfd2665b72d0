"""The pool: lease an account for one attempt, settle it afterwards. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gateway.accounts.account import Account
from gateway.accounts.selection import Selector
from gateway.accounts.verdict import Verdict


@dataclass(slots=True, frozen=True)
class Seat:
    """A place an answer could come from: a model at an upstream."""

    upstream: str
    model: str


@dataclass(slots=True)
class Lease:
    """One account for one attempt. `use` is the log's word for the rotation ("2/3"); `repeated` says that the same
    request asked this account before, so that its failures count once."""

    account: Account
    seat: Seat
    use: str
    repeated: bool = False
    settled: bool = False


@dataclass(slots=True, frozen=True)
class Recovery:
    """When the first account of a set is usable again: seconds from now, and the status that made it rest."""

    seconds: float
    status: int
    why: str


class Pool:
    """All accounts of the house, by upstream."""

    def __init__(
        self, accounts: Iterable[Account], selector: Selector, *, cooldown_max_s: float, preferred: str = ""
    ) -> None:
        self._lock = threading.Lock()
        self._by_upstream: dict[str, list[Account]] = {}
        for account in accounts:
            self._by_upstream.setdefault(account.upstream, []).append(account)
        self._selector = selector
        self._cooldown_max = cooldown_max_s
        self._preferred = preferred

    def lease(self, seats: Sequence[Seat], exclude: Collection[str] = ()) -> Lease | None:
        """The next account for any of `seats` (one tier, equal in rank), or None when none is usable.

        `exclude` are account ids already tried for this request.
        """
        now = time.time()
        with self._lock:
            usable: list[Account] = []
            seat_of: dict[str, Seat] = {}
            for seat in seats:
                for account in self._by_upstream.get(seat.upstream, ()):
                    if account.id not in exclude and account.id not in seat_of and account.usable(seat.model, now):
                        usable.append(account)
                        seat_of[account.id] = seat
            if not usable:
                return None
            if len(usable) == 1:
                account, use = usable[0], ""
            else:
                wished = self._preferred
                preferred = next((each for each in usable if each.label == wished), None) if wished else None
                if preferred is not None:
                    account, use = preferred, "preferred"
                else:
                    account, use = self._selector.pick("+".join(seat.upstream for seat in seats), usable)
            account.in_use += 1
            account.uses += 1
            return Lease(account, seat_of[account.id], use)

    def has_usable(self, seats: Sequence[Seat], exclude: Collection[str]) -> bool:
        """Whether `lease` would find an account now."""
        now = time.time()
        with self._lock:
            return any(
                account.id not in exclude and account.usable(seat.model, now)
                for seat in seats
                for account in self._by_upstream.get(seat.upstream, ())
            )

    def again(self, lease: Lease) -> Lease:
        """The same account once more for the same request, whatever its state."""
        with self._lock:
            lease.account.in_use += 1
            lease.account.uses += 1
        return Lease(lease.account, lease.seat, lease.use, repeated=True)

    def succeed(self, lease: Lease) -> None:
        """The attempt was answered: the account is healthy."""
        with self._lock:
            if not self._release(lease):
                return
            account = lease.account
            account.failures = 0
            account.resting_until = 0.0
            account.models_resting.pop(lease.seat.model, None)

    def release(self, lease: Lease) -> None:
        """The attempt says nothing about the account (the client left, or its request was at fault)."""
        with self._lock:
            self._release(lease)

    def fail(self, lease: Lease, verdict: Verdict, status: int, why: str) -> None:
        """`why` is a short reason for logs and `dragoman accounts list`, without secrets."""
        with self._lock:
            if not self._release(lease):
                return
            account = lease.account
            now = time.time()
            if verdict.action == "disable":
                account.disabled_reason = why
                return
            if verdict.action in ("wait", "give_up"):
                return
            if verdict.action == "block":
                account.models_resting[lease.seat.model] = (now + self._rest(verdict, 1), why, status)
                return
            if not (lease.repeated and account.failures):
                account.failures += 1
            rest = self._rest(verdict, account.failures)
            if rest <= 0:
                return
            if verdict.action == "cool_model":
                account.models_resting[lease.seat.model] = (now + rest, why, status)
            else:
                account.resting_until, account.resting_why, account.resting_status = now + rest, why, status

    def recovery(self, seats: Iterable[Seat]) -> Recovery | None:
        """When the soonest account of `seats` is back; None when none will come back by itself."""
        now = time.time()
        soonest: Recovery | None = None
        with self._lock:
            for seat in seats:
                for account in self._by_upstream.get(seat.upstream, ()):
                    if account.disabled_reason is not None:
                        continue
                    entry = account.models_resting.get(seat.model)
                    until, why, status = account.resting_until, account.resting_why, account.resting_status
                    if entry is not None and entry[0] > until:
                        until, why, status = entry
                    found = Recovery(max(until - now, 0.0), status or 429, why or "all slots are in use")
                    if soonest is None or found.seconds < soonest.seconds:
                        soonest = found
        return soonest

    def accounts(self) -> list[Account]:
        """All accounts, in the order of the config."""
        return [account for accounts in self._by_upstream.values() for account in accounts]

    def any_usable(self) -> bool:
        """Whether at least one account could be leased now (for readiness)."""
        now = time.time()
        return any(account.disabled_reason is None and account.resting_until <= now for account in self.accounts())

    def _release(self, lease: Lease) -> bool:
        if lease.settled:
            return False
        lease.settled = True
        lease.account.in_use -= 1
        return True

    def _rest(self, verdict: Verdict, failures: int) -> float:
        if verdict.delay is not None:
            return min(max(verdict.delay, 1.0), self._cooldown_max)
        if not verdict.ladder:
            return 0.0
        return min(verdict.ladder[min(failures, len(verdict.ladder)) - 1], self._cooldown_max)
