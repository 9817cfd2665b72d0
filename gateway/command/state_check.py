"""Whether models, tools, data folder, servers and proxies the configuration names are there, for `config check`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from gateway.config.data_folder import unwritable
from gateway.config.load import load
from gateway.config.model import Config
from gateway.config.redis_url import redis_url
from gateway.config.substitution import join
from gateway.monitoring.schema import NoDriver
from gateway.routing.router import UnknownModel
from gateway.state.redis import RedisStore
from gateway.upstreams.transport.session import NO_PYSOCKS
from gateway.wiring import looked_at


def reached(file: str | None) -> list[str]:
    """What to print; the file is known to be sound."""
    config = load(file)
    return [
        *_models(config),
        *_folder(config.data_dir),
        *_redis(config.state.url),
        *_postgresql(config.records.url),
        *_proxies(config),
    ]


def _models(config: Config) -> Iterator[str]:
    """Tools that are not installed, and names that lead to a model nobody serves: most often a typo."""
    upstreams, router = looked_at(config)
    for name, upstream in upstreams.items() if config.upstreams else ():
        if (why := upstream.available()) is not None:
            yield f'warning: upstream "{name}": {why}'
    for path, model in _asked(config):
        try:
            router.route(model)
        except UnknownModel as unknown:
            if not any(warning.startswith(f"{path}:") for warning in config.warnings):
                yield f"warning: {path}: {unknown.reason}"


def _asked(config: Config) -> Iterator[tuple[str, str]]:
    """(place in the configuration, a name that is asked for by way of it)"""
    for name in config.models.map:
        yield join("models.map", name), name.replace("*", "x")
    if config.models.default:
        yield "models.default", config.models.default
    for index, agent in enumerate(config.agents):
        if not agent.upstream:
            yield f"agents[{index}].model", agent.model


def _folder(data_dir: Path) -> list[str]:
    """A folder that is not there yet is left to the gateway: made here, it would belong to whoever runs the check."""
    problem = unwritable(data_dir) if data_dir.exists() else None
    return [f"warning: {problem}"] if problem is not None else []


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
