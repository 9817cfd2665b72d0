"""Schemas of [[upstreams]] and what is inside: accounts, oauth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema

from gateway.config import model
from schemas import config_text as text
from schemas.config_fields import Flag, Scalar, Section, Text, TextList, TextMap, Whole
from schemas.config_tables import seconds
from schemas.faults import Fault, Table

_ACCOUNTS = ("gemini", "anthropic", "openai")
_HTTP = (*_ACCOUNTS, "code_assist")
_OWN_CLI = ("tool", "command", "default", "timeout_s", "max_processes", "queue", "workdir", "env", "sandbox")

KINDS_OF_KEY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("base_urls", "headers", "proxy", "ca_file", "user_agent", "connect_timeout_s"), _HTTP),
    "accounts": _ACCOUNTS,
    "speaks": ("openai",),
    **dict.fromkeys(("tokens_file", "metadata", "oauth"), ("code_assist",)),
    **dict.fromkeys((*_OWN_CLI, "max_output_mb"), ("cli",)),
    "model": ("cli", "local"),
}
"""Keys that mean something to some kinds only; keys that are not listed are for all."""

_REMEDIES = {
    (
        "accounts",
        "code_assist",
    ): "Its accounts live in tokens_file; add one with `dragoman accounts login` and remove this",
    ("accounts", "cli"): "The tool brings its own login; remove this",
    ("model", ""): "List what it serves in models = [...]",
}


class AccountTable(Table):
    target = model.UpstreamAccount
    homes: ClassVar[Mapping[str, str]] = {
        "base_urls": "[[upstreams]]",
        "models": "[[upstreams]]",
        "headers": "[[upstreams]]",
        "refresh_token": "tokens.json of a code_assist upstream",
        "project_id": "tokens.json of a code_assist upstream",
    }

    email = Text()
    label = Text()
    api_key = Text(check=text.credential)
    weight = Whole(low=1, high=1000)
    max_concurrency = Whole(low=0)
    proxy = Text(check=text.proxy_url)


class OAuthTable(Table):
    target = model.OAuth

    client_id = Text(check=text.credential)
    client_secret = Text(check=text.credential)
    token_url = Text(check=text.base_url)


class UpstreamTable(Table):
    target = model.Upstream
    aliases = ("base_url", "request_timeout_secs")
    homes: ClassVar[Mapping[str, str]] = {
        "api_key": "[[upstreams.accounts]]",
        "email": "[[upstreams.accounts]]",
        "label": "[[upstreams.accounts]]",
        "max_concurrency": "[[upstreams.accounts]]",
        "client_id": "[upstreams.oauth]",
        "client_secret": "[upstreams.oauth]",
        "token_url": "[upstreams.oauth]",
    }

    name = Text(check=text.name, filled=True, required=True, hint='Add name = "...", any short name')
    kind = Text(choices=model.KINDS, required=True, hint=f"Add kind = one of {', '.join(model.KINDS)}")
    base_urls = TextList(check=text.base_url, filled=True, hint="Remove the line to use the kind's own address")
    models = TextList()
    priority = Whole()
    weight = Whole(low=1, high=1000)
    speaks = Text(choices=("chat", "responses"))
    headers = TextMap(value=Text(check=text.header_value), key=text.header_name)
    proxy = Text(check=text.proxy_url)
    ca_file = Text()
    user_agent = Text(check=text.header_value)
    connect_timeout_s = seconds()
    first_content_timeout_s = seconds()
    idle_timeout_s = seconds()
    request_timeout_s = seconds()
    accounts = Section(AccountTable, header="upstreams.accounts", many=True)
    tokens_file = Text()
    metadata = TextMap(value=Scalar())
    oauth = Section(OAuthTable, header="upstreams.oauth")
    tool = Text(choices=model.TOOLS)
    command = Text()
    model = Text()
    default = Flag()
    timeout_s = seconds()
    max_processes = Whole(low=1, high=1000)
    queue = Whole(low=0)
    workdir = Text(check=text.absolute_path)
    env = TextList(check=text.environment_name)
    sandbox = Text(choices=("read-only", "workspace-write", "danger-full-access"))
    max_output_mb = Whole(low=1)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_keys_of_other_kinds(self, data: Any, original_data: Any, **kwargs: Any) -> None:
        """`tool` on an HTTP kind, `accounts` on a tool and the like."""
        kind = original_data.get("kind") if isinstance(original_data, Mapping) else None
        if not isinstance(kind, str) or kind not in model.KINDS:
            return
        faults: dict[str, list[Fault]] = {}
        for key in original_data:
            kinds = KINDS_OF_KEY.get(key)
            if kinds and kind not in kinds:
                remedy = _REMEDIES.get((key, kind)) or _REMEDIES.get((key, "")) or "Remove it, or change kind"
                faults[key] = [Fault(f'is only for kind {" or ".join(kinds)}, and this is kind "{kind}"', remedy)]
        if kind == "cli" and not original_data.get("tool"):
            faults["tool"] = [Fault("is missing", f"Add tool = one of {', '.join(model.TOOLS)}")]
        if faults:
            raise ValidationError(faults)
