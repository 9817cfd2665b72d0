"""`dragoman keys`: give keys out, list, turn and take them back. A running gateway follows without a restart."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from gateway.command.pid_file import running
from gateway.command.span import SPAN
from gateway.config.data_folder import unwritable
from gateway.config.model import AuthKey, Config
from gateway.keys.giving import SHOWN_ONCE, limits_worded

if TYPE_CHECKING:
    from gateway.keys.issued import IssuedKeys
    from gateway.keys.ledger import Ledger
    from gateway.state.store import Store


@dataclass(slots=True)
class _Desk:
    config: Config
    issued: IssuedKeys
    ledger: Ledger
    store: Store


@contextmanager
def _desk(*, looking: bool = False) -> Iterator[_Desk]:
    """What the gateway and this command share, written to the end when the command is done. Who is only `looking` makes
    no data folder where there is none."""
    from gateway.command.loading import configured
    from gateway.config.problems import ConfigError
    from gateway.keys.issued import IssuedKeys
    from gateway.keys.ledger import Ledger
    from gateway.wiring import state_of

    try:
        config = configured()
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None
    problem = None if looking and not config.data_dir.exists() else unwritable(config.data_dir)
    if problem is not None:
        raise click.ClickException(str(problem))
    logging.getLogger("dragoman").addHandler(logging.NullHandler())  # what is wrong is said once, by the command
    store = state_of(config)
    try:
        yield _Desk(config, IssuedKeys(store), Ledger(store), store)
        if not store.flush() or store.why:
            raise click.ClickException(f"the change could not be stored: {store.why or 'the file is busy'}")
    finally:
        store.close()


@click.group()
def keys() -> None:
    """Give keys to people and programs, each with limits of its own."""


@keys.command()
@click.argument("name")
@click.option("--model", "models", multiple=True, metavar="PATTERN", help="A model it may ask for (repeatable; *).")
@click.option("--rpm", type=click.IntRange(0), default=0, help="Requests per minute.")
@click.option("--tpm", type=click.IntRange(0), default=0, help="Tokens per minute.")
@click.option("--daily-tokens", type=click.IntRange(0), default=0, help="Tokens per day (UTC).")
@click.option("--monthly-usd", type=click.FloatRange(0), default=0.0, help="Cost per month in US dollars (UTC).")
@click.option("--max-concurrency", type=click.IntRange(0), default=0, help="Requests at the same time.")
@click.option("--expires", default="", metavar="DATE", help="2027-01-31 (to the end of that day, UTC), or with a time.")
def add(
    name: str,
    models: tuple[str, ...],
    rpm: int,
    tpm: int,
    daily_tokens: int,
    monthly_usd: float,
    max_concurrency: int,
    expires: str,
) -> None:
    """Make a key for NAME and print it. 0 means no limit."""
    from gateway.keys.giving import Unfit, made

    try:
        secret, key = made(
            name,
            models=models,
            rpm=rpm,
            tpm=tpm,
            daily_tokens=daily_tokens,
            monthly_usd=monthly_usd,
            max_concurrency=max_concurrency,
            expires=expires,
        )
    except Unfit as unfit:
        hint = "NAME" if unfit.field == "name" else f"--{unfit.field}"
        raise click.BadParameter(str(unfit), param_hint=hint) from None
    with _desk() as desk:
        if _configured(desk.config, name) or not desk.issued.add(key):
            raise click.ClickException(
                f"there is a key named {name} already; `dragoman keys rotate {name}` gives it a new secret"
            )
        desk.ledger.forget(name)
    click.echo(secret)
    click.echo(SHOWN_ONCE, err=True)
    _note_the_folder(desk.config)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the keys, their limits and what they have used."""
    with _desk(looking=True) as desk:
        rows = [(key, "configuration") for key in desk.config.auth.keys]
        where = "Redis" if desk.config.state.url else "data folder"
        rows += [(each.key, where) for each in desk.issued.all() if not _configured(desk.config, each.key.name)]
        if desk.store.why:
            raise click.ClickException(f"the keys cannot be read: {desk.store.why}")
        rows.sort(key=lambda row: row[0].name)
        if not rows:
            _note_the_folder(desk.config)
        if as_json:
            told = [_described(key, place, desk.ledger) for key, place in rows]
            click.echo(json.dumps(told, indent=2, ensure_ascii=False))
            return
        if not rows:
            click.echo("no keys for people yet: `dragoman keys add NAME` makes one")
        for key, where in rows:
            tally = desk.ledger.tally(key.name)
            click.echo(f"{key.name}  ({where}){_expiry(key)}")
            click.echo(f"    models: {', '.join(key.models)}")
            click.echo(f"    limits: {limits_worded(key)}")
            if tally.day_tokens or tally.month_nano_usd:
                click.echo(f"    used: {tally.day_tokens} tokens today, ${tally.month_nano_usd / 1e9:.4f} this month")


@keys.command()
@click.argument("name")
@click.option("--grace", type=SPAN, default=0.0, metavar="SPAN", help="How long the old one still works, such as 24h.")
def rotate(name: str, grace: float) -> None:
    """Give NAME a new key and print it; limits and what was used stay."""
    from gateway.keys.secret import new_key, stored_hash

    secret = new_key()
    with _desk() as desk:
        _refuse_configured(desk.config, name, "write the new hash there", stored_hash(secret), secret)
        if not desk.issued.rotate(name, stored_hash(secret), grace):
            raise click.ClickException(f"there is no key named {name} in {_place(desk.config)}")
    click.echo(secret)
    click.echo(SHOWN_ONCE, err=True)
    _note_the_folder(desk.config)


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Take NAME's key back; it is refused from now on."""
    with _desk() as desk:
        _refuse_configured(desk.config, name, "remove it there and run `dragoman reload`")
        if not desk.issued.revoke(name):
            raise click.ClickException(f"there is no key named {name} in {_place(desk.config)}")
    click.echo(f"{name} is revoked")


def _place(config: Config) -> str:
    return "Redis" if config.state.url else str(config.data_dir)


def _note_the_folder(config: Config) -> None:
    """A key made in the wrong folder opens nothing, and nothing else would say so."""
    if not config.state.url and running(config.data_dir) is None:
        click.echo(
            f"No gateway runs with the data folder {config.data_dir} now (DRAGOMAN_DATA names another).", err=True
        )


def _configured(config: Config, name: str) -> bool:
    return any(key.name == name for key in config.auth.keys)


def _refuse_configured(config: Config, name: str, remedy: str, key_hash: str = "", secret: str = "") -> None:
    if not _configured(config, name):
        return
    message = f"{name} stands under [[auth.keys]] in {config.source}: {remedy}"
    if key_hash:
        message += f' and run `dragoman reload`\n\n    key_hash = "{key_hash}"\n\nIts key would be: {secret}'
    raise click.ClickException(message)


def _described(key: AuthKey, where: str, ledger: Ledger) -> dict[str, Any]:
    """Without the hash. Limits are 0 where there is none, `used` counts UTC's day and month."""
    tally = ledger.tally(key.name)
    limits = ("models", "rpm", "tpm", "daily_tokens", "monthly_usd", "max_concurrency", "expires")
    return {
        "name": key.name,
        "where": where,
        **{name: getattr(key, name) for name in limits},
        "expired": key.expires_at is not None and key.expires_at <= time.time(),
        "used": {"tokens_today": tally.day_tokens, "usd_this_month": tally.month_nano_usd / 1e9},
    }


def _expiry(key: AuthKey) -> str:
    until = key.expires_at
    if until is None:
        return ""
    return f"  EXPIRED {key.expires}" if until <= time.time() else f"  expires {key.expires}"
