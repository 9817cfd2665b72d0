"""Moving projects that came by environment (PROJECTS, as the predecessors have it) into tokens.json."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from gateway.accounts.atomic_file import Unreadable
from gateway.accounts.oauth import Client
from gateway.accounts.project import entries_of, projects_of
from gateway.accounts.tokens import TokensFile
from gateway.config.model import UpstreamAccount

log = logging.getLogger("dragoman")


def migrate(tokens: TokensFile, accounts: Iterable[UpstreamAccount], client: Client) -> None:
    """Adds `accounts`, and `client` where the file has none, unless the file has usable projects by now.

    Where the file cannot be written they are served from memory, and written when that is possible again.
    """
    entries = [_entry(account) for account in accounts if account.refresh_token]

    def moved(document: Any) -> Any:
        if projects_of(document):
            return document
        old = document if isinstance(document, dict) else {}
        new = {**old, "projects": [*entries_of(document), *entries]}
        if client.client_id and not old.get("oauth_config"):
            new["oauth_config"] = {
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "token_url": client.token_url,
            }
        return new

    try:
        tokens.rewrite(moved)
    except (OSError, Unreadable) as error:
        log.warning("PROJECTS could not be moved into %s (%s)", tokens.path.name, error)
        tokens.stand_in(moved)
        return
    log.info("the accounts of PROJECTS are in %s now; the variable is no longer needed", tokens.path.name)


def _entry(account: UpstreamAccount) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "project_id": account.project_id,
        "refresh_token": account.refresh_token,
        "access_token": None,
        "expires_at": None,
        "enabled": True,
        "disabled_reason": None,
    }
    if account.email:
        entry["email"] = account.email
    return entry
