"""One project of tokens.json as a credential: refreshed ahead of time, once for all workers, or when it was refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from gateway.accounts.credential import CredentialFault
from gateway.accounts.file_lock import LockTimeout
from gateway.accounts.oauth import TESTING_HINT, Client, Granted, Post, Refused, Unavailable, refreshed
from gateway.accounts.oauth_clients import Clients
from gateway.accounts.project import Project, disabling, fingerprint, projects_of
from gateway.accounts.single_flight import SingleFlight
from gateway.accounts.tokens import TokensFile

log = logging.getLogger("dragoman")

AHEAD_S = 300.0
"""A token is renewed this long before it ends; one that was given for less than twice that, after half of its life."""
REFRESH_TIMEOUT_S = 15.0
LEAST_TIMEOUT_S = 2.0
UNWELL_S = 3.0
"""After a token endpoint failed, how long it is not asked again."""

_ABOUT_THE_CLIENT = ("invalid_client", "unauthorized_client")


class OAuthCredential:
    """`refresh_token` says which project it is; after a rotation the new one does. `name` is the same in all workers
    and names the lock they refresh it under."""

    def __init__(
        self,
        name: str,
        tokens: TokensFile,
        refresh_token: str,
        clients: Clients,
        post: Post,
        timeout_s: float = REFRESH_TIMEOUT_S,
    ) -> None:
        self._tokens = tokens
        self._refresh_token = refresh_token
        self._name = fingerprint(name)
        self._clients = clients
        self._post = post
        self._timeout = timeout_s
        self._flight: SingleFlight[str] = SingleFlight()
        self._facts: dict[str, str] = {}
        self._worked: Client | None = None
        self._unwell: tuple[float, str] = (0.0, "")
        self._seen: tuple[int, Project | None] = (-1, None)
        self._ahead: tuple[str, float] = ("", AHEAD_S)

    @property
    def refresh_token(self) -> str:
        return self._refresh_token

    def current(self, deadline: float) -> str:
        """An access token that is good for AHEAD_S, refreshed if need be. Raises CredentialFault."""
        self._tokens.flush()
        project = self._project()
        if self._fresh(project):
            return project.access_token
        try:
            return self._flight.do("", lambda: self._renew(None, deadline), deadline)
        except (CredentialFault, TimeoutError) as error:
            if project.fresh(time.time(), 5.0) and not (isinstance(error, CredentialFault) and error.final):
                return project.access_token
            raise _fault(error) from None

    def renewed(self, rejected: str, deadline: float) -> str:
        """Another access token than `rejected`. Raises CredentialFault."""
        project = self._project()
        if project.access_token != rejected and project.fresh(time.time(), 5.0):
            return project.access_token
        try:
            return self._flight.do(rejected, lambda: self._renew(rejected, deadline), deadline)
        except TimeoutError as error:
            raise _fault(error) from None

    def disable(self, reason: str) -> None:
        """A reason that stands there already is a better one."""
        try:
            self._project()
        except CredentialFault:
            return
        self._tokens.record(self._refresh_token, disabling(reason, self._refresh_token))

    def fact(self, name: str) -> str:
        if name in self._facts:
            return self._facts[name]
        try:
            value = getattr(self._project(), name, "")
        except CredentialFault:
            return ""
        return value if isinstance(value, str) else ""

    def keep(self, name: str, value: str) -> None:
        """In tokens.json where it is one of its keys, else for as long as this process lives."""
        if name in ("project_id", "email"):
            self._tokens.record(self._refresh_token, {name: value})
        else:
            self._facts[name] = value

    def _project(self) -> Project:
        seen, project = self._seen
        version, document = self._tokens.snapshot()
        if version != seen or project is None:
            known, project = project, self._find(projects_of(document))
            self._seen = (version, project)
            if known is not None and project is not None and known.access_token != project.access_token:
                self._given(project.access_token, project.expires_at)  # just now, by another worker
        if project is None:
            raise CredentialFault("this account is no longer in tokens.json", final=True)
        if project.disabled_reason is not None:
            raise CredentialFault(project.disabled_reason, final=True)
        return project

    def _given(self, access_token: str, expires_at: float) -> None:
        """Some tokens live for minutes only: renewed AHEAD_S before their end, they would be with every request."""
        self._ahead = (access_token, min(AHEAD_S, max(expires_at - time.time(), 0.0) / 2))

    def _fresh(self, project: Project) -> bool:
        token, ahead = self._ahead
        return project.fresh(time.time(), ahead if token == project.access_token else AHEAD_S)

    def _find(self, listed: list[Project]) -> Project | None:
        """By its refresh token, or as the one that another worker got in exchange for it."""
        for project in listed:
            if project.refresh_token == self._refresh_token:
                return project
        for project in listed:
            if project.rotated_from == fingerprint(self._refresh_token):
                self._refresh_token = project.refresh_token
                return project
        return None

    def _renew(self, rejected: str | None, deadline: float) -> str:
        """Under the account's lock, which all workers share: what another worker has fetched meanwhile is taken."""
        patience = max(min(deadline - time.monotonic(), self._timeout + 5.0), LEAST_TIMEOUT_S)
        try:
            with self._tokens.turn(self._name, patience):
                project = self._project()
                others = project.access_token != rejected if rejected is not None else True
                if others and self._fresh(project):
                    return project.access_token
                until, why = self._unwell
                if time.monotonic() < until:
                    raise CredentialFault(why)
                return self._ask(project, deadline)
        except LockTimeout:
            raise CredentialFault("another worker is refreshing this account's token and has not finished") from None

    def _ask(self, project: Project, deadline: float) -> str:
        timeout = max(min(self._timeout, deadline - time.monotonic()), LEAST_TIMEOUT_S)
        clients = list(self._candidates(project))
        if not clients:
            raise CredentialFault(
                "no OAuth client is configured: set client_id and client_secret under [upstreams.oauth], "
                "OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, or oauth_config in tokens.json"
            )
        refusals: list[Refused] = []
        for client in clients:
            try:
                granted = refreshed(self._post, client, project.refresh_token, timeout)
            except Unavailable as error:
                self._unwell = (time.monotonic() + UNWELL_S, f"the token could not be refreshed: {error}")
                raise CredentialFault(self._unwell[1]) from None
            except Refused as error:
                refusals.append(error)
                its_own = client == self._worked or client.client_id == project.oauth_client
                if error.error in _ABOUT_THE_CLIENT or (error.error == "invalid_grant" and not its_own):
                    continue
                refusals = [error]
                break
            self._worked = client
            self._save(project, granted)
            return granted.access_token
        raise self._refused(project, max(refusals, key=_says))

    def _candidates(self, project: Project) -> Iterator[Client]:
        if self._worked is not None:
            yield self._worked
        for client in self._clients(project.oauth_client):
            if client != self._worked:
                yield client

    def _save(self, project: Project, granted: Granted) -> None:
        changes: dict[str, Any] = {"access_token": granted.access_token, "expires_at": int(granted.expires_at)}
        if granted.refresh_token and granted.refresh_token != project.refresh_token:
            changes["refresh_token"] = granted.refresh_token
            changes["rotated_from"] = fingerprint(project.refresh_token)
        if granted.email and not project.email:
            changes["email"] = granted.email
        self._given(granted.access_token, granted.expires_at)
        self._tokens.record(project.refresh_token, changes)
        self._refresh_token = changes.get("refresh_token", project.refresh_token)
        self._unwell = (0.0, "")
        log.info("the token of %s was refreshed", _shown(project))

    def _refused(self, project: Project, refusal: Refused) -> CredentialFault:
        if refusal.error == "invalid_grant":
            reason = f"the refresh token was revoked or has expired ({refusal}). {TESTING_HINT}"
            self._tokens.record(project.refresh_token, disabling(reason, project.refresh_token))
            log.warning("%s is disabled: %s", _shown(project), reason)
            return CredentialFault(reason, final=True)
        why = f"the token endpoint refused the refresh ({refusal})"
        if refusal.error in _ABOUT_THE_CLIENT:
            why += ": the OAuth client is not the one this account logged in with; correct [upstreams.oauth]"
        self._unwell = (time.monotonic() + UNWELL_S, why)
        return CredentialFault(why)


def _says(refusal: Refused) -> int:
    """How much a refusal tells of the credential. An invalid_grant may also mean that it was issued to another client
    (RFC 6749 5.2), so it is not believed while a client that might be the right one is not known to the provider."""
    return {"unauthorized_client": 0, "invalid_grant": 1, "invalid_client": 2}.get(refusal.error, 3)


def _shown(project: Project) -> str:
    local, at, domain = project.label.partition("@")
    return f"{local[:3]}***{at}{domain[:2]}***" if at else project.label


def _fault(error: Exception) -> CredentialFault:
    return error if isinstance(error, CredentialFault) else CredentialFault("the token is still being refreshed")
