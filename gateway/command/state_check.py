"""Whether the servers and proxies the configuration names can be used, for `dragoman config check`."""

from __future__ import annotations

import logging
from importlib.util import find_spec

from gateway.config.load import load
from gateway.config.model import Config
from gateway.config.redis_url import redis_url
from gateway.monitoring.schema import NoDriver
from gateway.state.redis import RedisStore
from gateway.upstreams.transport.session import NO_PYSOCKS


def reached(file: str | None) -> list[str]:
    """What to print; the file is known to be sound."""
    config = load(file)
    return [*_redis(config.state.url), *_postgresql(config.records.url), *_proxies(config)]


def _proxies(config: Config) -> list[str]:
    """Connections are made with the first request."""
    if find_spec("socks") is not None:
        return []
    return [
        f"warning: upstreams.{upstream.name}: proxy: {NO_PYSOCKS}"
        for upstream in config.upstreams
        if any(proxy.lower().startswith("socks") for proxy in (upstream.proxy, *(a.proxy for a in upstream.accounts)))
    ]


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
