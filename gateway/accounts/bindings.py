"""Which account a conversation belongs to: known here, kept in the state that all workers share.

What was read once is believed until a worker somewhere has moved a conversation (one mark in the store says so, looked
at every LOOK_EVERY_S), so that a conversation in its course costs no look into the store. Of two workers that bind the
same conversation at the same time the last one is right: the other looks once more AGAIN_S later.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.state.store import Store

SPACE = "affinity"
MARK = "moved"
LIMIT = 100_000
LOOK_EVERY_S = 0.4
AGAIN_S = 0.5
LINGER_S = 0.15
"""With LOOK_EVERY_S and the store's own delay well below the second in which all workers agree."""
SPARE = 0.25
"""The store is told of a use after this part of the time to live, and keeps an entry for so much longer."""


_Bound = tuple[str, float, float, int, float, bool]
"""(account, until, when to tell the store of a use, the epoch it was read or written in, when it has to be read once
more, whether it was written here). A bare tuple of plain values: the garbage collector leaves those alone, and there
may be a hundred thousand."""


class Bindings:
    """Names of conversations (hashes) to account ids, for `ttl_s` after the last use; at most `limit` in this process,
    the longest unused goes first. Safe for greenlets and threads."""

    def __init__(
        self,
        store: Store,
        ttl_s: float,
        *,
        limit: int = LIMIT,
        linger_s: float = LINGER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._limit = limit
        self._linger_s = linger_s
        self._clock = clock
        self._waiting: dict[str, bytes | None] = {}
        self._writing = False
        self._known: OrderedDict[str, _Bound] = OrderedDict()
        self._lock = threading.Lock()
        self._epoch = 0
        self._mark: bytes | None = None
        self._looked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._known)

    def known(self, name: str) -> str:
        """As `find`, as far as this process can tell without a look into the store."""
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._look_around(now)
        with self._lock:
            known = self._current(name, now)
            if known is not None and known[3] == self._epoch and now < known[4]:
                self._known.move_to_end(name)
                return known[0]
        return ""

    def find(self, *names: str) -> str:
        """The account of the first of `names` that is bound, "" when none is."""
        account = self.known(names[0])
        if account:
            return account
        now, epoch = self._clock(), self._epoch
        stored = self._store.get_many(SPACE, names)
        with self._lock:
            for name in names:
                value = stored.get(name)
                known = self._current(name, now)
                if value is not None:
                    account = value.decode()
                    ours = known is not None and known[5]
                    self._put(name, (account, now + self._ttl_s, now, epoch, float("inf"), ours))
                    break
                if known is not None:  # the store may have had to make room, or be in trouble
                    return known[0]
            else:
                return ""
        self._make_room()
        return account

    def bind(self, name: str, account: str, *, moved: bool = False, first: bool = False) -> None:
        """`moved`: it was bound to another one, and everybody has to know. `first`: it was not bound before; where
        another request of it was quicker, that one is right."""
        now = self._clock()
        with self._lock:
            known = self._current(name, now)
            again_at = now + AGAIN_S
            if known is not None:
                if known[0] == account:
                    _, _, renew_at, epoch, again_at, ours = known
                    if now < renew_at:
                        self._put(name, (account, now + self._ttl_s, renew_at, epoch, again_at, ours))
                        return
                elif first:
                    return
            renew_at = now + self._ttl_s * SPARE
            self._put(name, (account, now + self._ttl_s, renew_at, self._epoch, again_at, True))
        self._make_room()
        self._tell(name, account.encode())
        if moved:
            self._tell(MARK, secrets.token_bytes(8))

    def _current(self, name: str, now: float) -> _Bound | None:
        known = self._known.get(name)
        if known is not None and now >= known[1]:
            del self._known[name]
            return None
        return known

    def _put(self, name: str, bound: _Bound) -> None:
        self._known[name] = bound
        self._known.move_to_end(name)

    def _make_room(self) -> None:
        """Those that are forgotten here are deleted by whoever wrote them, so that the store is bounded too."""
        if len(self._known) <= self._limit:
            return
        with self._lock:
            name, bound = self._known.popitem(last=False)
        if bound[5]:
            self._tell(name, None)

    def _tell(self, name: str, value: bytes | None) -> None:
        """Has the store written, a moment later: first turns that are equal write the same name again and again."""
        if self._linger_s <= 0:
            return self._write({name: value})
        with self._lock:
            self._waiting.pop(name, None)  # the mark must stay behind what it speaks of
            self._waiting[name] = value
            if self._writing:
                return
            self._writing = True
        threading.Thread(target=self._write_soon, name="bindings", daemon=True).start()

    def _write_soon(self) -> None:
        time.sleep(self._linger_s)
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._writing = False
        self._write(waiting)

    def _write(self, values: dict[str, bytes | None]) -> None:
        for name, value in values.items():
            if value is None:
                self._store.delete(SPACE, name)
            else:
                self._store.put(SPACE, name, value, self._ttl_s * (1 + SPARE))

    def _look_around(self, now: float) -> None:
        self._looked_at = now
        mark = self._store.get(SPACE, MARK)
        if mark != self._mark:
            self._mark = mark
            with self._lock:
                self._epoch += 1
