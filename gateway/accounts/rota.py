"""The accounts of one tier in the orders that strategies ask for, so that a choice does not look at all of them.

Those that cannot be had for a while are left out until the first of them is back; whoever is offered is looked at once
more before it is taken.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.accounts.account import Account

TRUST_S = 5.0
"""After so long those left out are looked at anew in any case."""
TIRED_AFTER = 8
"""Places offered in vain before a look at all of them is cheaper."""
TIRED_EVERY_S = 0.5
ROTAS_AT_MOST = 256
"""Tiers whose order is kept: clients may invent model names."""


class Seat(NamedTuple):
    """A place an answer could come from: a model at an upstream."""

    upstream: str
    model: str


Place = tuple[Account, Seat]


class Rota:
    """`name` is the same for all models of the same upstreams. Not locked: the pool does that.

    `derived` is for a strategy to keep what it has worked out from the places; it goes when they change.
    """

    def __init__(self, name: str, places: Iterable[Place]) -> None:
        self.name = name
        self.all = list(places)
        self.places = self.all
        """In the order of the configuration."""
        self.derived: Any = None
        self._version = -1
        self._wake_at = self._looked_at = 0.0
        self._sorted: tuple[list[Place], list[str]] | None = None
        self._labelled: tuple[str, list[Place]] = "", []
        self._by_id: dict[str, list[Place]] = {}
        for place in self.all:
            self._by_id.setdefault(place[0].id, []).append(place)

    def of(self, account_id: str) -> list[Place]:
        return self._by_id.get(account_id, [])

    def preferred(self, label: str) -> list[Place]:
        """The places of the accounts of this name."""
        if self._labelled[0] != label:
            self._labelled = label, [place for place in self.all if place[0].label == label]
        return self._labelled[1]

    def by_id(self) -> tuple[list[Place], list[str]]:
        """The places in the order of their accounts' ids, and those ids."""
        if self._sorted is None:
            places = sorted(self.places, key=_id)
            self._sorted = places, [_id(place) for place in places]
        return self._sorted

    def refresh(self, version: int, now: float, floor: float) -> None:
        """Looks at all accounts if that is due: something has changed (another `version`), one of those left out may be
        back, or the clock was set back."""
        left_out = len(self.places) < len(self.all)
        if version != self._version or (left_out and not self._looked_at <= now < self._wake_at):
            self._look(version, now, floor)

    def complete(self, now: float, floor: float) -> bool:
        """Looks at all accounts unless that has just been done; whether more than before may be had."""
        before = self.places
        if len(before) == len(self.all) or self._looked_at == now:
            return False
        self._look(self._version, now, floor)
        return self.places is not before

    def offered(self, count: int, now: float) -> None:
        """A choice took `count` looks: after many the next one begins with a look at all, from time to time."""
        if count > TIRED_AFTER and not 0 <= now - self._looked_at < TIRED_EVERY_S:
            self._version = -1

    def _look(self, version: int, now: float, floor: float) -> None:
        self._version, self._looked_at = version, now
        self._wake_at = now + TRUST_S
        places = [place for place in self.all if self._awake(place, now, floor)]
        if places != self.places:
            self.places, self.derived, self._sorted = places, None, None

    def _awake(self, place: Place, now: float, floor: float) -> bool:
        account, seat = place
        if account.disabled_reason is not None:
            return False
        if account.resting is not None or account.models_resting:
            until = [rest.until for _, rest in account.rests(seat.model) if rest.left(now) > 0]
            if until:
                self._wake_at = min(self._wake_at, max(until))
                return False
        return not floor or not account.low(seat.model, now, floor)


def _id(place: Place) -> str:
    return place[0].id


class Rotas:
    """The rotas of all tiers that were asked for lately. `accounts` are those of each upstream."""

    def __init__(self, accounts: Mapping[str, Sequence[Account]]) -> None:
        self.accounts = accounts
        self._kept: OrderedDict[tuple[Seat, ...], Rota] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, seats: Sequence[Seat]) -> Rota:
        key = tuple(seats)
        rota = self._kept.get(key)
        if rota is not None:
            self._kept.move_to_end(key)
            return rota
        places = [(account, seat) for seat in key for account in self.accounts.get(seat.upstream, ())]
        rota = self._kept[key] = Rota("+".join(seat.upstream for seat in key), places)
        if len(self._kept) > ROTAS_AT_MOST:
            self._kept.popitem(last=False)
        return rota

    def clear(self) -> None:
        """Accounts have come or gone."""
        self._kept.clear()


class Usable:
    """Whether a place can be had by one request now. `asked` is how often that was asked."""

    __slots__ = ("_exclude", "_floor", "_now", "asked")

    def __init__(self, exclude: Collection[str], now: float, floor: float) -> None:
        self._exclude = exclude
        self._now = now
        self._floor = floor
        self.asked = 0

    def __call__(self, place: Place) -> bool:
        self.asked += 1
        account, seat = place
        return account.id not in self._exclude and account.usable(seat.model, self._now, self._floor)

    def but_full(self, place: Place) -> bool:
        """Whether all that is wrong is that every slot is in use."""
        account, seat = place
        return account.full and account.id not in self._exclude and account.fit(seat.model, self._now, self._floor)
