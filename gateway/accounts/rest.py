"""A cooldown and how it ends: capped, probed by one real request, with a ladder for each kind of failure.

Times are time.time() seconds, so that they mean the same in every worker and after a restart. A clock that is set
must not make a rest of minutes one of a day, nor end all rests at once: `Clock` notices, and the rests move with it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

STRIKES_LAST_S = 3600.0
"""After so long without a failure of a kind its ladder begins anew."""
STEP_S = 5.0
"""A clock that moves this far against the machine's uptime was set."""
FUTURE_S = 60.0
"""What others noted this far in the future was noted by a clock that has been set back since."""


@dataclass(slots=True, frozen=True)
class Rest:
    """`why` and `status` are the failure's, `announced` when the provider said it would be over (0: it did not say).

    `probe`: nobody knows that it is over at `until`, so one request goes first.
    """

    since: float
    until: float
    why: str
    status: int
    kind: str = ""
    probe: bool = False
    announced: float = 0.0

    def left(self, now: float) -> float:
        """Seconds still to rest."""
        return min(self.until - now, self.until - self.since) if self.until > now else 0.0

    def moved(self, seconds: float) -> Rest:
        """The same by a clock that was set by `seconds`."""
        announced = self.announced + seconds if self.announced else 0.0
        return replace(self, since=self.since + seconds, until=self.until + seconds, announced=announced)

    def document(self) -> dict[str, Any]:
        return {
            "since": round(self.since, 3),
            "until": round(self.until, 3),
            "why": self.why,
            "status": self.status,
            "kind": self.kind,
            "probe": self.probe,
            "announced": round(self.announced, 3),
        }


def rest_of(document: Any) -> Rest | None:
    """From `Rest.document`; None for what is none. One that began in the future is over: a request finds out."""
    if not isinstance(document, Mapping):
        return None
    try:
        rest = Rest(
            since=float(document["since"]),
            until=float(document["until"]),
            why=str(document.get("why", "")),
            status=int(document.get("status", 0)),
            kind=str(document.get("kind", "")),
            probe=bool(document.get("probe", False)),
            announced=float(document.get("announced", 0.0)),
        )
    except (KeyError, TypeError, ValueError):
        return None
    now = time.time()
    return rest if rest.since <= now + FUTURE_S else replace(rest, since=now, until=now, announced=0.0, probe=True)


class Clock:
    """Notices when time.time() is set."""

    def __init__(self) -> None:
        self._ahead = time.time() - uptime()

    def step(self) -> float:
        """By how many seconds it was set since this was last asked, 0.0 mostly."""
        ahead = time.time() - uptime()
        step = ahead - self._ahead
        if abs(step) < STEP_S:
            return 0.0
        self._ahead = ahead
        return step


def uptime() -> float:
    """Seconds that nobody can set, with those the machine was asleep where it tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(slots=True)
class Strikes:
    """Failures of one kind in a row. `at` is when the last was counted."""

    count: int = 0
    at: float = 0.0

    def strike(self, now: float) -> int:
        """Counts one more; which one it is."""
        if not 0 <= now - self.at <= STRIKES_LAST_S:
            self.count = 0
        self.count += 1
        self.at = now
        return self.count


def rest_for(
    now: float,
    announced_s: float | None,
    ladder: tuple[float, ...],
    strike: int,
    cap_s: float,
    *,
    why: str,
    status: int,
    kind: str,
) -> Rest | None:
    """How long to rest: what the provider announced, else the ladder's rung; never beyond `cap_s`. None: not at all.

    For the kind "other" the announced time is a guess of ours.
    """
    if announced_s is not None and kind != "other":
        length = max(announced_s, 1.0)
        return Rest(now, now + min(length, cap_s), why, status, kind, probe=length > cap_s, announced=now + length)
    if announced_s is not None:
        ladder = (announced_s,)
    length = ladder[min(strike, len(ladder)) - 1] if ladder else 0.0
    if length <= 0:
        return None
    return Rest(now, now + min(length, cap_s), why, status, kind, probe=True)
