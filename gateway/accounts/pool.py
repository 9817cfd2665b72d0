"""The pool: lease an account for one attempt, settle it afterwards. Thread-safe."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.accounts.account import Account
from gateway.accounts.healing import Recovery, cool, heal, read_quotas, recovery_of
from gateway.accounts.health import Memory, document_of, recall
from gateway.accounts.rest import Clock
from gateway.accounts.roster import Roster
from gateway.accounts.rota import Place, Rota, Rotas, Seat, Usable
from gateway.accounts.selection import Selector
from gateway.accounts.verdict import Verdict
from gateway.canon.quota import Quota

LOOK_EVERY_S = 0.5
"""How often the pool looks for what others (workers, the command line, a hand edit) have changed."""
USES_EVERY_S = 5.0


@dataclass(slots=True)
class Lease:
    """One account for one attempt. `use` is the log's word for the rotation ("2/3"); `repeated` says that the same
    request has failed there before; `spilled` that the account it belongs to has merely no slot free; `since` is
    time.time()."""

    account: Account
    seat: Seat
    use: str
    settled: bool = False
    repeated: bool = False
    spilled: bool = False
    since: float = field(default_factory=time.time)


class Pool:
    """All accounts of the house, by upstream. `rosters` are the upstreams whose accounts come and go while we run."""

    def __init__(
        self,
        accounts: Iterable[Account],
        selector: Selector,
        *,
        cooldown_max_s: float,
        preferred: str = "",
        quota_floor: float = 0.0,
        memory: Memory | None = None,
        rosters: Mapping[str, Roster] | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._by_upstream: dict[str, list[Account]] = {}
        for account in accounts:
            self._by_upstream.setdefault(account.upstream, []).append(account)
        self._selector = selector
        self._cooldown_max = cooldown_max_s
        self._preferred = preferred
        self._floor = quota_floor
        self._memory = memory
        self._rosters = dict(rosters or {})
        self._rotas = Rotas(self._by_upstream)
        self._changes = 0
        """Grows whenever an account may have become usable."""
        self._looked_at = self._counted_at = float("-inf")
        self._clock = Clock()
        with self._lock:
            self._look_around()

    def lease(self, seats: Sequence[Seat], exclude: Collection[str] = (), bound: str = "") -> Lease | None:
        """The next account for any of `seats` (one tier, equal in rank), or None when none is usable.

        `exclude` are account ids already tried for this request; `bound` is the account it belongs to, which goes
        before the preferred one, and that before the strategy.
        """
        now = time.time()
        usable = Usable(exclude, now, self._floor)
        with self._lock:
            self._look_around()
            rota = self._rota(seats)
            spilled, picked = False, None
            if bound:
                place = next(filter(usable, rota.of(bound)), None)
                picked = (place, "") if place is not None else None
                spilled = place is None and any(map(usable.but_full, rota.of(bound)))
            if picked is None:
                rota.refresh(self._changes, now, self._floor)
                picked = self._picked(rota, usable)
                if picked is None and rota.complete(now, self._floor):
                    picked = self._picked(rota, usable)
                rota.offered(usable.asked, now)
            if picked is None:
                return None
            (account, seat), use = picked
            self._take(account, seat.model)
            return Lease(account, seat, use, spilled=spilled)

    def has_choice(self, seats: Sequence[Seat]) -> bool:
        """Whether there is more than one account, usable or not."""
        if len(seats) == 1:
            return len(self._by_upstream.get(seats[0].upstream, ())) > 1
        return sum(len(self._by_upstream.get(upstream, ())) for upstream in {seat.upstream for seat in seats}) > 1

    def _picked(self, rota: Rota, usable: Usable) -> tuple[Place, str] | None:
        if len(rota.all) == 1:
            return (rota.all[0], "") if usable(rota.all[0]) else None
        if self._preferred:
            for place in rota.preferred(self._preferred):
                if usable(place):
                    return place, "preferred"
        return self._selector.pick(rota, usable)

    def _rota(self, seats: Sequence[Seat]) -> Rota:
        if self._rotas.accounts is not self._by_upstream:  # a copy of a pool, with accounts of its own
            self._rotas = Rotas(self._by_upstream)
        return self._rotas.of(seats)

    def shadow(self) -> Pool:
        """A pool in the same state to try things on: no turn is used up, nothing is kept."""
        with self._lock:
            self._look_around()
            other = copy.copy(self)
            other._lock = threading.Lock()
            other._by_upstream = {
                name: [copy.copy(account) for account in accounts] for name, accounts in self._by_upstream.items()
            }
            other._selector = copy.deepcopy(self._selector)
            other._memory, other._rosters = None, {}
        for account in other.accounts():
            account.probing = set(account.probing)
        return other

    def refusals(self, seat: Seat) -> list[tuple[Account, str]]:
        """The accounts of a seat, each with why it would not be leased now ("" when it would)."""
        now = time.time()
        with self._lock:
            return [
                (account, account.refusal(seat.model, now, self._floor))
                for account in self._by_upstream.get(seat.upstream, ())
            ]

    def lease_of(self, account: Account, model: str) -> Lease:
        """This account for `model`, whatever its state: for trying it out."""
        with self._lock:
            self._take(account, model)
        return Lease(account, Seat(account.upstream, model), "")

    def has_usable(self, seats: Sequence[Seat], exclude: Collection[str]) -> bool:
        """Whether `lease` would find an account now."""
        now = time.time()
        with self._lock:
            return any(
                account.id not in exclude and account.usable(seat.model, now, self._floor)
                for seat in seats
                for account in self._by_upstream.get(seat.upstream, ())
            )

    def again(self, lease: Lease) -> Lease:
        """The same account once more for the same request, whatever its state."""
        with self._lock:
            self._take(lease.account, lease.seat.model)
        return Lease(lease.account, lease.seat, lease.use, repeated=True)

    def opened(self, lease: Lease) -> None:
        """The provider has begun to answer with a 2xx: others need not wait for the end of a probe."""
        account = lease.account
        if account.resting is not None or account.models_resting:
            with self._lock:
                self._heal(lease)

    def succeed(self, lease: Lease) -> None:
        """The attempt was answered: the account is healthy."""
        with self._lock:
            if self._release(lease):
                self._heal(lease)

    def release(self, lease: Lease) -> None:
        """The attempt says nothing about the account (the client left, or its request was at fault)."""
        with self._lock:
            self._release(lease)

    def fail(self, lease: Lease, verdict: Verdict, status: int, why: str) -> None:
        """`why` is a short reason for logs and `dragoman accounts list`, without secrets."""
        account = lease.account
        with self._lock:
            if not self._release(lease) or verdict.action in ("wait", "give_up"):
                return
            if verdict.action == "disable":
                account.disabled_reason = account.disabled_reason or why
                if account.credential is None:
                    self._note(account)
            else:
                cool(
                    account,
                    lease.seat.model,
                    verdict,
                    status=status,
                    why=why,
                    since=lease.since,
                    repeated=lease.repeated,
                    cap_s=self._cooldown_max,
                )
                self._note(account)
        if verdict.action == "disable" and account.credential is not None:
            account.credential.disable(why)

    def recovery(self, seats: Iterable[Seat]) -> Recovery | None:
        """When the soonest account of `seats` is back; None when none will come back by itself."""
        now = time.time()
        soonest: Recovery | None = None
        with self._lock:
            for seat in seats:
                for account in self._by_upstream.get(seat.upstream, ()):
                    if account.disabled_reason is not None:
                        continue
                    found = recovery_of(account, seat.model, now, self._floor, self._cooldown_max)
                    if soonest is None or found.seconds < soonest.seconds:
                        soonest = found
        return soonest

    def note_quotas(self, account: Account, quotas: Iterable[Quota]) -> None:
        """What the provider says is left."""
        with self._lock:
            read_quotas(account, quotas, self._cooldown_max)
            self._changes += 1
            self._note(account)

    def accounts(self) -> list[Account]:
        """All accounts, in the order of the config."""
        with self._lock:
            self._look_around()
            return [account for accounts in self._by_upstream.values() for account in accounts]

    def without_account(self, seats: Iterable[Seat]) -> list[str]:
        """The upstreams of these seats, where none of them has any account; [] where one has."""
        upstreams = dict.fromkeys(seat.upstream for seat in seats)
        known = {account.upstream for account in self.accounts()}
        return [] if known & set(upstreams) else list(upstreams)

    def any_usable(self) -> bool:
        """Whether at least one account could be leased now (for readiness)."""
        now = time.time()
        return any(
            account.disabled_reason is None and (account.resting is None or account.resting.left(now) <= 0)
            for account in self.accounts()
        )

    def flush(self) -> None:
        """Writes what is not written yet, for a process that is about to end."""
        if self._memory is not None:
            with self._lock:
                self._count_uses()
            self._memory.flush()

    def problems(self) -> list[str]:
        """Why what is served may not be what is stored, in words."""
        return [problem for roster in self._rosters.values() if (problem := roster.problem)]

    def _take(self, account: Account, model: str) -> None:
        account.in_use += 1
        account.uses += 1
        account.unsaved_uses += 1
        if account.resting is not None or account.models_resting:
            account.probing.update(word for word, rest in account.rests(model) if rest.probe)

    def _release(self, lease: Lease) -> bool:
        if lease.settled:
            return False
        lease.settled = True
        account = lease.account
        account.in_use -= 1
        if account.probing:
            account.probing -= {"", lease.seat.model}
        return True

    def _heal(self, lease: Lease) -> None:
        if heal(lease.account, lease.seat.model, lease.since):
            self._changes += 1
            self._note(lease.account)

    def _note(self, account: Account) -> None:
        if self._memory is not None:
            self._memory.note(account.id, document_of(account))

    def _look_around(self) -> None:
        """Takes over what others have changed. Called under the lock."""
        clock = time.monotonic()
        if clock - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = clock
        step = self._clock.step()
        if step:
            self._changes += 1
            for account in (each for accounts in self._by_upstream.values() for each in accounts):
                account.clock_set(step)
        for upstream, roster in self._rosters.items():
            known = {each.id: each.credential for each in self._by_upstream.get(upstream, ())}
            accounts = roster.changed()
            if accounts is not None:
                self._by_upstream[upstream] = accounts
                self._rotas.clear()
                if self._memory is not None:
                    self._memory.forget_seen()
                for account in accounts:
                    if known.get(account.id, account.credential) is not account.credential:
                        self._note(account)  # what was noted was about its former credential
        if self._memory is None:
            return
        changed = self._memory.changed()
        if changed:
            self._changes += 1
            for account in (each for accounts in self._by_upstream.values() for each in accounts):
                if account.id in changed:
                    recall(account, changed[account.id])
        if clock - self._counted_at >= USES_EVERY_S:
            self._counted_at = clock
            self._count_uses()

    def _count_uses(self) -> None:
        assert self._memory is not None
        for account in (each for accounts in self._by_upstream.values() for each in accounts):
            if account.unsaved_uses:
                self._memory.count(account.id, account.unsaved_uses)
                account.unsaved_uses = 0
