"""Which of the usable accounts is next. One small class a strategy; all are called under the pool's lock.

None of them looks at more accounts than it needs: a pool of a thousand must not cost more than one of two.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from itertools import accumulate
from typing import Protocol

from gateway.accounts.rota import Place, Rota

Usable = Callable[[Place], bool]

FEW = 16
"""Up to so many accounts are all looked at where a choice is drawn; from more a sample is."""
DRAWS = 8


class Selector(Protocol):
    def pick(self, rota: Rota, usable: Usable) -> tuple[Place, str] | None:
        """The next place, with a word for the log such as "2/3"; None when none is usable."""
        ...


class RoundRobin:
    """One account is kept for `count` uses (times its weight), then the next in order; prompt caches like that."""

    def __init__(self, count: int) -> None:
        self._count = max(count, 1)
        self._current: dict[str, tuple[str, int]] = {}

    def pick(self, rota: Rota, usable: Usable) -> tuple[Place, str] | None:
        last, uses = self._current.get(rota.name, ("", 0))
        places, ids = rota.by_id()
        at = bisect_left(ids, last)
        while at < len(ids) and ids[at] == last:
            place = places[at]
            if uses < self._count * place[0].weight and usable(place):
                return self._used(rota, place, uses + 1)
            at += 1
        for step in range(at, at + len(places)):
            place = places[step % len(places)]
            if usable(place):
                return self._used(rota, place, 1)
        return None

    def _used(self, rota: Rota, place: Place, uses: int) -> tuple[Place, str]:
        account = place[0]
        self._current[rota.name] = (account.id, uses)
        return place, f"{uses}/{self._count * account.weight}"


class FillFirst:
    """The first in the config that is usable."""

    def pick(self, rota: Rota, usable: Usable) -> tuple[Place, str] | None:
        place = next(filter(usable, rota.places), None)
        return None if place is None else (place, "first")


class LeastUsed:
    """The one with the fewest uses for its weight; of equals one with fewer requests running, about."""

    def pick(self, rota: Rota, usable: Usable) -> tuple[Place, str] | None:
        heap: list[tuple[tuple[float, int], int, Place]] | None = rota.derived
        if heap is None:
            heap = rota.derived = [(_use(place), number, place) for number, place in enumerate(rota.places)]
            heapify(heap)
        aside = []
        found: Place | None = None
        while heap and found is None:
            known, number, place = heap[0]
            now = _use(place)
            if now > known:
                heapreplace(heap, (now, number, place))
            elif usable(place):
                found = place
            else:
                aside.append(heappop(heap))
        for each in aside:
            heappush(heap, each)
        return None if found is None else (found, str(found[0].uses + 1))


class PowerOfTwoChoices:
    """Of two different ones drawn at random (by weight) the one with fewer requests running."""

    def pick(self, rota: Rota, usable: Usable) -> tuple[Place, str] | None:
        two = self._sample(rota, usable) if len(rota.places) > FEW else None
        if two is None:
            every = [place for place in rota.places if usable(place)]
            if not every:
                return None
            first = _drawn(every)
            others = [place for place in every if place[0] is not first[0]]
            two = [first, _drawn(others)] if others else [first]
        return min(two, key=lambda place: place[0].in_use / place[0].weight), "p2c"

    @staticmethod
    def _sample(rota: Rota, usable: Usable) -> list[Place] | None:
        """None when two usable ones are not found quickly."""
        sums: list[int] | None = rota.derived
        if sums is None:
            sums = rota.derived = list(accumulate(place[0].weight for place in rota.places))
        found: list[Place] = []
        for place in random.choices(rota.places, cum_weights=sums, k=DRAWS):
            if (not found or place[0] is not found[0][0]) and usable(place):
                found.append(place)
                if len(found) == 2:
                    return found
        return None


def _use(place: Place) -> tuple[float, int]:
    account = place[0]
    return account.uses / account.weight, account.in_use


def _drawn(places: Sequence[Place]) -> Place:
    return random.choices(places, [place[0].weight for place in places])[0]


def selector(strategy: str, rotation_count: int) -> Selector:
    match strategy:
        case "fill_first":
            return FillFirst()
        case "least_used":
            return LeastUsed()
        case "p2c":
            return PowerOfTwoChoices()
        case _:
            return RoundRobin(rotation_count)
