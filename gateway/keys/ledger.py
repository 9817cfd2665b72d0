"""The tally of every key, the same for all workers: reserve before a request, settle after it.

Each key has one entry in the state store, changed by compare_and_set only, so that limits are exact over workers. In
one process many requests at once cost few changes: what comes while a change is on its way goes together in the next
one, which whoever enters carries to the store, taking along what was settled before. A thread, the carrier, carries
what has nobody to carry it: what is settled while nobody enters, and what came during somebody's change.
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
from dataclasses import dataclass, field

from gateway.config.model import AuthKey
from gateway.keys.tally import HOLD_S, NANO, Refused, Tally
from gateway.state.store import Store

log = logging.getLogger("dragoman")

SPACE = "limits"
TTL_S = 40 * 86400.0
TRIES = 200
SECOND_LOOKS_S = (0.01, 0.03, 0.06)
"""A client that has its whole answer may ask again before another worker has settled it."""
LINGER_S = 0.005
"""What is settled waits so long for a request that enters, to go together in one change."""
GATHER_S = 0.001
"""While a key's requests come faster than this one after the other, each waits so long for the next ones: a change in
the store costs a tenth of a millisecond of CPU."""


@dataclass(slots=True, eq=False)
class _Ask:
    """One change of a tally. `reserved` and `used`: (tokens, nano USD); `used` None asks to enter, `key` None only
    keeps the hold."""

    key: AuthKey | None
    reserved: tuple[int, int] = (0, 0)
    used: tuple[int, int] | None = None
    refused: Refused | None = None
    elsewhere: bool = False
    done: threading.Event | None = None


@dataclass(slots=True, eq=False)
class _Desk:
    """One key's asks in this process. `known` is the entry as this process last saw it; `busy`: somebody carries;
    `called`: the carrier will look; `carried`: when the last change was made (time.monotonic())."""

    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[_Ask] = field(default_factory=list)
    busy: bool = False
    called: bool = False
    carried: float = 0.0
    known: bytes | None = None
    running: int = 0


class Reservation:
    """What a request holds until `settle` is called, once."""

    __slots__ = ("_desk", "_key", "_ledger", "_reserved", "_settled")

    def __init__(self, ledger: Ledger, desk: _Desk, key: AuthKey, reserved: tuple[int, int]) -> None:
        self._ledger, self._desk, self._key, self._reserved = ledger, desk, key, reserved
        self._settled = False

    def settle(self, tokens: int = 0, usd: float = 0.0) -> None:
        """Never waits for the store."""
        if not self._settled:
            self._settled = True
            self._ledger._leave(self._desk, _Ask(self._key, self._reserved, (tokens, round(usd * NANO))))


class Ledger:
    """Any number of greenlets or threads may ask."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._desks: dict[str, _Desk] = {}
        self._dirty: deque[_Desk] = deque()
        self._urgent: deque[_Desk] = deque()
        self._hurry = threading.Event()
        self._wake = threading.Event()
        self._carrier: threading.Thread | None = None
        self._lock = threading.Lock()

    def enter(self, key: AuthKey, tokens: int = 0, usd: float = 0.0) -> Reservation | Refused:
        """Reserves one request of at most `tokens` and `usd` under the limits of `key`."""
        desk = self._desks.get(key.name) or self._desks.setdefault(key.name, _Desk(key.name))
        reserved = (tokens, round(usd * NANO))
        for patience in (*SECOND_LOOKS_S, None):
            ask = _Ask(key, reserved)
            self._submit(desk, ask)
            if ask.refused is None:
                return Reservation(self, desk, key, reserved)
            if ask.refused.limit != "concurrency" or not ask.elsewhere or patience is None:
                break
            time.sleep(patience)
        assert ask.refused is not None
        return ask.refused

    def tally(self, name: str) -> Tally:
        """What the key has used, as of now."""
        return Tally.load(self._store.get(SPACE, name)).at(self._clock())

    def flush(self, timeout_s: float = 2.0) -> bool:
        """Waits until everything settled before is in the store."""
        until = time.monotonic() + timeout_s
        while any(desk.busy or desk.waiting for desk in list(self._desks.values())):
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def forget(self, name: str) -> None:
        """The name is free again: who gets it next begins with nothing used."""
        self._store.delete(SPACE, name)

    def _submit(self, desk: _Desk, ask: _Ask) -> None:
        with desk.lock:
            desk.waiting.append(ask)
            mine, desk.busy = not desk.busy, True
            if not mine:
                ask.done = threading.Event()
        if mine:
            if time.monotonic() - desk.carried < GATHER_S:
                time.sleep(GATHER_S)
            self._carry(desk)
        elif ask.done is not None:
            ask.done.wait()

    def _leave(self, desk: _Desk, ask: _Ask) -> None:
        with desk.lock:
            desk.waiting.append(ask)
            call, desk.called = not (desk.busy or desk.called), True
        if call:
            self._call(desk)

    def _call(self, desk: _Desk) -> None:
        """The carrier's thread looks at the desk a little later; until then anyone who enters may take along what
        waits."""
        self._dirty.append(desk)
        self._wake_carrier()

    def _hand_over(self, desk: _Desk) -> None:
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
            self._wake.wait(HOLD_S / 4)
            self._wake.clear()
            if self._urgent:
                time.sleep(GATHER_S)
            elif self._dirty:
                self._hurry.wait(LINGER_S)
            self._hurry.clear()
            while self._urgent:
                self._carry(self._urgent.popleft())
            while self._dirty:
                desk = self._dirty.popleft()
                with desk.lock:
                    desk.called = False
                    mine = bool(desk.waiting) and not desk.busy
                    desk.busy = desk.busy or mine
                if mine:
                    self._carry(desk)
            if time.monotonic() - renewed >= HOLD_S / 4:
                renewed = time.monotonic()
                self._renew()

    def _renew(self) -> None:
        for desk in list(self._desks.values()):
            if desk.running:
                self._leave(desk, _Ask(None))

    def _carry(self, desk: _Desk) -> None:
        """One change for everything that waits; what comes meanwhile goes to the carrier."""
        with desk.lock:
            batch, desk.waiting = desk.waiting, []
        try:
            self._change(desk, batch)
        except BaseException:
            for ask in batch:
                ask.refused = ask.refused or Refused("concurrency", 1.0)
            raise
        finally:
            for ask in batch:
                if ask.done is not None:
                    ask.done.set()
            desk.carried = time.monotonic()
            with desk.lock:
                desk.busy = any(ask.done is not None for ask in desk.waiting)
                call = bool(desk.waiting) and not (desk.busy or desk.called)
                desk.called = desk.called or call
                urgent = desk.busy
            if urgent:
                self._hand_over(desk)
            elif call:
                self._call(desk)

    def _change(self, desk: _Desk, batch: list[_Ask]) -> None:
        fresh = False
        for turn in range(TRIES):
            tally = Tally.load(desk.known).at(self._clock())
            entered, changed = self._apply(tally, batch)
            if not changed and not fresh:
                desk.known, fresh = self._store.get(SPACE, desk.name), True
                continue
            value = tally.dump()
            if not changed or self._store.compare_and_set(SPACE, desk.name, desk.known, value, TTL_S):
                if changed:
                    desk.known = value
                desk.running += entered - sum(1 for ask in batch if ask.used is not None)
                return
            desk.known, fresh = self._store.get(SPACE, desk.name), True
            if turn:
                time.sleep(random.uniform(0, 0.001 * min(turn, 10)))
        log.warning("the limits of key %s could not be kept: the state store does not take changes", desk.name)
        for ask in batch:
            ask.refused = Refused("concurrency", 1.0)

    def _apply(self, tally: Tally, batch: list[_Ask]) -> tuple[int, bool]:
        """(how many entered, whether the tally changed). Who leaves makes room for who enters."""
        now, entered, changed = self._clock(), 0, False
        for ask in batch:
            if ask.key is None:
                tally.renew(self._worker, now)
                changed = True
            elif ask.used is not None:
                tally.leave(ask.key, self._worker, ask.reserved, ask.used, now)
                changed = True
        for ask in batch:
            if ask.key is not None and ask.used is None:
                ask.refused = tally.enter(ask.key, self._worker, *ask.reserved, now)
                ask.elsewhere = tally.elsewhere(self._worker)
                entered += ask.refused is None
        return entered, changed or entered > 0
