"""Work that blocks (a disk that syncs) beside the hub, so that no other request waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def offload(work: Callable[[], T]) -> T:
    """The result of `work`: under gevent run by a real thread while this greenlet waits, else run here and now."""
    if "gevent.monkey" in sys.modules:
        from gevent import get_hub, monkey

        if monkey.is_module_patched("socket"):
            pool: Any = get_hub().threadpool
            done: tuple[T | None, BaseException | None] = pool.apply(_outcome, (work,))
            if done[1] is not None:
                raise done[1]
            return done[0]  # type: ignore[return-value]
    return work()


def _outcome(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    """An exception that leaves its thread is printed by gevent, with the arguments of `work` (secrets among them), and
    where stderr is on a full disk the greenlet that waits would wait for ever."""
    try:
        return work(), None
    except BaseException as error:
        return None, error
