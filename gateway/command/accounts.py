"""`dragoman accounts ...`: look at accounts, add them, take them in and out of use."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.command.terminal import shown

if TYPE_CHECKING:
    from gateway.command.account_book import Book


@click.group()
def accounts() -> None:
    """Look at accounts, add them, take them in and out of use."""


@accounts.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_accounts(as_json: bool) -> None:
    """Every account: its state, uses, cooldown, quota, and why."""
    from gateway.command.account_table import described, worded
    from gateway.command.loading import say_what_is_skipped

    book = _book()
    say_what_is_skipped(book.config)
    gateway = book.gateway
    rows = described(gateway.pool.accounts(), unavailable=gateway.unavailable())
    click.echo(shown(json.dumps(rows, indent=2, ensure_ascii=False) if as_json else worded(rows)))


@accounts.command()
@click.option("--upstream", default="", help="Which code_assist upstream, where there are several.")
@click.option("--email", default="", help="The account's name, if the provider does not tell it.")
@click.option("--no-browser", is_flag=True, help="Paste the address instead (for a machine without a browser).")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the callback (default: any).")
@click.option("--authorize-url", default="", help="The provider's login page (default: Google's).")
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Seconds to wait for the browser.")
def login(upstream: str, email: str, no_browser: bool, port: int, authorize_url: str, timeout: float) -> None:
    """Log a Google account in, with your own OAuth client.

    docs/google-accounts.md says how to make one.
    """
    from gateway.command.account_login import logged_in

    _said(lambda: logged_in(_book(), upstream, email, no_browser, port, authorize_url, timeout, click.echo, _pasted))


@accounts.command("add-key")
@click.argument("upstream")
@click.option("--label", default="", help="What you call this key.")
def add_key(upstream: str, label: str) -> None:
    """Add an API key to UPSTREAM.

    UPSTREAM is gemini, openai, anthropic, or a name of yours. The key is asked for, or piped in.
    """
    key = click.prompt("API key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    _said(lambda: _book().add_key(upstream, label, key.strip()))


@accounts.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--upstream", default="", help="Which code_assist upstream, where there are several.")
def import_accounts(files: tuple[Path, ...], upstream: str) -> None:
    """Take over accounts from files.

    Each is a tokens.json, a list of projects, or an account file of a predecessor.
    """
    book = _book()
    for file in files:
        _said(lambda file=file: book.take_over(file, upstream))


@accounts.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--upstream", default="", help="Which code_assist upstream, where there are several.")
def export(file: Path, upstream: str) -> None:
    """Write all accounts with their secrets to FILE.

    It is readable by you only; - prints them.
    """
    if str(file) == "-":
        click.echo(json.dumps(_told(lambda: _book().tokens(upstream).document()), indent=2, ensure_ascii=False))
    else:
        _said(lambda: _book().export(file, upstream))


@accounts.command()
@click.argument("account")
def enable(account: str) -> None:
    """Take ACCOUNT (its email or label) into use again.

    Its cooldowns end.
    """
    _said(lambda: _book().set_enabled(account, True))


@accounts.command()
@click.argument("account")
def disable(account: str) -> None:
    """Take ACCOUNT (its email or label) out of use."""
    _said(lambda: _book().set_enabled(account, False))


@accounts.command()
@click.argument("account")
def reset(account: str) -> None:
    """End the cooldowns of ACCOUNT; `all` is every account."""
    _said(lambda: _book().reset(account))


@accounts.command()
@click.argument("account")
@click.option("--model", default="", help="Which model (default: one the provider lists).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(account: str, model: str, as_json: bool) -> None:
    """Send one tiny real request as ACCOUNT. The exit status is 1 when it was not answered."""
    told = _told(lambda: _book().test(account, model))
    click.echo(shown(json.dumps(told, indent=2, ensure_ascii=False) if as_json else told["message"]))
    sys.exit(0 if told["ok"] else 1)


@accounts.command()
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def quota(account: str | None, as_json: bool) -> None:
    """Ask the provider what is left for each model."""
    from gateway.command.account_table import quotas_described, quotas_worded

    told = _told(lambda: _book().quotas(account or "all"))
    if as_json:
        click.echo(json.dumps([quotas_described(*each) for each in told], indent=2, ensure_ascii=False))
        return
    for each, said in told:
        click.echo(shown(quotas_worded(each, said)))


def _book() -> Book:
    from gateway.command.account_book import Book
    from gateway.command.loading import configured
    from gateway.config.problems import ConfigError

    try:
        return Book(configured())
    except ConfigError as error:
        raise click.ClickException("\n".join(map(str, error.problems))) from None


def _told(ask: Any) -> Any:
    from gateway.accounts.atomic_file import Unreadable
    from gateway.accounts.login import LoginFailed
    from gateway.accounts.store import NotStored
    from gateway.command.account_book import NoSuch

    try:
        return ask()
    except (NoSuch, NotStored, LoginFailed, Unreadable, OSError, ValueError) as error:
        raise click.ClickException(shown(str(error))) from None


def _said(ask: Any) -> None:
    message = _told(ask)
    if message:
        click.echo(message)


def _pasted() -> str:
    return str(click.prompt("Paste the address of the page you were sent to"))
