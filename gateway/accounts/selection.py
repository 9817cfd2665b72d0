"""Which of the usable accounts is next. One small class a strategy; all are called under the pool's lock."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from gateway.accounts.account import Account


class Selector(Protocol):
    def pick(self, pool: str, usable: Sequence[Account]) -> tuple[Account, str]:
        """The next account of `pool` (a stable name of the set) and a word for the log, such as "2/3"."""
        ...


class RoundRobin:
    """One account is kept for `count` uses (times its weight), then the next in order; prompt caches like that."""

    def __init__(self, count: int) -> None:
        self._count = max(count, 1)
        self._current: dict[str, tuple[str, int]] = {}

    def pick(self, pool: str, usable: Sequence[Account]) -> tuple[Account, str]:
        last, uses = self._current.get(pool, ("", 0))
        account = next((each for each in usable if each.id == last), None)
        if account is None or uses >= self._count * account.weight:
            account = self._after(last, usable)
            uses = 0
        uses += 1
        self._current[pool] = (account.id, uses)
        return account, f"{uses}/{self._count * account.weight}"

    @staticmethod
    def _after(last: str, usable: Sequence[Account]) -> Account:
        ordered = sorted(usable, key=lambda each: each.id)
        return next((each for each in ordered if each.id > last), ordered[0])


class FillFirst:
    """The first in the config that is usable."""

    def pick(self, pool: str, usable: Sequence[Account]) -> tuple[Account, str]:
        return usable[0], "first"


class LeastUsed:
    """The one with the fewest uses for its weight."""

    def pick(self, pool: str, usable: Sequence[Account]) -> tuple[Account, str]:
        account = min(usable, key=lambda each: (each.uses / each.weight, each.in_use))
        return account, str(account.uses + 1)


class PowerOfTwoChoices:
    """Of two different ones drawn at random (by weight) the one with fewer requests running."""

    def pick(self, pool: str, usable: Sequence[Account]) -> tuple[Account, str]:
        first = _drawn(usable)
        others = [each for each in usable if each is not first]
        if not others:
            return first, "p2c"
        return min(first, _drawn(others), key=lambda each: each.in_use / each.weight), "p2c"


def _drawn(usable: Sequence[Account]) -> Account:
    return random.choices(usable, [each.weight for each in usable])[0]


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
