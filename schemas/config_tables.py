"""Schemas of every table except [[upstreams]]: server, auth, routing, models, agents and the small ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from gateway.config import model
from gateway.config.model import AGENT_KNOBS
from schemas import config_text as text
from schemas.config_fields import Flag, Number, Section, Strict, Text, TextList, TextMap, Whole
from schemas.faults import Table

_REASONING = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def seconds() -> Number:
    """A time limit: more than zero, at most a day."""
    return Number(above=0, high=86400)


class ServerTable(Table):
    target = model.Server
    aliases = ("request_timeout_secs", "read_timeout_secs", "write_timeout_secs")

    host = Text(check=text.host, filled=True)
    port = Whole(low=0, high=65535)
    bind = Text(check=text.bind)
    allow_lan_access = Flag()
    workers = Whole(low=0, high=1024)
    trusted_proxies = TextList(check=text.network)
    max_body_mb = Whole(low=1, high=4096)
    header_timeout_s = seconds()
    body_timeout_s = seconds()
    request_timeout_s = seconds()
    first_content_timeout_s = seconds()
    idle_timeout_s = seconds()
    keepalive_s = seconds()
    hold_thinking_s = Number(low=0, high=600)
    drain_timeout_s = Number(low=0, high=86400)
    resume = Text(choices=("off", "verified", "continue"))
    strict = Flag()
    repair_paths = Flag()
    responses_choices = Flag()
    account_header = Text(choices=("full", "masked", "off"))
    cors_origins = TextList(check=text.origin)
    stream_relay = Flag()
    log_level = Text(choices=("debug", "info", "warning", "error"))
    log_format = Text(choices=("text", "json"))


class Expiry(Strict):
    """An ISO date as a string, or TOML's own unquoted date."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        return str(Text(check=text.iso_date).deserialize(value))


class AuthKeyTable(Table):
    target = model.AuthKey

    name = Text(filled=True, required=True, hint='Add name = "..." so that you know whose key it is')
    key_hash = Text(
        check=text.key_hash, filled=True, required=True, hint="Let `dragoman keys add NAME` write the entry"
    )
    models = TextList(filled=True, hint='Write ["*"] for all models')
    rpm = Whole(low=0)
    tpm = Whole(low=0)
    daily_tokens = Whole(low=0)
    monthly_usd = Number(low=0)
    max_concurrency = Whole(low=0)
    expires = Expiry()


class AuthTable(Table):
    target = model.Auth
    aliases = ("api_key",)

    mode = Text(choices=model.AUTH_MODES)
    api_keys = TextList(check=text.credential)
    admin_key = Text(check=text.credential)
    keys = Section(AuthKeyTable, header="auth.keys", many=True)


class RoutingTable(Table):
    target = model.Routing

    max_attempts = Whole(low=1, high=100)
    strategy = Text(choices=model.STRATEGIES)
    rotation_count = Whole(low=1)
    session_affinity = Flag()
    affinity_ttl_s = Number(above=0)
    cooldown_max_s = Number(above=0)
    preferred_account = Text()
    quota_floor = Number(low=0, high=1)


class ProfileTable(Table):
    target = model.Profile

    match = Text(filled=True, required=True, hint='Add match = "gpt-5*", the models it is about')
    max_tokens_field = Text(choices=("", "max_tokens", "max_completion_tokens"))
    drop = TextList()
    thinking = Flag()
    trailing_assistant = Flag()
    structured_output = Flag()
    thinking_back = Flag()


class ModelsTable(Table):
    target = model.Models

    default = Text(check=text.target)
    preset = Text(choices=model.PRESETS)
    builtin = Flag()
    map = TextMap(value=TextList(check=text.target, filled=True, bare=True))
    profiles = Section(ProfileTable, header="models.profiles", many=True)


class MediaTable(Table):
    target = model.Media

    fetch_hosts = TextList(check=text.host_pattern)


class ResponsesTable(Table):
    target = model.Responses

    store = Flag()
    ttl_s = Number(above=0)
    max_mb = Whole(low=1)


class AgentTable(Table):
    target = model.Agent

    id = Text(check=text.name, filled=True, required=True, hint='Add id = "...", the name in /agents/{id}/v1')
    model = Text(check=text.target, filled=True, required=True, hint='Add model = "...", the model it answers with')
    upstream = Text()
    system_prompt = Text()
    temperature = Number(low=0, high=2)
    top_p = Number(low=0, high=1)
    top_k = Whole(low=0)
    max_tokens = Whole(low=1)
    stop = TextList(bare=True)
    seed = Whole()
    presence_penalty = Number(low=-2, high=2)
    frequency_penalty = Number(low=-2, high=2)
    reasoning_effort = Text(choices=_REASONING)
    thinking_budget = Whole(low=-1)
    lock = TextList(choices=("system_prompt", *AGENT_KNOBS))
    visibility = Text(choices=("private", "public"))
    tokens = TextList(check=text.credential)


class StateTable(Table):
    target = model.State

    url = Text(check=text.state_url)


class RecordsTable(Table):
    target = model.Records

    url = Text(check=text.url("postgresql", "postgres", "postgresql+psycopg", example="postgresql://user@db/dragoman"))
    retention_days = Whole(low=1)
    max_mb = Whole(low=1)
    bodies = Flag()


class MetricsTable(Table):
    target = model.Metrics

    enabled = Flag()


class NotifyTable(Table):
    target = model.Notify

    url = Text(check=text.url("http", "https", example="https://hooks.example.com/dragoman"))
