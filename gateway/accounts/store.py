"""What the command line does to stored accounts; a running gateway notices within a second."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.accounts.account import Account
from gateway.accounts.health import HealthNotes
from gateway.accounts.oauth_credential import OAuthCredential
from gateway.accounts.project import enabling, entries_of, project_of
from gateway.accounts.tokens import TokensFile

BY_HAND = "disabled by the operator"


class NotStored(Exception):
    """The change could not be written; the message says why."""


def add_project(tokens: TokensFile, entry: Mapping[str, Any], *, revive: bool = True) -> bool:
    """Puts a project into the file; one with the same refresh token or email is replaced and taken into use again.
    Without `revive` what is out of use stays so, and a token that is known already keeps its access token.
    Whether it is a new one. Raises OSError, Unreadable."""
    blank = {"project_id": "", "access_token": None, "expires_at": None, **enabling()}
    new = {**blank, **entry, **(enabling() if revive else {})}
    added = True

    def change(document: Any) -> Any:
        nonlocal added
        entries = list(entries_of(document))
        for number, each in enumerate(entries):
            if isinstance(each, dict) and _is(each, new):
                ours = each.items() if not revive and each.get("refresh_token") == new.get("refresh_token") else ()
                live = {name: value for name, value in ours if name in _LIVE}
                project = new["project_id"] or each.get("project_id") or ""
                entries[number] = _clean({**each, **new, **live, "project_id": project})
                added = False
                break
        else:
            entries.append(_clean(new))
        return {**(document if isinstance(document, dict) else {}), "projects": entries}

    tokens.rewrite(change)
    return added


_LIVE = frozenset(("access_token", "expires_at", *enabling()))
"""Keys of a project that change while it is in use."""


def add_key(tokens: TokensFile, upstream: str, label: str, key: str) -> None:
    """Puts an API key into the file; one of the same upstream and label is replaced. Raises OSError, Unreadable."""

    def change(document: Any) -> Any:
        old = document if isinstance(document, dict) else {"projects": entries_of(document)}
        listed = old.get("keys")
        keys = [
            each
            for each in (listed if isinstance(listed, list) else [])
            if not (isinstance(each, dict) and (each.get("upstream"), each.get("label")) == (upstream, label))
        ]
        return {**old, "keys": [*keys, {"upstream": upstream, "label": label, "api_key": key}]}

    tokens.rewrite(change)


def entries_in(path: Path) -> list[dict[str, Any]]:
    """The projects of another program's file: a tokens.json, a list of projects, or one account with a `token` object.

    Raises OSError, ValueError.
    """
    document = json.loads(path.read_bytes().decode("utf-8-sig"))
    if isinstance(document, dict) and isinstance(document.get("token"), dict):
        token = document["token"]
        document = [
            {
                "email": document.get("email") or token.get("email"),
                "refresh_token": token.get("refresh_token"),
                "project_id": token.get("project_id") or "",
            }
        ]
    elif isinstance(document, dict) and "refresh_token" in document:
        document = [document]
    return [each for number, each in enumerate(entries_of(document)) if project_of(each, number) is not None]


def set_enabled(account: Account, tokens: TokensFile | None, health: HealthNotes, enabled: bool) -> None:
    """Raises NotStored."""
    credential = account.credential
    if isinstance(credential, OAuthCredential) and tokens is not None:
        changes = enabling() if enabled else {**enabling(), "enabled": False, "disabled_reason": BY_HAND}
        tokens.record(credential.refresh_token, changes)
        if tokens.problem:
            raise NotStored(tokens.problem)
        if enabled:
            reset(account, health)
        return
    disabled = None if enabled else {"reason": BY_HAND}

    def change(document: dict[str, Any]) -> dict[str, Any]:
        return {**(_rested(document) if enabled else document), "disabled": disabled}

    _change(health, account.id, change)


def reset(account: Account, health: HealthNotes) -> None:
    """Ends every cooldown and forgets past failures. Raises NotStored."""
    _change(health, account.id, _rested)


def _change(health: HealthNotes, account_id: str, change: Any) -> None:
    why = health.change(account_id, change)
    if why:
        raise NotStored(why)


def _rested(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "resting": None, "models": {}, "strikes": {}}


def _is(entry: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    same_email = bool(new.get("email")) and entry.get("email") == new.get("email")
    return entry.get("refresh_token") == new.get("refresh_token") or same_email


def _clean(entry: Mapping[str, Any]) -> dict[str, Any]:
    optional = ("disabled_credential", "email", "oauth_client", "rotated_from")
    return {name: value for name, value in entry.items() if value is not None or name not in optional}


def labels(accounts: Iterable[Account]) -> str:
    return ", ".join(account.label for account in accounts) or "none"
