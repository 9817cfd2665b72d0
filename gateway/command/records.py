"""`dragoman usage` and `dragoman logs`: what the records tell."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from gateway.command.span import SPAN
from gateway.command.terminal import shown

if TYPE_CHECKING:
    from gateway.monitoring.history import By, History
    from gateway.monitoring.record import Record

FOLLOW_S = 0.5


def _history() -> History:
    from gateway.command.loading import configured
    from gateway.config.problems import ConfigError
    from gateway.monitoring.history import History

    try:
        config = configured()
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None
    try:
        return History(config.records, config.data_dir)
    except LookupError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--by", type=click.Choice(["key", "model", "account"]), default="key", show_default=True)
@click.option("--since", type=SPAN, default="7d", show_default=True, metavar="SPAN", help="Such as 24h, 7d, 4w.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def usage(by: By, since: float, as_json: bool) -> None:
    """Print requests, tokens and cost by key, model or account."""
    from dataclasses import asdict

    found = _history().usage(by, time.time() - since)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        return
    rows: list[tuple[str, ...]] = [(by, "requests", "errors", "input", "cached", "output", "USD")]
    rows += [
        (
            shown(each.name) or "(none)",
            f"{each.requests}",
            f"{each.errors}",
            f"{each.input_tokens}",
            f"{each.cached_tokens}",
            f"{each.output_tokens}",
            f"{each.cost_usd:.4f}" + (f" + {each.unpriced} without a price" if each.unpriced else ""),
        )
        for each in found
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(6)]
    for row in rows:
        numbers = "  ".join(cell.rjust(width) for cell, width in zip(row[1:6], widths[1:], strict=True))
        click.echo(f"{row[0].ljust(widths[0])}  {numbers}  {row[6]}")


@click.command()
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many records.")
@click.option("--errors", is_flag=True, help="Only what went wrong.")
@click.option("--follow", is_flag=True, help="Go on with what comes.")
@click.option("--id", "identity", default="", metavar="ID", help="All about the request with this id, its bodies too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def logs(count: int, errors: bool, follow: bool, identity: str, as_json: bool) -> None:
    """Print the last requests, one line each."""
    history = _history()
    if identity:
        _print_one(history, identity)
        return
    found = history.latest(count, errors=errors)
    last = found or history.latest(1)
    number = last[-1][0] if last else 0
    _print([record for _, record in found], as_json)
    with suppress(KeyboardInterrupt):  # the way to end it
        while follow:
            time.sleep(FOLLOW_S)
            more = history.after(number, errors=errors)
            number = more[-1][0] if more else number
            _print([record for _, record in more], as_json)


def _print(records: list[Record], as_json: bool) -> None:
    for record in records:
        if as_json:
            click.echo(json.dumps(record.document()))
        else:
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.at))
            click.echo(f"{stamp} {record.key + ' ' if record.key else ''}{record.line()}")


def _print_one(history: History, identity: str) -> None:
    records, bodies = history.of_id(identity), history.bodies(identity)
    if not records and not bodies:
        raise click.ClickException(f"there is no record with the id {identity!r} (any more)")
    for record in records:
        click.echo(shown(json.dumps(record.document(), indent=2, ensure_ascii=False)))
    for kept in bodies:
        click.echo(f"\n--- request, {kept.request_size} bytes\n{shown(kept.request)}")
        click.echo(f"\n--- answer, {kept.answer_size} bytes\n{shown(kept.answer)}")
    if not bodies:
        click.echo("\nNo bodies were kept: [records] bodies is off, or they were tidied away.")
