"""Keys of people and programs: who has one, what it may do, what it has used. As `dragoman keys`."""

from __future__ import annotations

import time
from typing import Any

from flask import Response

from gateway.config.model import AuthKey
from gateway.keys.giving import SHOWN_ONCE, Unfit, limited, limits_worded, made
from gateway.keys.issued import IssuedKeys
from gateway.keys.ledger import Ledger
from gateway.keys.secret import new_key, stored_hash
from gateway.web.admin.visit import Visit

GRACES = {"0": 0.0, "1h": 3600.0, "24h": 86400.0, "7d": 7 * 86400.0}
FIELDS = ("name", "models", "rpm", "tpm", "daily_tokens", "monthly_usd", "max_concurrency", "expires")


def keys(visit: Visit) -> Response:
    return _page(visit)


def add(visit: Visit) -> Response:
    """The secret is in the answer to this POST and nowhere else: not in an address, a session or a log."""
    filled = _filled(visit)
    try:
        secret, key = made(filled["name"], **_limits(filled))
    except Unfit as unfit:
        return _page(visit, 422, why=str(unfit), wrong=unfit.field, filled=filled)
    if _configured(visit, key.name) or not _issued(visit).add(key):
        taken = f"there is a key named {key.name} already; rotate it to give it a new secret"
        return _page(visit, 409, why=taken, wrong="name", filled=filled)
    Ledger(visit.gateway.state).forget(key.name)
    return _given(visit, key.name, secret)


def edit(visit: Visit) -> Response:
    """The form, filled with what counts now."""
    key = next((each.key for each in _issued(visit).all() if each.key.name == visit.asked("name")), None)
    if key is None or _configured(visit, key.name):
        return visit.page("missing.html", status=404, why="There is no such key to change here.")
    told = {name: str(getattr(key, name) or "") for name in FIELDS}
    return visit.page("key.html", filled={**told, "models": " ".join(key.models)}, why="", wrong="")


def change(visit: Visit) -> Response:
    filled = _filled(visit)
    try:
        limits = limited(filled["name"], **_limits(filled))
    except Unfit as unfit:
        return visit.page("key.html", status=422, filled=filled, why=str(unfit), wrong=unfit.field)
    if _configured(visit, limits.name) or not _issued(visit).change(limits.name, limits):
        return visit.done("keys", f"there is no key named {limits.name} to change here", good=False)
    return visit.done("keys", f"the limits of {limits.name} are: {limits_worded(limits)}")


def rotate(visit: Visit) -> Response:
    name, secret = visit.asked("name"), new_key()
    grace = GRACES.get(visit.asked("grace"), 0.0)
    if _configured(visit, name) or not _issued(visit).rotate(name, stored_hash(secret), grace):
        return visit.done("keys", f"{name} cannot be rotated here", good=False)
    return _given(visit, name, secret)


def revoke(visit: Visit) -> Response:
    name = visit.asked("name")
    if _configured(visit, name) or not _issued(visit).revoke(name):
        return visit.done("keys", f"there is no key named {name} to revoke here", good=False)
    return visit.done("keys", f"the key {name} is revoked")


def _given(visit: Visit, name: str, secret: str) -> Response:
    """Says in the log who made it, and shows it once."""
    visit.noted(f"a key was made for {name}")
    why = visit.gateway.state.why
    return _page(visit, given=name, secret=secret, once=SHOWN_ONCE, why=f"it may be lost: {why}" if why else "")


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    blank = {"given": "", "secret": "", "once": "", "why": "", "wrong": "", "filled": dict.fromkeys(FIELDS, "")}
    return visit.page("keys.html", status=status, rows=_rows(visit), graces=list(GRACES), **{**blank, **values})


def _rows(visit: Visit) -> list[dict[str, Any]]:
    config = visit.gateway.config.auth.keys
    known = [(key, True, 0.0) for key in config]
    known += [(each.key, False, each.created) for each in _issued(visit).all() if not _configured(visit, each.key.name)]
    ledger = Ledger(visit.gateway.state)
    return [_row(key, fixed, created, ledger) for key, fixed, created in sorted(known, key=lambda each: each[0].name)]


def _row(key: AuthKey, fixed: bool, created: float, ledger: Ledger) -> dict[str, Any]:
    tally, until = ledger.tally(key.name), key.expires_at
    return {
        "name": key.name,
        "fixed": fixed,
        "created": created,
        "models": ", ".join(key.models),
        "limits": limits_worded(key),
        "expires": key.expires,
        "expired": until is not None and until <= time.time(),
        "day_tokens": tally.day_tokens,
        "daily_tokens": key.daily_tokens,
        "month_usd": tally.month_nano_usd / 1e9,
        "monthly_usd": key.monthly_usd,
    }


def _filled(visit: Visit) -> dict[str, str]:
    return {name: visit.asked(name) for name in FIELDS}


def _limits(filled: dict[str, str]) -> dict[str, Any]:
    """Raises Unfit."""
    return {
        "models": tuple(filled["models"].replace(",", " ").split()),
        "expires": filled["expires"],
        "monthly_usd": _number(filled, "monthly_usd"),
        **{name: int(_number(filled, name)) for name in ("rpm", "tpm", "daily_tokens", "max_concurrency")},
    }


def _number(filled: dict[str, str], name: str) -> float:
    """0.0 for an empty field. Raises Unfit."""
    given = filled[name]
    try:
        value = float(given) if given else 0.0
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e15 or (name != "monthly_usd" and value != int(value)):
        raise Unfit(name, f"{name}: write a number, or nothing for no limit")
    return value


def _configured(visit: Visit, name: str) -> bool:
    return any(key.name == name for key in visit.gateway.config.auth.keys)


def _issued(visit: Visit) -> IssuedKeys:
    return IssuedKeys(visit.gateway.state)
