"""Every page and action of /admin, by method and path. What is not here does not exist."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from gateway.web.admin import account_login, accounts, explain, keys, overview, playground, requests, settings, usage
from gateway.web.admin.visit import Visit

Page = Callable[[Visit], Response]

PAGES: dict[tuple[str, str], Page] = {
    ("GET", ""): overview.overview,
    ("GET", "overview/figures"): overview.figures,
    ("GET", "overview/errors"): overview.errors,
    ("GET", "live"): overview.live,
    ("GET", "accounts"): accounts.accounts,
    ("GET", "accounts/table"): accounts.table,
    ("POST", "accounts/enable"): accounts.enable,
    ("POST", "accounts/disable"): accounts.disable,
    ("POST", "accounts/reset"): accounts.reset,
    ("POST", "accounts/test"): accounts.test,
    ("POST", "accounts/quota"): accounts.quota,
    ("GET", "accounts/login"): account_login.form,
    ("POST", "accounts/login/start"): account_login.start,
    ("POST", "accounts/login/finish"): account_login.finish,
    ("GET", "requests"): requests.requests,
    ("GET", "requests/table"): requests.table,
    ("GET", "requests/one"): requests.one,
    ("GET", "usage"): usage.usage,
    ("GET", "keys"): keys.keys,
    ("POST", "keys/add"): keys.add,
    ("GET", "keys/edit"): keys.edit,
    ("POST", "keys/change"): keys.change,
    ("POST", "keys/rotate"): keys.rotate,
    ("POST", "keys/revoke"): keys.revoke,
    ("GET", "explain"): explain.form,
    ("POST", "explain"): explain.explain,
    ("GET", "playground"): playground.playground,
    ("POST", "playground/send"): playground.send,
    ("GET", "settings"): settings.settings,
    ("POST", "logout"): Visit.log_out,
}
