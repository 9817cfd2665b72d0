"""The composition root: from a Config to a Gateway. The only file that imports every room."""

from __future__ import annotations

import logging
from functools import lru_cache, partial
from pathlib import Path

from gateway.accounts.account import Account
from gateway.accounts.bindings import Bindings
from gateway.accounts.health import FORGET_AFTER_S as FORGET_HEALTH_AFTER_S
from gateway.accounts.health import POOL_SPACE as POOL
from gateway.accounts.health import SPACE as HEALTH
from gateway.accounts.health import HealthNotes
from gateway.accounts.health_file import take_over
from gateway.accounts.migrate import migrate
from gateway.accounts.oauth import Client, Post
from gateway.accounts.oauth_clients import Clients, known_clients
from gateway.accounts.oauth_credential import OAuthCredential
from gateway.accounts.pool import Pool
from gateway.accounts.roster import TokensRoster
from gateway.accounts.selection import selector
from gateway.accounts.shared_tokens import SharedTokens
from gateway.accounts.tokens import TokensFile
from gateway.canon.models import ModelInfo
from gateway.config.model import DEFAULT_TOKEN_URL, Config
from gateway.config.model import Upstream as Settings
from gateway.config.redis_url import redis_url
from gateway.config.secrets import secrets_of
from gateway.keys.issued import SPACE as ISSUED
from gateway.keys.issued import IssuedKeys
from gateway.keys.ledger import SPACE as LIMITS
from gateway.keys.ledger import TTL_S as LIMITS_TTL_S
from gateway.keys.ledger import Ledger
from gateway.monitoring.archive import Archive
from gateway.monitoring.files import FOLDER as METRICS_FOLDER
from gateway.monitoring.metrics import Metrics, Now, metrics_of
from gateway.monitoring.prices import load_prices
from gateway.monitoring.recorder import Recorder, Sink
from gateway.monitoring.telemetry import telemetry
from gateway.protocols import anthropic, chat, completions, gemini, prompt, responses
from gateway.protocols.dialect import Dialect
from gateway.relay.affinity import Affinity
from gateway.relay.listing import listed
from gateway.relay.media import MediaPolicy
from gateway.relay.relay import Relay
from gateway.relay.remembered import Remembered
from gateway.relay.settings import RelaySettings
from gateway.relay.stored import StoredResponses
from gateway.routing.catalog import Catalog
from gateway.routing.patterns import best_match
from gateway.routing.profiles import profile_for
from gateway.routing.router import Router, Serving
from gateway.state.adopt import adopt
from gateway.state.redis import RedisStore
from gateway.state.sqlite import SqliteStore
from gateway.state.store import Store
from gateway.upstreams.fetch import Fetcher
from gateway.upstreams.form import post_form
from gateway.upstreams.kinds import kinds
from gateway.upstreams.offload import offload
from gateway.upstreams.transport.session import Transport
from gateway.upstreams.upstream import Surroundings, Upstream
from gateway.web.admission import Admission
from gateway.web.gateway import Gateway
from gateway.web.keys import ClientKeys

log = logging.getLogger("dragoman")

EMBEDDED = "embedded"
STATE_FILE = "gateway.db"
LIST_TIMEOUT_S = 2.0
ADOPTED = {ISSUED: None, LIMITS: LIMITS_TTL_S, HEALTH: FORGET_HEALTH_AFTER_S, POOL: None}
"""What a machine that begins to share its state brings along; the rest is short-lived."""


def dialects() -> dict[str, Dialect]:
    """Every dialect a client or an upstream may speak, by name (no client speaks prompt)."""
    return {each.DIALECT.name: each.DIALECT for each in (chat, completions, responses, anthropic, gemini, prompt)}


def state_of(config: Config) -> Store:
    """The state store of a configuration, for a process that has none yet."""
    if config.state.url:
        return RedisStore(redis_url(config.state.url))
    return SqliteStore(config.data_dir / STATE_FILE)


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
    ledger: Ledger | None = None,
) -> Gateway:
    """`lean=False` sends by requests' own HTTPAdapter (which `responses` can stand in for); `local_only` says that
    every listening socket is loopback or unix (default: what the configuration says); `recorder`, `state` and
    `ledger` are those of the Gateway that this one replaces."""
    state = state or state_of(config)
    if isinstance(state, RedisStore):
        adopt(config.data_dir / STATE_FILE, state, ADOPTED)
    take_over(config.data_dir, state)
    known = dialects()
    upstreams = _upstreams(config, lean)
    pool = Pool(
        _accounts(config, upstreams),
        selector(config.routing.strategy, config.routing.rotation_count),
        cooldown_max_s=config.routing.cooldown_max_s,
        preferred=config.routing.preferred_account,
        quota_floor=config.routing.quota_floor,
        memory=HealthNotes(state),
        rosters=_rosters(upstreams, state),
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
        media=MediaPolicy(Fetcher(config.media.fetch_hosts)),
        affinity=_affinity(config, state),
        tracing=telemetry() is not None,
    )
    local_only = server.loopback if local_only is None else local_only
    keys = ClientKeys(config, local_only=local_only, issued=IssuedKeys(state))
    prices, faults = load_prices(config.data_dir, best_match)
    for fault in faults:
        log.warning("%s", fault)
    gateway = Gateway(
        config=config,
        keys=keys,
        admission=Admission(keys, ledger or Ledger(state), router, prices),
        prices=prices,
        metrics=_metrics(config),
        relay=Relay(router, pool, upstreams, known, settings),
        router=router,
        catalog=catalog,
        pool=pool,
        upstreams=upstreams,
        dialects=known,
        recorder=recorder or _recorder(config),
        state=state,
        stored=StoredResponses(state, config.responses),
    )
    if gateway.metrics is not None:
        gateway.metrics.watch(lambda: Now(len(gateway.running), gateway.recorder.waiting))
    return gateway


def _affinity(config: Config, state: Store) -> Affinity | None:
    routing = config.routing
    return Affinity(Bindings(state, routing.affinity_ttl_s)) if routing.session_affinity else None


def _recorder(config: Config) -> Recorder:
    archive = Archive(config.records, config.data_dir, lambda: secrets_of(config))
    metrics, traces = _metrics(config), telemetry()
    sinks: list[Sink] = [archive.put, *([metrics.take] if metrics else ()), *([traces.take] if traces else ())]
    return Recorder(
        form=config.server.log_format,
        sinks=sinks,
        ends=(archive.close, *([traces.close] if traces else ())),
        trouble=lambda: archive.why,
        keep=archive.put_bodies,
    )


def _metrics(config: Config) -> Metrics | None:
    return metrics_of(config.data_dir / METRICS_FOLDER) if config.metrics.enabled else None


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
        if settings.tokens_file:
            continue
        if not settings.accounts:
            accounts.append(
                Account(
                    f"{name}/keyless",
                    name,
                    name,
                    weight=settings.weight,
                    max_concurrency=upstream.at_once,
                    repeats=upstream.repeats,
                    queues=upstream.at_once > 0,
                )
            )
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


def tokens_of(state: Store, settings: Settings) -> TokensFile:
    """The tokens.json of an upstream that has one; where machines share their state they share it."""
    path = Path(settings.tokens_file)
    shared = isinstance(state, RedisStore)
    return SharedTokens(path, state, settings.name, offload) if shared else TokensFile(path, offload)


def _rosters(upstreams: dict[str, Upstream], state: Store) -> dict[str, TokensRoster]:
    """The accounts of each tokens.json. Projects that came by environment move into it first."""
    files: dict[str, TokensFile] = {}
    rosters = {}
    for name, upstream in upstreams.items():
        settings = upstream.settings
        if not settings.tokens_file:
            continue
        tokens = files.get(settings.tokens_file) or tokens_of(state, settings)
        files[settings.tokens_file] = tokens
        oauth = settings.oauth
        configured = Client(oauth.client_id, oauth.client_secret, oauth.token_url)
        if settings.accounts:
            migrate(tokens, settings.accounts, configured)
        clients = known_clients(tokens.document, configured, DEFAULT_TOKEN_URL)
        make = partial(_credential, tokens, clients, partial(post_form, upstream))
        rosters[name] = TokensRoster(name, tokens, make, max(settings.weight, 1))
    return rosters


def _credential(tokens: TokensFile, clients: Clients, post: Post, name: str, refresh_token: str) -> OAuthCredential:
    return OAuthCredential(name, tokens, refresh_token, clients, post)


def looked_at(config: Config) -> tuple[dict[str, Upstream], Router]:
    """Upstreams and router for a check: nothing is stored, and a provider whose own list would be asked is
    taken to have every model."""
    upstreams = _upstreams(config, lean=True)
    servings = [_serving(upstream, embedded(config)) for upstream in upstreams.values()]
    return upstreams, Router(config.models, servings, lambda *_: True)


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
    models, quotas = listed(upstream, account, known[upstream.dialect], LIST_TIMEOUT_S)
    if quotas:
        pool.note_quotas(account, quotas)
    return models
