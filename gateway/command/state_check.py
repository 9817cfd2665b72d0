"""Whether the data folder and the servers the configuration names can be used, for `dragoman config check`."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path

from gateway.config.data_folder import unwritable
from gateway.config.load import load
from gateway.config.redis_url import redis_url
from gateway.monitoring.schema import NoDriver
from gateway.state.redis import RedisStore


def reached(file: str | None) -> list[str]:
    """What to print; the file is known to be sound."""
    config = load(file)
    return [*_folder(config.data_dir), *_redis(config.state.url), *_postgresql(config.records.url)]


def _folder(data_dir: Path) -> list[str]:
    """A folder that is not there yet is left to the gateway: made here, it would belong to whoever runs the check."""
    problem = unwritable(data_dir) if data_dir.exists() else None
    return [f"warning: {problem}"] if problem is not None else []


def _postgresql(url: str) -> list[str]:
    """Records are written aside of requests, so that nothing else would say it before the first of them."""
    return [f"warning: records.url: {NoDriver()}"] if url and find_spec("psycopg") is None else []


def _redis(url: str) -> list[str]:
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
