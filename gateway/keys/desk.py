"""What one process knows of one key, and the requests that wait for a change of its tally."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from gateway.config.model import AuthKey
from gateway.keys.lease import Lease, Since
from gateway.keys.tally import Refused, Tally


@dataclass(slots=True, eq=False)
class Ask:
    """To enter, by a change. `reserved`: (tokens, nano USD)."""

    key: AuthKey
    reserved: tuple[int, int]
    refused: Refused | None = None
    elsewhere: bool = False
    done: threading.Event | None = None


@dataclass(slots=True, eq=False)
class Desk:
    """One key in this process, and its limits and its entry in the store (`known`) as last seen; `apart`: what
    happened beyond that while the store was away. `busy`: somebody carries; `called`: the carrier will look; `renew`:
    the store is to hear that this worker lives; `carried`: when the last change was made (time.monotonic())."""

    name: str
    key: AuthKey
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[Ask] = field(default_factory=list)
    since: Since = field(default_factory=Since)
    lease: Lease | None = None
    busy: bool = False
    called: bool = False
    renew: bool = False
    carried: float = 0.0
    known: bytes | None = None
    apart: Tally | None = None
    running: int = 0

    @property
    def unsaid(self) -> bool:
        """Whether there is something that the store is still to hear."""
        return bool(self.busy or self.waiting or self.since or self.lease or self.renew)

    def enters(self, key: AuthKey, reserved: tuple[int, int]) -> bool:
        """By the lease. The caller has the lock."""
        if self.lease is None or not self.lease.take(key, *reserved):
            return False
        self.since.begin(*reserved)
        self.running += 1
        return True
