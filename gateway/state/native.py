"""Real threads beside gevent: what blocks in the kernel (file locks, fsync) must never run on the hub.

Under gevent's monkey patching `threading` gives greenlets and their locks. The originals are asked for here, and a
greenlet waits for a real thread by way of gevent's own thread pool. Without patching a thread simply blocks.
https://www.gevent.org/api/gevent.threadpool.html
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

POOL_SIZE = 4


def original(module: str, name: str) -> Any:
    """`module.name` as it was before monkey patching."""
    if "gevent.monkey" in sys.modules:
        from gevent import monkey

        return monkey.get_original(module, name)
    return getattr(importlib.import_module(module), name)


def patched() -> bool:
    """Whether threads are greenlets in this process."""
    if "gevent.monkey" not in sys.modules:
        return False
    from gevent import monkey

    return bool(monkey.is_module_patched("threading"))


class Native:
    """Made by the thread whose hub it keeps free, once monkey patching is done."""

    def __init__(self) -> None:
        self._patched = patched()
        self._ident = original("_thread", "get_ident")
        self._start = original("_thread", "start_new_thread")
        self._home = self._ident()
        self._pool: Any = None
        self._hub = _hub() if self._patched else None
        self.new_lock = original("_thread", "allocate_lock")
        self.new_queue = original("queue", "SimpleQueue")
        self.sleep = original("time", "sleep")

    def start(self, work: Callable[[], None]) -> None:
        """Runs `work` in a real thread of its own that does not keep the process alive."""
        self._start(work, ())

    def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises; while it runs in a real thread, other greenlets go on."""
        if not self._patched or self._ident() != self._home:
            return work()
        if self._pool is None:
            from gevent.threadpool import ThreadPool

            self._pool = ThreadPool(POOL_SIZE)
        outcome: tuple[Result | None, BaseException | None] = self._pool.apply(_outcome, (work,))
        if outcome[1] is not None:
            raise outcome[1]
        return outcome[0]  # type: ignore[return-value]

    def tell(self, say: Callable[..., object], *words: object) -> None:
        """Calls `say` where patched locks may be waited for (logging has some), from any thread."""
        if self._hub is None:
            say(*words)
            return
        import gevent

        self._hub.loop.run_callback_threadsafe(gevent.spawn, say, *words)

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.kill()


def _outcome(work: Callable[[], Result]) -> tuple[Result | None, BaseException | None]:
    """gevent prints an exception that leaves its thread; where stderr is on a full disk it would never arrive."""
    try:
        return work(), None
    except BaseException as error:
        return None, error


def _hub() -> Any:
    from gevent import get_hub

    return get_hub()
