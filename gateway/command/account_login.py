"""`dragoman accounts login`."""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Callable
from functools import partial

from gateway.accounts.login import AUTHORIZE_URL, Callback, Login, LoginFailed
from gateway.accounts.oauth import TESTING_HINT, Client, Refused, Unavailable, traded
from gateway.accounts.oauth_clients import known_clients
from gateway.accounts.store import add_project
from gateway.command.account_book import Book
from gateway.config.model import DEFAULT_TOKEN_URL
from gateway.upstreams.form import post_form

TRADE_TIMEOUT_S = 30.0
NO_CLIENT = (
    "an OAuth client of your own is needed (docs/google-accounts.md says how to make one): set client_id and "
    "client_secret under [upstreams.oauth], or OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET"
)


def logged_in(
    book: Book,
    upstream: str,
    email: str,
    no_browser: bool,
    port: int,
    authorize_url: str,
    timeout_s: float,
    say: Callable[[str], None],
    pasted: Callable[[], str],
) -> str:
    """What to tell at the end. Raises LoginFailed, NoSuch, OSError."""
    callback = Callback(port)
    try:
        login = begun(book, upstream, callback.redirect_uri, authorize_url)
        say(f"Open this address and log in:\n\n{login.link()}\n")
        callback.expect(login)
        if no_browser:
            say("The last page will not load, which is fine: its address is what is wanted.")
            code = login.code(pasted())
        else:
            if not webbrowser.open(login.link()):
                say(
                    "No browser could be opened here. Open the address on this machine, or stop and use --no-browser.\n"
                )
            code = callback.wait(login, timeout_s)
    finally:
        callback.close()
    return completed(book, upstream, login, code, email, say)


def begun(book: Book, upstream: str, redirect_uri: str, authorize_url: str = "") -> Login:
    """A login with the operator's OAuth client. Raises LoginFailed, NoSuch."""
    client = next(iter(_clients(book, upstream)), None)
    if client is None:
        raise LoginFailed(NO_CLIENT)
    return Login(client.client_id, redirect_uri, authorize_url or AUTHORIZE_URL)


def completed(book: Book, upstream: str, login: Login, code: str, email: str, say: Callable[[str], None]) -> str:
    """Trades the code and stores the account; what to tell at the end. Raises LoginFailed, NoSuch, OSError."""
    settings, tokens = book.assist(upstream), book.tokens(upstream)
    client = next((each for each in _clients(book, upstream) if each.client_id == login.client_id), None)
    if client is None:
        raise LoginFailed(NO_CLIENT)
    post = partial(post_form, book.gateway.upstreams[settings.name])
    try:
        granted = traded(post, client, code, login.verifier, login.redirect_uri, TRADE_TIMEOUT_S)
    except (Refused, Unavailable) as error:
        raise LoginFailed(f"the login could not be completed: {error}") from None
    if not granted.refresh_token:
        raise LoginFailed(
            "the provider sent no refresh token, so the account would be lost within the hour and was not stored. "
            "Remove this app from the account's third-party access and log in again."
        )
    name = email or granted.email
    entry = {
        "refresh_token": granted.refresh_token,
        "access_token": granted.access_token,
        "expires_at": int(granted.expires_at),
        "oauth_client": client.client_id,
        **({"email": name} if name else {}),
    }
    new = add_project(tokens, entry)
    say(TESTING_HINT)
    found = _project(book, granted.refresh_token)
    return f"{name or 'the account'} is {'stored' if new else 'brought up to date'} in {tokens.path}{found}"


def _clients(book: Book, upstream: str) -> list[Client]:
    oauth = book.assist(upstream).oauth
    configured = Client(oauth.client_id, oauth.client_secret, oauth.token_url)
    return known_clients(book.tokens(upstream).document, configured, DEFAULT_TOKEN_URL)(None)


def _project(book: Book, refresh_token: str) -> str:
    """Asks for the account's project now, so that a missing one is told to the person at the keyboard."""
    time.sleep(0.6)
    for account in book.gateway.pool.accounts():
        if getattr(account.credential, "refresh_token", None) == refresh_token:
            [(_, said)] = book.quotas(account.id)
            project = account.fact("project_id")
            if project:
                return f"; its project is {project}"
            return f"; its project could not be found out: {said}" if isinstance(said, str) else ""
    return ""
