"""The composition root: from a Config to a Gateway. The only file that imports every room."""

from __future__ import annotations

import time
from functools import lru_cache, partial

from gateway.accounts.account import Account
from gateway.accounts.pool import Pool
from gateway.accounts.selection import selector
from gateway.canon.models import ModelInfo
from gateway.config.model import Config
from gateway.config.model import Upstream as Settings
from gateway.monitoring.recorder import Recorder
from gateway.protocols import anthropic, chat, completions, gemini, responses
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import loads
from gateway.relay.relay import Relay
from gateway.relay.remembered import Remembered
from gateway.relay.settings import RelaySettings
from gateway.routing.catalog import Catalog
from gateway.routing.profiles import profile_for
from gateway.routing.router import Router, Serving
from gateway.state.sqlite import SqliteStore
from gateway.state.store import Store
from gateway.upstreams.kinds import kinds
from gateway.upstreams.transport.session import Transport
from gateway.upstreams.upstream import Surroundings, Upstream
from gateway.web.gateway import Gateway
from gateway.web.keys import ClientKeys

EMBEDDED = "embedded"
STATE_FILE = "gateway.db"
LIST_TIMEOUT_S = 2.0
LIST_LIMIT = 16 * 1024 * 1024
LIST_PAGES = 5


def dialects() -> dict[str, Dialect]:
    """Every dialect a client may speak, by name."""
    return {each.DIALECT.name: each.DIALECT for each in (chat, completions, responses, anthropic, gemini)}


def embedded(config: Config) -> bool:
    """Whether the embedded model serves: only while nothing else is configured."""
    return not config.upstreams


def build(
    config: Config,
    *,
    lean: bool = True,
    local_only: bool | None = None,
    recorder: Recorder | None = None,
    state: Store | None = None,
) -> Gateway:
    """`lean=False` sends by requests' own HTTPAdapter (which `responses` can stand in for); `local_only` says that
    every listening socket is loopback or unix (default: what the configuration says); `recorder` and `state` are
    those of the Gateway that this one replaces."""
    state = state or SqliteStore(config.data_dir / STATE_FILE)
    known = dialects()
    upstreams = _upstreams(config, lean)
    pool = Pool(
        _accounts(config, upstreams),
        selector(config.routing.strategy, config.routing.rotation_count),
        cooldown_max_s=config.routing.cooldown_max_s,
        preferred=config.routing.preferred_account,
    )
    servings = [_serving(upstream, embedded(config)) for upstream in upstreams.values()]
    catalog = Catalog(servings, config.models, partial(_list, upstreams, known, pool))
    router = Router(config.models, servings, catalog.listed)
    server = config.server
    settings = RelaySettings(
        max_attempts=config.routing.max_attempts,
        request_timeout_s=server.request_timeout_s,
        keepalive_s=server.keepalive_s,
        hold_thinking_s=server.hold_thinking_s,
        resume=server.resume,
        strict=server.strict,
        profile_for=lru_cache(maxsize=1024)(partial(profile_for, overrides=config.models.profiles)),
        remembered=Remembered(state),
    )
    return Gateway(
        config=config,
        keys=ClientKeys(config, local_only=server.loopback if local_only is None else local_only),
        relay=Relay(router, pool, upstreams, known, settings),
        router=router,
        catalog=catalog,
        pool=pool,
        upstreams=upstreams,
        dialects=known,
        recorder=recorder or Recorder(form=server.log_format),
        state=state,
    )


def _upstreams(config: Config, lean: bool) -> dict[str, Upstream]:
    pools: dict[tuple[str, str], Transport] = {}

    def transport(proxy: str, ca_file: str) -> Transport:
        found = pools.get((proxy, ca_file))
        if found is None:
            found = pools.setdefault((proxy, ca_file), Transport(lean=lean, proxy=proxy, ca_file=ca_file))
        return found

    surroundings = Surroundings(config.server, config.data_dir, transport)
    known = kinds()
    settings = config.upstreams or (Settings(name=EMBEDDED, kind="local"),)
    return {each.name: known[each.kind](each, surroundings) for each in settings if each.kind in known}


def _accounts(config: Config, upstreams: dict[str, Upstream]) -> list[Account]:
    accounts = []
    for name, upstream in upstreams.items():
        settings = upstream.settings
        if not settings.accounts:
            accounts.append(Account(f"{name}/keyless", name, name, weight=settings.weight))
        for number, each in enumerate(settings.accounts):
            label = each.email or each.label or f"{name}-{number + 1}"
            accounts.append(
                Account(
                    id=f"{name}/{number:04d}/{label}",
                    upstream=name,
                    label=label,
                    secret=each.api_key,
                    weight=max(each.weight, 1) * max(settings.weight, 1),
                    max_concurrency=each.max_concurrency,
                    proxy=each.proxy,
                )
            )
    return accounts


def _serving(upstream: Upstream, alone: bool) -> Serving:
    settings = upstream.settings
    return Serving(
        name=upstream.name,
        models=settings.models,
        families=upstream.families,
        priority=settings.priority,
        tool=settings.tool,
        default=settings.default,
        takes_all=alone and settings.name == EMBEDDED,
    )


def _list(upstreams: dict[str, Upstream], known: dict[str, Dialect], pool: Pool, name: str) -> list[ModelInfo]:
    """A provider's own model list, all pages, within LIST_TIMEOUT_S."""
    upstream = upstreams[name]
    if upstream.available() is not None:
        raise LookupError("not available")
    account = next(each for each in pool.accounts() if each.upstream == name and each.disabled_reason is None)
    deadline = time.monotonic() + LIST_TIMEOUT_S
    found: list[ModelInfo] = []
    page = ""
    for _ in range(LIST_PAGES):
        exchange = upstream.open(
            "models",
            page,
            None,
            secret=account.secret,
            proxy=account.proxy,
            more_headers=upstream.translated_headers,
            head_timeout=LIST_TIMEOUT_S,
            deadline=deadline,
        )
        try:
            if exchange.status != 200:
                raise LookupError(f"status {exchange.status}")
            models, page = known[upstream.dialect].read_models(
                loads(exchange.read_all(LIST_LIMIT, LIST_TIMEOUT_S, deadline))
            )
        finally:
            exchange.close()
        found += models
        if not page:
            break
    return found

