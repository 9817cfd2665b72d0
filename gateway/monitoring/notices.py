"""What an operator is told unasked: once when something begins, once when it is over, however many workers see it.

What has been told stands in the shared state, so that it is not told again after a restart.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.state.store import Store

log = logging.getLogger("dragoman")

SPACE = "notices"
KEPT_S = 30 * 86400.0
"""A trouble that lasts longer is told again."""
OVER_S = 30.0
"""So long it must be over: what comes and goes is one event, and workers see changes at different times."""
TRIES, RETRY_S = 4, 5.0
WAITING = 100


@dataclass(slots=True, frozen=True)
class Condition:
    """Something that lasts. `event` and `subject` say what it is; it is told once it has lasted for `settle_s` seconds.
    No secrets in any of it."""

    event: str
    subject: str
    title: str
    message: str
    settle_s: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.event}/{hashlib.sha256(self.subject.encode()).hexdigest()[:16]}"


@dataclass(slots=True)
class Notice:
    """`kind` is "trouble" or "recovered"."""

    kind: str
    event: str
    subject: str
    title: str
    message: str
    tries: int = 0
    not_before: float = field(default=0.0)


class Notices:
    """`look` is called every few seconds with all conditions there are; `send` raises OSError-like exceptions of any
    class when a notice was not taken."""

    def __init__(self, store: Store, send: Callable[[Notice], None]) -> None:
        self._store = store
        self._send = send
        self._since: dict[str, float] = {}
        self._mine: set[str] = set()
        self._over: dict[str, float] = {}
        self._waiting: deque[Notice] = deque(maxlen=WAITING)

    def look(self, conditions: Iterable[Condition]) -> None:
        now = time.monotonic()
        lasting = {condition.key: condition for condition in conditions}
        self._since = {key: self._since.get(key, now) for key in lasting}
        self._mine &= lasting.keys()
        for key, condition in lasting.items():
            if key not in self._mine and now - self._since[key] >= condition.settle_s:
                self._mine.add(key)
                self._begin(condition)
        told = dict(self._store.scan(SPACE))
        self._over = {key: self._over.get(key, now) for key in told.keys() - lasting.keys()}
        for key, since in self._over.items():
            if now - since >= OVER_S and self._store.compare_and_set(SPACE, key, told[key], None):
                self._end(key, told[key])
        self._deliver()

    def _begin(self, condition: Condition) -> None:
        value = "\n".join((condition.subject, condition.title)).encode()
        if self._store.compare_and_set(SPACE, condition.key, None, value, KEPT_S):
            self._waiting.append(
                Notice("trouble", condition.event, condition.subject, condition.title, condition.message)
            )

    def _end(self, key: str, value: bytes) -> None:
        subject, _, title = value.decode(errors="replace").partition("\n")
        self._waiting.append(
            Notice(
                "recovered", key.partition("/")[0], subject, f"Over: {title}", "This is over; nothing has to be done."
            )
        )

    def _deliver(self) -> None:
        for _ in range(len(self._waiting)):
            notice = self._waiting.popleft()
            if time.monotonic() < notice.not_before:
                self._waiting.append(notice)
                continue
            try:
                self._send(notice)
            except Exception as error:  # a webhook's trouble is never the gateway's
                notice.tries += 1
                if notice.tries >= TRIES:
                    log.warning("notify: the webhook did not take %r (%s); given up", notice.event, error)
                    continue
                notice.not_before = time.monotonic() + RETRY_S * 2 ** (notice.tries - 1)
                self._waiting.append(notice)
