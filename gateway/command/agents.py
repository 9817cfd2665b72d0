"""`dragoman agents list`: where each agent is, and how to ask it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import click

from gateway.command.loading import configured
from gateway.config.model import Config
from gateway.config.problems import ConfigError


@click.group()
def agents() -> None:
    """List the agents of the configuration."""


@agents.command("list")
@click.option("--url", help="The gateway's public address (default: what the configuration says).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def agents_list(url: str | None, as_json: bool) -> None:
    """Print each agent's base URL and a curl that asks it."""
    try:
        found = listed(configured(), url)
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else worded(found))


def listed(config: Config, url: str | None) -> list[dict[str, Any]]:
    """One object an agent; tokens are never among it."""
    base = (url or _address(config)).rstrip("/")
    socket = "" if url else config.server.address.partition("unix:")[2]
    return [
        {
            "id": agent.id,
            "base_url": f"{base}/agents/{agent.id}/v1",
            "model": f"{agent.upstream}/{agent.model}" if agent.upstream else agent.model,
            "visibility": agent.visibility,
            "tokens": len(agent.tokens),
            "curl": _curl(f"{base}/agents/{agent.id}/v1", socket),
        }
        for agent in config.agents
    ]


def worded(found: list[dict[str, Any]]) -> str:
    """For people."""
    if not found:
        return "No agent is configured. Add [[agents]] to the configuration: docs/configuration.md shows how."
    return "\n\n".join(
        f"{each['id']} ({each['model']}, {each['visibility']}, {_tokens(each)})\n"
        f"  base URL: {each['base_url']}\n"
        f"  {each['curl']}"
        for each in found
    )


def _curl(base_url: str, socket: str) -> str:
    """With the token in the variable TOKEN."""
    by = f"--unix-socket {shlex.quote(socket)} " if socket else ""
    return (
        f'curl {by}{shlex.quote(base_url + "/chat/completions")} -H "Authorization: Bearer $TOKEN" \\\n'
        '    -H \'Content-Type: application/json\' -d \'{"messages": [{"role": "user", "content": "Hello"}]}\''
    )


def _tokens(each: dict[str, Any]) -> str:
    count = each["tokens"]
    return f"{count or 'no'} token{'' if count == 1 else 's'}"


def _address(config: Config) -> str:
    """Where a client on this machine finds the gateway; a unix socket has no URL but its host's."""
    address = config.server.address
    if address.startswith("unix:"):
        return "http://localhost"
    host, _, port = address.rpartition(":")
    local = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
    return f"http://{local.get(host, host)}:{port}"
