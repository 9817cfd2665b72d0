"""Whether the Redis server of [state] url answers, for `dragoman config check`."""

from __future__ import annotations

import logging

from gateway.config.load import load
from gateway.config.redis_url import redis_url
from gateway.state.redis import RedisStore


def reached(file: str | None) -> list[str]:
    """What to print; the file is known to be sound."""
    url = load(file).state.url
    if not url:
        return []
    logging.getLogger("dragoman").addHandler(logging.NullHandler())  # said here, not in the log
    store = RedisStore(redis_url(url))
    try:
        if store.reach():
            return [f"state:         {redis_url(url).shown} answers"]
        return [f"warning: state.url: {store.why}. {store.remedy}".rstrip()]
    finally:
        store.close()
