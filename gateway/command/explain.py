"""`dragoman explain MODEL` and `dragoman explain --request FILE`: the route a request would take, and what its provider
would be sent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from gateway.command.terminal import shown

PROTOCOLS = ("openai", "responses", "completions", "anthropic", "gemini")


@click.command()
@click.argument("model", required=False)
@click.option("--request", "file", metavar="FILE", help="A request's body as JSON; - reads standard input.")
@click.option(
    "--protocol",
    type=click.Choice(PROTOCOLS),
    help="As whose client to ask (default: openai, or what the request looks like).",
)
@click.option("--prefix", is_flag=True, help="As under the /openai or /anthropic prefix.")
@click.option("--stream/--whole", default=None, help="For a Gemini request, whose URL says so.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="HEADER",
    help="A header of the client's, 'Name: value', or @FILE with one a line (for keys: conversations belong to one).",
)
@click.option("--agent", default="", metavar="ID", help="As under /agents/ID/v1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(
    model: str | None,
    file: str | None,
    protocol: str | None,
    prefix: bool,
    stream: bool | None,
    headers: tuple[str, ...],
    agent: str,
    as_json: bool,
) -> None:
    """Print the route a request for MODEL would take, and why.

    With --request: also the account that would answer, the body its provider would be sent, and what of the request
    it cannot be told. Providers are asked for nothing but their model lists, and those only where the configuration
    leaves them to it.
    """
    from gateway.command.loading import configured, say_what_is_skipped
    from gateway.config.problems import ConfigError
    from gateway.errors import GatewayError
    from gateway.web.explain import explain_request
    from gateway.wiring import build

    if not model and not file:
        raise click.UsageError("name a MODEL, or a file with --request")
    mount = {"anthropic": "/anthropic", "gemini": "/gemini"}.get(protocol or "", "/openai") if prefix else ""
    try:
        config = configured()
        say_what_is_skipped(config)
        gateway = build(config, local_only=True)
        raw = _read(file) if file else question(model or "", protocol or "openai")
        found = explain_request(
            gateway,
            raw,
            protocol=protocol or ("" if file else "openai"),
            model=model or "",
            stream=stream,
            mount=mount,
            agent=agent,
            headers=_headers(headers),
        ).document()
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None
    except GatewayError as error:
        raise click.ClickException(f"{error.fault.status}: {error.fault.message}") from None
    if not file:
        for name in ("sending", "losses", "notes", "error", "stream", "affinity"):
            del found[name]
    click.echo(shown(json.dumps(found, indent=2, ensure_ascii=False) if as_json else worded(found)))
    raise SystemExit(0 if found["served"] else 1)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None


def _headers(given: tuple[str, ...]) -> dict[str, str]:
    """By lower-case name."""
    lines = [
        line
        for each in given
        for line in (_read(each[1:]).decode(errors="replace").splitlines() if each.startswith("@") else [each])
        if line.strip()
    ]
    if any(":" not in line for line in lines):
        raise click.UsageError("a header is written 'Name: value'")
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def question(model: str, protocol: str) -> bytes:
    """The smallest request."""
    turn = {"role": "user", "content": "Hello"}
    bodies: dict[str, dict[str, Any]] = {
        "responses": {"input": "Hello"},
        "completions": {"prompt": "Hello"},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    }
    asked = bodies.get(protocol, {"messages": [turn], "max_tokens": 16})
    return json.dumps({"model": model, **asked} if protocol != "gemini" else asked).encode()


def worded(found: dict[str, Any]) -> str:
    """For people."""
    if not found["served"]:
        return "\n".join(
            [f"{found['asked']}: nobody serves it.", found["why"], *(f"  {step}" for step in found["steps"])]
        )
    lines = [f"{found['asked']} ({found['protocol']}): {found['rule']}"]
    for number, tier in enumerate(found["tiers"], 1):
        for seat in tier:
            lines.append(
                f"  {number}. {seat['upstream']} -> {seat['model']} ({seat['mode']}; "
                f"accounts: {', '.join(seat['accounts']) or 'none'})"
            )
    lines += [f"  because {step}" for step in found["steps"]]
    for each in found["refused"]:
        place = f"{each['upstream']}/{each['account']}" if each["account"] else each["upstream"]
        lines.append(f"  not {place}: {each['why']}")
    lines += [found["why"]] if found["why"] else []
    if found["account"]:
        affinity = f", affinity {found['affinity']}" if found.get("affinity") else ""
        lines.append(
            f"first asked: {found['upstream']}/{found['account']} -> {found['model']} ({found['mode']}{affinity})"
        )
    return "\n".join([*lines, *_sending(found)])


def _sending(found: dict[str, Any]) -> list[str]:
    lines = [f"the client would be told {found['error']}"] if found.get("error") else []
    lines += [
        f"  left out: {loss['path']} ({loss['reason']}{'; harmless' if loss['harmless'] else ''})"
        for loss in found.get("losses", ())
    ]
    sending = found.get("sending")
    if sending:
        lines += [f"POST {sending['url']}" if sending["url"] else sending["command"]]
        lines += [f"  {name}: {value}" for name, value in sending["headers"].items()]
        lines.append(json.dumps(sending["body"], indent=2, ensure_ascii=False))
    return [*lines, *(f"note: {note}" for note in found.get("notes", ()))]
