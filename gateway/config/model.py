"""The configuration as the rest of the gateway sees it: one frozen dataclass per table of the TOML file.

Names, types and defaults are the contract of docs/configuration.md. Seconds are floats (`*_s`), sizes whole
megabytes of 2**20 bytes (`*_mb`), lists arrive as tuples. Nothing is checked here: schemas/config.py checks
what an operator writes, `gateway.config.load.load` is the only place that builds a `Config` from files.
Fields that may carry a secret are kept out of `repr`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

KINDS = ("gemini", "code_assist", "anthropic", "openai", "cli", "local")
TOOLS = ("claude", "codex", "gemini")
AUTH_MODES = ("off", "strict", "all_except_health", "auto")
STRATEGIES = ("round_robin", "fill_first", "least_used", "p2c")
PRESETS = ("", "default", "performance", "cost_effective", "balanced")

DEFAULT_BASE_URLS: dict[str, tuple[str, ...]] = {
    "gemini": ("https://generativelanguage.googleapis.com",),
    "code_assist": ("https://cloudcode-pa.googleapis.com",),
    "anthropic": ("https://api.anthropic.com",),
    "openai": ("https://api.openai.com/v1",),
    "cli": (),
    "local": (),
}
"""Base addresses of a kind when `base_urls` is not set; gemini and anthropic without the version segment."""

DEFAULT_TOKEN_URL = "https://oauth2.googleapis.com/token"
"""Google's OAuth token endpoint, used when neither the config nor tokens.json names one."""

AGENT_KNOBS = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "thinking_budget",
)
"""Sampling knobs an agent may preset, under their OpenAI names where OpenAI has one."""


def is_loopback_host(host: str) -> bool:
    """True for 127.0.0.0/8, ::1 (also bracketed or IPv4-mapped) and the name `localhost`."""
    bare = host.strip().strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare.split("%", 1)[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """[server]: the listener, limits and behaviour that is the same for every client."""

    host: str = "127.0.0.1"
    port: int = 8045
    bind: str = ""
    allow_lan_access: bool = False
    workers: int = 0
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    max_body_mb: int = 100
    header_timeout_s: float = 20.0
    body_timeout_s: float = 120.0
    request_timeout_s: float = 600.0
    first_content_timeout_s: float = 120.0
    idle_timeout_s: float = 300.0
    keepalive_s: float = 15.0
    hold_thinking_s: float = 5.0
    drain_timeout_s: float = 30.0
    resume: str = "verified"
    strict: bool = False
    repair_paths: bool = True
    responses_choices: bool = False
    account_header: str = "full"
    cors_origins: tuple[str, ...] = ()
    stream_relay: bool = False
    log_level: str = "info"
    log_format: str = "text"

    @property
    def address(self) -> str:
        """What gunicorn's `bind` takes: `unix:/path`, or `host:port` with IPv6 in brackets."""
        if self.bind:
            return self.bind
        host = self.host
        if self.allow_lan_access and is_loopback_host(host):
            host = "0.0.0.0"
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the listener (loopback address or unix socket)."""
        address = self.address
        return address.startswith("unix:") or is_loopback_host(address.rpartition(":")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthKey:
    """[[auth.keys]]: one person or program. A limit of 0 means no limit."""

    name: str
    key_hash: str = field(repr=False)
    models: tuple[str, ...] = ("*",)
    rpm: int = 0
    tpm: int = 0
    daily_tokens: int = 0
    monthly_usd: float = 0.0
    max_concurrency: int = 0
    expires: str = ""

    @property
    def expires_at(self) -> float | None:
        """Unix seconds from which the key is refused; a date alone counts to the end of that day, UTC."""
        if not self.expires:
            return None
        if len(self.expires) == 10:
            day = date.fromisoformat(self.expires) + timedelta(days=1)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        moment = datetime.fromisoformat(self.expires)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """[auth]: client keys. `auth_from_env` is True when API_KEYS was set (see `mode = "auto"`)."""

    mode: str = "auto"
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    admin_key: str = field(default="", repr=False)
    keys: tuple[AuthKey, ...] = ()
    auth_from_env: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """[routing]: which account takes the next request."""

    max_attempts: int = 3
    strategy: str = "round_robin"
    rotation_count: int = 3
    session_affinity: bool = True
    affinity_ttl_s: float = 3600.0
    cooldown_max_s: float = 900.0
    preferred_account: str = ""
    quota_floor: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """[[models.profiles]]: overrides of the shipped facts per model family; None keeps the shipped fact."""

    match: str
    max_tokens_field: str = ""
    drop: tuple[str, ...] = ()
    thinking: bool | None = None
    trailing_assistant: bool | None = None
    structured_output: bool | None = None
    thinking_back: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """[models]: `map` keeps file order; every value is a fallback chain of at least one target."""

    default: str = ""
    preset: str = ""
    builtin: bool = True
    map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """[media]: hosts the gateway may fetch remote images and files from."""

    fetch_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """[responses]: stored answers of /v1/responses."""

    store: bool = True
    ttl_s: float = 86400.0
    max_mb: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAccount:
    """[[upstreams.accounts]]: one credential. `project_id` and `refresh_token` are for code_assist only."""

    email: str = ""
    label: str = ""
    api_key: str = field(default="", repr=False)
    weight: int = 1
    max_concurrency: int = 0
    proxy: str = field(default="", repr=False)
    project_id: str = ""
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """[upstreams.oauth]: the operator's OAuth client; empty values: oauth_config in tokens.json.

    `token_url` empty everywhere means DEFAULT_TOKEN_URL.
    """

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    token_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """[[upstreams]]: one provider. Timeouts of None take [server]'s. Empty `models`: the kind's own list.

    `base_urls` is never empty for kinds that speak HTTP and never ends in a slash. For `cli` the fields
    `timeout_s`, `max_processes` and `queue` bound one tool; `command` is never empty there. `model` is the
    tool's model, or the file of a local one. `dotenv` is what .env says of the variables in `env`, which the process
    itself may not have. `tokens_file` is absolute and never empty for code_assist.
    """

    name: str
    kind: str
    base_urls: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    priority: int = 0
    weight: int = 1
    speaks: str = "chat"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str = field(default="", repr=False)
    ca_file: str = ""
    user_agent: str = ""
    connect_timeout_s: float = 10.0
    first_content_timeout_s: float | None = None
    idle_timeout_s: float | None = None
    request_timeout_s: float | None = None
    accounts: tuple[UpstreamAccount, ...] = ()
    # code_assist
    tokens_file: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: {"ideType": "IDE_UNSPECIFIED"})
    oauth: OAuth = field(default_factory=OAuth)
    # cli, local
    tool: str = ""
    command: str = ""
    model: str = ""
    default: bool = False
    timeout_s: float = 300.0
    max_processes: int = 3
    queue: int = 20
    workdir: str = ""
    env: tuple[str, ...] = ("PATH", "HOME")
    dotenv: Mapping[str, str] = field(default_factory=dict, repr=False)
    sandbox: str = "read-only"
    max_output_mb: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """[[agents]]: a preset of model, system prompt and knobs under /agents/{id}. None: not set."""

    id: str
    model: str
    upstream: str = ""
    system_prompt: str = ""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    thinking_budget: int | None = None
    lock: tuple[str, ...] = ()
    visibility: str = "private"
    tokens: tuple[str, ...] = field(default=(), repr=False)

    def knobs(self) -> dict[str, Any]:
        """The knobs that are set, by name (see AGENT_KNOBS)."""
        return {name: value for name in AGENT_KNOBS if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """[state]: what all workers and machines must agree on; empty: SQLite in the data folder."""

    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """[records]: one record per request; empty url: SQLite in the data folder."""

    url: str = field(default="", repr=False)
    retention_days: int = 30
    max_mb: int = 512
    bodies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """[metrics]: the /metrics endpoint."""

    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """[notify]: a webhook for the operator."""

    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything, valid and complete. `source` is the file that was read, or "defaults".

    `hints` say what was skipped and why, `warnings` what is accepted but probably not meant; neither
    carries secrets.
    """

    server: Server = field(default_factory=Server)
    auth: Auth = field(default_factory=Auth)
    routing: Routing = field(default_factory=Routing)
    models: Models = field(default_factory=Models)
    media: Media = field(default_factory=Media)
    responses: Responses = field(default_factory=Responses)
    upstreams: tuple[Upstream, ...] = ()
    agents: tuple[Agent, ...] = ()
    state: State = field(default_factory=State)
    records: Records = field(default_factory=Records)
    metrics: Metrics = field(default_factory=Metrics)
    notify: Notify = field(default_factory=Notify)
    data_dir: Path = Path("data")
    source: str = "defaults"
    hints: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def skipped(self) -> tuple[str, ...]:
        """Of the hints those that tell of accounts and upstreams the file names and the gateway goes without."""
        return tuple(hint for hint in self.hints if "skipped" in hint)
