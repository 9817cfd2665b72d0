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
            done: T = pool.apply(work)
            return done
    return work()
