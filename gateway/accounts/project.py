"""One project of tokens.json: the keys we read of it, and what they mean."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.config.placeholders import is_placeholder


@dataclass(frozen=True, slots=True)
class Project:
    """`number` is its place in the file. `expires_at` is time.time() seconds, 0 when not known. `disabled_reason` is
    None while the project is in use. `credential` names the refresh token a disablement was about ("" for one that
    an operator or a predecessor wrote), `rotated_from` the refresh token this one was given in exchange for."""

    number: int
    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    project_id: str = ""
    email: str = ""
    oauth_client: Any = field(default=None, repr=False)
    disabled_reason: str | None = None
    credential: str = ""
    rotated_from: str = ""

    @property
    def label(self) -> str:
        return self.email or self.project_id or f"project-{self.number + 1}"

    def fresh(self, now: float, ahead_s: float) -> bool:
        """Whether its access token will do for `ahead_s` more seconds."""
        return bool(self.access_token) and self.expires_at - ahead_s > now


def project_of(entry: Any, number: int) -> Project | None:
    """None for an entry without a refresh token of its own (missing, or an example's placeholder)."""
    if not isinstance(entry, Mapping):
        return None
    refresh_token = _text(entry, "refresh_token")
    if is_placeholder(refresh_token):
        return None
    project_id, credential = _text(entry, "project_id"), _text(entry, "disabled_credential")
    reason: str | None = None
    if entry.get("enabled") is False and (not credential or credential == fingerprint(refresh_token)):
        reason = _text(entry, "disabled_reason") or "disabled in tokens.json"
    return Project(
        number=number,
        refresh_token=refresh_token,
        access_token=_text(entry, "access_token"),
        expires_at=_seconds(entry.get("expires_at")),
        project_id="" if is_placeholder(project_id) else project_id,
        email=_text(entry, "email"),
        oauth_client=entry.get("oauth_client"),
        disabled_reason=reason,
        credential=credential,
        rotated_from=_text(entry, "rotated_from"),
    )


def projects_of(document: Any) -> list[Project]:
    """The usable ones, in the order of the file."""
    found = (project_of(entry, number) for number, entry in enumerate(entries_of(document)))
    return [project for project in found if project is not None]


def entries_of(document: Any) -> list[Any]:
    """The raw list of projects; a document that is only that list is taken for it."""
    entries = document.get("projects") if isinstance(document, Mapping) else document
    return entries if isinstance(entries, list) else []


def fingerprint(secret: str) -> str:
    """Names a credential without telling it."""
    return hashlib.sha256(secret.strip().encode("utf-8", "replace")).hexdigest()[:16]


def enabling() -> dict[str, Any]:
    """What is written to take a project into use."""
    return {"enabled": True, "disabled_reason": None, "disabled_credential": None}


def outlived(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is written into an entry whose disablement was about a refresh token it no longer has: it is in use, and
    whoever reads the file shall see that. {} for every other entry."""
    credential = _text(entry, "disabled_credential")
    if entry.get("enabled") is not False or not credential or credential == fingerprint(_text(entry, "refresh_token")):
        return {}
    return enabling()


def disabling(reason: str, refresh_token: str) -> dict[str, Any]:
    """What is written to put a project out of use, for as long as it has this refresh token."""
    return {"enabled": False, "disabled_reason": reason[:800], "disabled_credential": fingerprint(refresh_token)}


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""


def _seconds(value: Any) -> float:
    """Unix seconds; milliseconds, as some tools write them, are noticed by their size."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return 0.0
    return value / 1000 if value > 10**11 else float(value)
