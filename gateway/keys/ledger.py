"""The tally of every key, the same for all workers: reserve before a request, settle after it.

Each key has one entry in the state store, changed by compare_and_set only, so that limits are exact over workers. In
one process many requests at once cost few changes: a key in heavy use has a lease (keys/lease.py), and without one
what comes while a change is on its way goes together in the next one, which whoever enters carries to the store,
taking along what was settled before. A thread, the carrier, carries what has nobody to carry it: what is settled while
nobody enters, leases, and what came during somebody's change.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from gateway.config.model import AuthKey
from gateway.keys.desk import Ask, Desk
from gateway.keys.lease import KEEP_S, Lease, Since
from gateway.keys.tally import HOLD_S, NANO, Refused, Tally
from gateway.state.store import Store

log = logging.getLogger("dragoman")

SPACE = "limits"
TTL_S = 40 * 86400.0
TRIES = 200
SECOND_LOOKS_S = (0.01, 0.05, 0.12)
"""A client that has its whole answer may ask again before another worker has settled it; and leases come back."""
LINGER_S = 0.005
"""What is settled without a lease waits so long for a request that enters, to go together in one change."""
GATHER_S = 0.001
"""While a key's requests come faster than this one after the other, each waits so long for the next ones: a change in
the store costs a tenth of a millisecond of CPU."""


class Reservation:
    """What a request holds until `settle` is called, once."""

    __slots__ = ("_desk", "_ledger", "_reserved", "_settled")

    def __init__(self, ledger: Ledger, desk: Desk, reserved: tuple[int, int]) -> None:
        self._ledger, self._desk, self._reserved = ledger, desk, reserved
        self._settled = False

    def settle(self, tokens: int = 0, usd: float = 0.0) -> None:
        """Never waits for the store."""
        if not self._settled:
            self._settled = True
            self._ledger._leave(self._desk, self._reserved, (tokens, round(usd * NANO)))


class Ledger:
    """Any number of greenlets or threads may ask."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._desks: dict[str, Desk] = {}
        self._dirty: deque[Desk] = deque()
        self._urgent: deque[Desk] = deque()
        self._leased: set[Desk] = set()
        self._hurry = threading.Event()
        self._wake = threading.Event()
        self._carrier: threading.Thread | None = None
        self._lock = threading.Lock()

    def enter(self, key: AuthKey, tokens: int = 0, usd: float = 0.0) -> Reservation | Refused:
        """Reserves one request of at most `tokens` and `usd` under the limits of `key`."""
        desk = self._desks.get(key.name) or self._desks.setdefault(key.name, Desk(key.name, key))
        reserved = (tokens, round(usd * NANO))
        for patience in (*SECOND_LOOKS_S, None):
            ask = self._submit(desk, key, reserved)
            if ask is None or ask.refused is None:
                return Reservation(self, desk, reserved)
            if not ask.elsewhere or patience is None:
                break
            time.sleep(patience)
        assert ask is not None and ask.refused is not None
        return ask.refused

    def tally(self, name: str) -> Tally:
        """What the key has used, as of now."""
        return Tally.load(self._store.get(SPACE, name)).at(self._clock())

    def flush(self, timeout_s: float = 2.0) -> bool:
        """Waits until everything settled before is in the store, and what was reserved ahead is given back."""
        until = time.monotonic() + timeout_s
        if self._desks:
            self._renew()
            self._wake_carrier()
        while any(desk.unsaid for desk in list(self._desks.values())):
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def forget(self, name: str) -> None:
        """The name is free again: who gets it next begins with nothing used."""
        self._store.delete(SPACE, name)

    def _submit(self, desk: Desk, key: AuthKey, reserved: tuple[int, int]) -> Ask | None:
        """None: it entered by the lease."""
        with desk.lock:
            desk.key = key
            if not desk.waiting and desk.enters(key, reserved):
                return None
            ask = Ask(key, reserved)
            desk.waiting.append(ask)
            mine, desk.busy = not desk.busy, True
            if not mine:
                ask.done = threading.Event()
        if mine:
            try:
                if time.monotonic() - desk.carried < GATHER_S:
                    time.sleep(GATHER_S)
            finally:
                self._carry(desk)
        elif ask.done is not None:
            ask.done.wait()
        return ask

    def _leave(self, desk: Desk, reserved: tuple[int, int], used: tuple[int, int]) -> None:
        with desk.lock:
            desk.running -= 1
            desk.since.end(*reserved, *used)
            if desk.lease is not None and desk.lease.give(reserved[0] - used[0], reserved[1] - used[1]):
                return
            call = not (desk.busy or desk.called)  # whoever is busy calls when it is done
            desk.called = desk.called or call
        if call:
            self._call(desk)

    def _call(self, desk: Desk) -> None:
        """The carrier's thread looks at the desk a little later; until then anyone who enters may take along what
        waits."""
        self._dirty.append(desk)
        self._wake_carrier()

    def _hand_over(self, desk: Desk) -> None:
        """To the carrier's thread at once, as somebody waits; `desk.busy` stays set until it is done."""
        self._urgent.append(desk)
        self._hurry.set()
        self._wake_carrier()

    def _wake_carrier(self) -> None:
        self._wake.set()
        if self._carrier is None:
            with self._lock:
                if self._carrier is None:
                    self._carrier = threading.Thread(target=self._run, name="ledger", daemon=True)
                    self._carrier.start()

    def _run(self) -> None:
        """Carries what nobody waits for, and tells the store from time to time that this worker lives."""
        renewed = time.monotonic()
        while True:
            self._wake.wait(KEEP_S if self._leased else HOLD_S / 4)
            self._wake.clear()
            if self._urgent:
                time.sleep(GATHER_S)
            elif self._dirty:
                self._hurry.wait(LINGER_S)
            self._hurry.clear()
            while self._urgent:
                self._carried(self._urgent.popleft())
            now = time.monotonic()
            self._dirty.extend(desk for desk in tuple(self._leased) if now - desk.carried >= KEEP_S / 2)
            if now - renewed >= HOLD_S / 4:
                renewed = now
                self._renew()
            while self._dirty:
                desk = self._dirty.popleft()
                with desk.lock:
                    desk.called = False
                    mine = not desk.busy and bool(desk.waiting or desk.since or desk.lease or desk.renew)
                    desk.busy = desk.busy or mine
                if mine:
                    self._carried(desk)

    def _carried(self, desk: Desk) -> None:
        try:
            self._carry(desk)
        except Exception:  # whatever a store raises: what was settled waits for the next change
            log.exception("the limits of key %s could not be kept", desk.name)

    def _renew(self) -> None:
        for desk in list(self._desks.values()):
            if desk.running or desk.since or desk.apart:
                desk.renew = True
                self._dirty.append(desk)

    def _carry(self, desk: Desk) -> None:
        """One change for everything that waits; what comes meanwhile and finds no room in the new lease goes to the
        carrier."""
        with desk.lock:
            batch, desk.waiting = desk.waiting, []
            since, desk.since = desk.since, Since()
            lease, desk.lease = desk.lease, desk.lease.half() if desk.lease is not None and since else None
            least = None if desk.lease is None else replace(desk.lease)
        granted, made = lease, False
        try:
            granted, made = self._change(desk, batch, since, lease, least)
        finally:
            for ask in batch:
                if not made:
                    ask.refused = ask.refused or Refused("concurrency", 1.0)
                if ask.done is not None:
                    ask.done.set()
            desk.carried = time.monotonic()
            with desk.lock:
                if not made:
                    desk.since.add(since)
                if granted is not None and least is not None and desk.lease is not None:
                    granted.move(least, desk.lease)
                desk.lease = granted
                new = granted is not None and desk not in self._leased
                (self._leased.discard if granted is None else self._leased.add)(desk)
                while desk.waiting and desk.enters(desk.waiting[0].key, desk.waiting[0].reserved):
                    ask = desk.waiting.pop(0)
                    if ask.done is not None:
                        ask.done.set()
                urgent = desk.busy = bool(desk.waiting)
                call = made and bool(desk.since) and granted is None and not (urgent or desk.called)
                desk.called = desk.called or call
            if urgent:
                self._hand_over(desk)
            elif call:
                self._call(desk)
            elif new:
                self._wake_carrier()

    def _change(
        self, desk: Desk, batch: list[Ask], since: Since, lease: Lease | None, least: Lease | None
    ) -> tuple[Lease | None, bool]:
        """The new lease, of what must stay of the old one at `least`, and True; or the old one, and False.

        A store that is away is told nothing: it would take only one of what several workers did meanwhile."""
        fresh, often = False, time.monotonic() - desk.carried < KEEP_S
        for turn in range(TRIES):
            now, away = self._clock(), bool(self._store.why)
            if away and desk.known is None and not fresh:
                desk.known, fresh = self._store.get(SPACE, desk.name), True
            tally = Tally.load(desk.known).at(now)
            if desk.apart is not None:
                tally.add(desk.apart.at(now), self._worker)
            tally.settle(desk.key, self._worker, since, lease, now)
            entered = self._let_in(tally, batch, now)
            asked = since.asked(ask.reserved for ask in entered)
            ahead = tally.lease(desk.key, self._worker, asked if often else Since(), now, least)
            changed = bool(since or lease or entered or desk.renew or desk.apart)
            if not changed and not fresh:
                desk.known, fresh = self._store.get(SPACE, desk.name), True
                continue
            value = tally.dump()
            if away or not changed or self._store.compare_and_set(SPACE, desk.name, desk.known, value, TTL_S):
                if away:
                    desk.apart = tally.beyond(Tally.load(desk.known).at(now), self._worker)
                elif changed:
                    desk.known, desk.apart = value, None
                with desk.lock:
                    desk.running += len(entered)
                    desk.renew = False
                return ahead, True
            desk.known, fresh = self._store.get(SPACE, desk.name), True
            if turn:
                time.sleep(random.uniform(0, 0.001 * min(turn, 10)))
        log.warning("the limits of key %s could not be kept: the state store does not take changes", desk.name)
        return lease, False

    def _let_in(self, tally: Tally, batch: list[Ask], now: float) -> list[Ask]:
        for ask in batch:
            ask.refused = tally.enter(ask.key, self._worker, *ask.reserved, now)
            ask.elsewhere = ask.refused is not None and tally.elsewhere(self._worker, ask.refused)
        return [ask for ask in batch if ask.refused is None]
