"""Waiting until a non-blocking socket is ready: one way for plain threads, one for gevent's hub.

gevent's own ``recv`` with a timeout makes a Timeout (an exception object, a timer and a watcher switch) for
every wait. Here the io watcher lives as long as the connection and a wait costs one bare timer.
"""

from __future__ import annotations

import math
import select
import sys
from math import inf as _inf
from time import monotonic as _monotonic
from typing import Any, Protocol

READ = 1
WRITE = 2


class Waiter(Protocol):
    """Readiness of one file descriptor. ``events`` is READ, WRITE or both or-ed; ``timeout`` seconds, None
    for ever.
    """

    def wait(self, events: int, timeout: float | None) -> bool:
        """True when ready (or hung up), False when the time is over."""

    def breathe(self) -> None:
        """Let others run: a socket that is always ready would otherwise keep one greenlet running for
        ever.
        """

    def close(self) -> None:
        """Forget the descriptor; to be called before it is closed."""


class PollWaiter:
    """poll(2) for threads; select where the system has no poll (Windows)."""

    __slots__ = ("_fd", "_polls")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._polls: dict[int, Any] = {}

    def wait(self, events: int, timeout: float | None) -> bool:
        if timeout is not None and timeout < 0:
            timeout = 0
        if not hasattr(select, "poll"):
            fds = [self._fd]
            found = select.select(fds if events & READ else [], fds if events & WRITE else [], fds, timeout)
            return any(found)
        poll = self._polls.get(events)
        if poll is None:
            poll = self._polls[events] = select.poll()
            mask = (select.POLLIN if events & READ else 0) | (select.POLLOUT if events & WRITE else 0)
            poll.register(self._fd, mask)
        return bool(poll.poll(None if timeout is None else math.ceil(timeout * 1000)))

    def breathe(self) -> None:
        """Threads are preempted: nothing to do."""

    def close(self) -> None:
        self._polls.clear()


class HubWaiter:
    """gevent: a switch to the hub, woken by a lasting io watcher or by a timer.

    The timer lasts too. It is left running when bytes came before it, and sees for itself, once it is due, whether
    anybody's time is up by then.
    """

    __slots__ = ("_due", "_fd", "_hub", "_timer", "_until", "_waiting", "_watchers")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._hub: Any = None
        self._watchers: dict[int, Any] = {}
        self._timer: Any = None
        self._due = _inf
        self._until = _inf
        self._waiting: Any = None

    def wait(self, events: int, timeout: float | None) -> bool:
        hub = _get_hub()
        if hub is not self._hub:
            # A pooled connection may be taken up by another native thread, which has a loop of its own.
            self.close()
            self._hub = hub
        watcher = self._watchers.get(events)
        if watcher is None:
            # Ahead of timers: bytes and the end of the wait in the same turn of the loop must count as bytes.
            watcher = self._watchers[events] = hub.loop.io(self._fd, events, priority=hub.loop.MAXPRI)
        switch = _getcurrent().switch
        watcher.start(switch, watcher)
        try:
            if timeout is not None:
                self._until = until = _monotonic() + timeout
                self._waiting = switch
                if until < self._due:
                    self._arm(timeout)
            while True:
                woken = hub.switch()
                if woken is watcher:
                    return True
                if woken is self:
                    return False
        finally:
            self._waiting = None
            watcher.stop()

    def _arm(self, timeout: float) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
        self._due = self._until
        self._timer = self._hub.loop.timer(max(timeout, 0.0))
        self._timer.start(self._ring)

    def _ring(self) -> None:
        """In the hub."""
        self._due, self._timer = _inf, None
        switch = self._waiting
        if switch is None:
            return
        left = self._until - _monotonic()
        if left > 0:
            self._arm(left)
        else:
            self._waiting = None
            switch(self)

    def breathe(self) -> None:
        _sleep(0)

    def close(self) -> None:
        watchers, self._watchers = self._watchers, {}
        timer, self._timer, self._due = self._timer, None, _inf
        for watcher in (*watchers.values(), *(() if timer is None else (timer,))):
            watcher.stop()
            watcher.close()


_get_hub: Any = None
_getcurrent: Any = None
_sleep: Any = None


def waiter_class() -> type[PollWaiter] | type[HubWaiter]:
    """The strategy for this process, asked when a transport is built (monkey patching comes before that)."""
    global _get_hub, _getcurrent, _sleep
    if "gevent.monkey" not in sys.modules:
        return PollWaiter
    from gevent import get_hub, getcurrent, monkey, sleep

    if not monkey.is_module_patched("socket"):
        return PollWaiter
    _get_hub, _getcurrent, _sleep = get_hub, getcurrent, sleep
    return HubWaiter
