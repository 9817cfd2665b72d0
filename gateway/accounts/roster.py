"""Accounts that come and go while the gateway runs: those of a tokens.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gateway.accounts.account import Account
from gateway.accounts.oauth_credential import OAuthCredential
from gateway.accounts.project import Project, fingerprint, projects_of
from gateway.accounts.tokens import TokensFile

MakeCredential = Callable[[str, str], OAuthCredential]
"""(account id, refresh token) -> the credential."""


class Roster(Protocol):
    def changed(self) -> list[Account] | None:
        """All accounts, the known ones with their health, or None while nothing has changed. Cheap: asked often."""
        ...

    @property
    def problem(self) -> str | None: ...


class TokensRoster:
    """One account per usable project. An account keeps its health for as long as it has its name; one that got a new
    refresh token is as good as new."""

    def __init__(self, upstream: str, tokens: TokensFile, make: MakeCredential, weight: int = 1) -> None:
        self._upstream = upstream
        self._tokens = tokens
        self._make = make
        self._weight = weight
        self._version = -1
        self._accounts: dict[str, Account] = {}

    @property
    def problem(self) -> str | None:
        return self._tokens.problem

    def changed(self) -> list[Account] | None:
        version, document = self._tokens.snapshot()
        if version == self._version:
            return None
        self._version = version
        known = list(self._accounts.values())
        accounts: dict[str, Account] = {}
        for account_id, project in named(self._upstream, document):
            # By credential first: an account whose project was found out, or renamed, is still the same one.
            account = next((each for each in known if _same(each, project)), None)
            if account is None or account.id in accounts:
                account = self._accounts.get(account_id)
                if account is None or account.id in accounts:
                    account = Account(account_id, self._upstream, project.label, weight=self._weight)
                account.credential = self._make(account.id, project.refresh_token)
                account.resting, account.models_resting, account.strikes = None, {}, {}
            account.label = project.label
            account.disabled_reason = project.disabled_reason
            accounts[account.id] = account
        self._accounts = accounts
        return list(accounts.values())


def named(upstream: str, document: Any) -> Sequence[tuple[str, Project]]:
    """The projects of a tokens.json with their account ids, which stay the same when the file is sorted anew."""
    found: dict[str, Project] = {}
    for project in projects_of(document):
        name, number = f"{upstream}/{project.label}", 2
        while name in found:
            name, number = f"{upstream}/{project.label}#{number}", number + 1
        found[name] = project
    return list(found.items())


def _same(account: Account, project: Project) -> bool:
    known = account.credential.refresh_token if isinstance(account.credential, OAuthCredential) else ""
    return known == project.refresh_token or (bool(known) and project.rotated_from == fingerprint(known))
