"""Accounts: their state and why, and what an operator does about it. The same acts as `dragoman accounts ...`."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Response

from gateway.accounts.pool import LOOK_EVERY_S
from gateway.accounts.store import NotStored
from gateway.command.account_book import Book, NoSuch
from gateway.command.account_table import quotas_worded
from gateway.web.admin.account_rows import account_rows
from gateway.web.admin.visit import Visit


def accounts(visit: Visit) -> Response:
    logins = [each.name for each in visit.gateway.config.upstreams if each.tokens_file]
    skipped = visit.gateway.config.skipped
    rows = account_rows(visit.gateway)
    return visit.page("accounts.html", accounts=rows, skipped=skipped, now=time.time(), logins=logins)


def table(visit: Visit) -> Response:
    return visit.part("_accounts.html", accounts=account_rows(visit.gateway), now=time.time())


def enable(visit: Visit) -> Response:
    return _act(visit, lambda book, name: (True, book.set_enabled(name, True)))


def disable(visit: Visit) -> Response:
    return _act(visit, lambda book, name: (True, book.set_enabled(name, False)))


def reset(visit: Visit) -> Response:
    return _act(visit, lambda book, name: (True, book.reset(name)))


def test(visit: Visit) -> Response:
    def tried(book: Book, name: str) -> tuple[bool, str]:
        told = book.test(name, visit.asked("model"))
        return told["ok"], told["message"]

    return _act(visit, tried)


def quota(visit: Visit) -> Response:
    def asked(book: Book, name: str) -> tuple[bool, str]:
        told = book.quotas(name)
        return all(not isinstance(said, str) for _, said in told), "\n".join(
            quotas_worded(account, said) for account, said in told
        )

    return _act(visit, asked)


def _act(visit: Visit, act: Callable[[Book, str], tuple[bool, str]]) -> Response:
    """Then waits until this worker's pool has seen it, so that the page that follows shows it."""
    name = visit.asked("account")
    try:
        good, said = act(Book(visit.gateway.config, visit.gateway), name)
    except (NoSuch, NotStored) as error:
        good, said = False, str(error)
    time.sleep(LOOK_EVERY_S + 0.1)
    return visit.done("accounts", said, good=good)
