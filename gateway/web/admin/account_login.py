"""Logging a Google account in from the page: the link first, then the address the browser ended at is pasted."""

from __future__ import annotations

import json
from dataclasses import asdict

from flask import Response

from gateway.accounts.atomic_file import Unreadable
from gateway.accounts.login import CALLBACK, Login, LoginFailed
from gateway.command.account_book import Book, NoSuch
from gateway.command.account_login import begun, completed
from gateway.web.admin.visit import Visit

PORT = 51789
"""Of the address the provider sends the browser to. Nobody listens there: the address itself is what is wanted."""
PENDING_S = 900.0


def form(visit: Visit) -> Response:
    return visit.page("login_account.html", upstreams=_upstreams(visit), link="", why="")


def start(visit: Visit) -> Response:
    upstream = visit.asked("upstream")
    try:
        login = begun(Book(visit.gateway.config, visit.gateway), upstream, f"http://127.0.0.1:{PORT}{CALLBACK}")
    except (LoginFailed, NoSuch) as error:
        return visit.page("login_account.html", status=409, upstreams=_upstreams(visit), link="", why=str(error))
    pending = json.dumps({"upstream": upstream, "login": asdict(login)})
    visit.desk.sessions.leave(visit.session, "login", pending, PENDING_S)
    return visit.page("login_account.html", upstreams=_upstreams(visit), link=login.link(), why="")


def finish(visit: Visit) -> Response:
    """A login is good for one try, whatever comes of it."""
    pending = visit.desk.sessions.take(visit.session, "login")
    if not pending:
        return visit.done("accounts/login", "that login is over: begin again", good=False)
    known = json.loads(pending)
    login = Login(**{**known["login"], "scopes": tuple(known["login"]["scopes"])})
    said: list[str] = []
    try:
        book = Book(visit.gateway.config, visit.gateway)
        told = completed(
            book, known["upstream"], login, login.code(visit.asked("address")), visit.asked("email"), said.append
        )
    except (LoginFailed, NoSuch, OSError, Unreadable) as error:
        return visit.done("accounts/login", str(error), good=False)
    return visit.done("accounts", "\n".join([told, *said]))


def _upstreams(visit: Visit) -> list[str]:
    return [each.name for each in visit.gateway.config.upstreams if each.tokens_file]
