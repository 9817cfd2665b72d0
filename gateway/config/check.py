"""`dragoman config check`: what is wrong, what is odd, and what was understood, without a single secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.config.load import load
from gateway.config.model import Config, Upstream
from gateway.config.problems import ConfigError


def report(
    path: str | Path | None = None,
    *,
    overrides: Mapping[str, Any] = {},
    environ: Mapping[str, str] | None = None,
) -> tuple[bool, list[str]]:
    """Whether the gateway would start with this configuration, and the lines to print."""
    try:
        config = load(path, overrides=overrides, environ=environ)
    except ConfigError as error:
        lines: list[str] = []
        for problem in error.problems:
            lines.append(f"error: {problem.path}: {problem.message}")
            if problem.remedy:
                lines.append(f"       {problem.remedy}.")
        count = len(error.problems)
        return False, [*lines, f"{count} error{'s' if count != 1 else ''}; the gateway would not start."]
    return True, [
        *(f"warning: {warning}" for warning in config.warnings),
        *(f"hint: {hint}" for hint in config.hints),
        *summary(config),
    ]


def summary(config: Config) -> list[str]:
    """What was understood: source, listener, auth, upstreams with their number of accounts, agents."""
    auth = config.auth
    keys = len(auth.api_keys) + len(auth.keys)
    admin = "set" if auth.admin_key else "not set"
    lines = [
        f"configuration: {config.source}",
        f"data folder:   {config.data_dir}",
        f"listens on:    {config.server.address}",
        f"auth:          {auth.mode}, {_count(keys, 'client key')}, admin key {admin}",
    ]
    if not config.upstreams:
        lines.append("upstreams:     none; without an account the demonstration model on this machine answers")
    lines += [f"upstream:      {_upstream(upstream)}" for upstream in config.upstreams]
    lines += [f"agent:         {agent.id} ({agent.model}, {agent.visibility})" for agent in config.agents]
    return lines


def _upstream(upstream: Upstream) -> str:
    if upstream.kind == "code_assist":
        accounts = _count(len(upstream.accounts), "account") if upstream.accounts else "accounts from tokens file"
    elif upstream.kind in ("cli", "local"):
        accounts = "no account needed"
    else:
        accounts = _count(len(upstream.accounts), "account") if upstream.accounts else "keyless"
    where = ", ".join(upstream.base_urls) or upstream.command or "this machine"
    return f"{upstream.name} ({upstream.kind}, {accounts}) at {where}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
