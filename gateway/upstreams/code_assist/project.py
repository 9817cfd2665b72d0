"""Which cloud project an account works in: asked of the provider once and kept beside the account's token.

loadCodeAssist tells it; an account that was never here before is given one by onboardUser.
https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/code_assist/setup.ts
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.wrapper import Errand, Refused

FACT = "project_id"
LIMIT = 1024 * 1024
TRIES = 5
PAUSE_S = 2.0
FAILED_FOR_S = 5.0
"""How long a refusal is taken for the answer to others who ask the same."""

Ask = Callable[[str, bytes, Errand], Exchange]
"""("load" or "onboard", body, errand) -> the exchange. Raises TransportFault."""


class Projects:
    """One discovery an account at a time; everybody else who needs it waits for that one."""

    def __init__(self, ask: Ask, metadata: Mapping[str, Any], pause_s: float = PAUSE_S) -> None:
        self._ask = ask
        self._metadata = dict(metadata)
        self._pause = pause_s
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._failed: dict[str, tuple[float, Refused]] = {}

    def of(self, errand: Errand) -> str:
        """Raises Refused, TransportFault."""
        account = errand.account
        known = account.fact(FACT)
        if known or errand.aside:
            return known
        with self._guard:
            lock = self._locks.setdefault(account.id, threading.Lock())
        with lock:
            known = account.fact(FACT)
            if known:
                return known
            until, refusal = self._failed.get(account.id, (0.0, None))
            if refusal is not None and time.monotonic() < until and refusal.status != 401:
                raise refusal
            try:
                found = self._discover(errand)
            except Refused as refused:
                self._failed[account.id] = (time.monotonic() + FAILED_FOR_S, refused)
                raise
            self._failed.pop(account.id, None)
            account.keep(FACT, found)
            return found

    def _discover(self, errand: Errand) -> str:
        loaded = self._post("load", {"metadata": self._metadata}, errand)
        project = _project(loaded)
        if project:
            return project
        if not loaded.get("currentTier") and not _dicts(loaded.get("allowedTiers")) and loaded.get("ineligibleTiers"):
            raise _no_project(loaded)
        body = {"tierId": _tier(loaded), "metadata": self._metadata}
        for number in range(TRIES):
            if number:
                time.sleep(min(self._pause, max(errand.deadline - time.monotonic(), 0.0)))
            operation = self._post("onboard", body, errand)
            if operation.get("done") is True:
                response = operation.get("response")
                project = _project(response if isinstance(response, dict) else {})
                if project:
                    return project
                break
            if time.monotonic() >= errand.deadline:
                break
        raise _no_project(loaded)

    def _post(self, operation: str, body: dict[str, Any], errand: Errand) -> dict[str, Any]:
        exchange = self._ask(operation, json.dumps(body).encode(), errand)
        try:
            raw = exchange.read_all(LIMIT, 30.0, errand.deadline)
        finally:
            exchange.close()
        try:
            document = json.loads(raw)
        except ValueError:
            document = None
        if exchange.status != 200:
            raise Refused(exchange.status, exchange.headers, raw)
        if not isinstance(document, dict):
            raise Refused(502, {}, _error(502, "UNAVAILABLE", f"{operation}: the answer is not a JSON object", {}))
        return document


def _project(document: Mapping[str, Any]) -> str:
    """A name or an object with an id; an empty one is none."""
    found = document.get("cloudaicompanionProject")
    if isinstance(found, Mapping):
        found = found.get("id")
    return found.strip() if isinstance(found, str) else ""


def _tier(document: Mapping[str, Any]) -> str:
    """The tier offered by default, else the one the account is in, else the provider's name for "none yet"."""
    tiers = [tier for tier in _dicts(document.get("allowedTiers")) if tier.get("isDefault")]
    tiers += _dicts([document.get("currentTier")])
    return next((tier["id"] for tier in tiers if isinstance(tier.get("id"), str) and tier["id"]), "legacy-tier")


def _no_project(document: Mapping[str, Any]) -> Refused:
    reasons, metadata, word = [], {}, "USER_PROJECT_DENIED"
    for tier in _dicts(document.get("ineligibleTiers")):
        if isinstance(tier.get("reasonMessage"), str):
            reasons.append(tier["reasonMessage"][:300])
        if tier.get("reasonCode") == "VALIDATION_REQUIRED":
            word = "VALIDATION_REQUIRED"
            metadata = {"validation_url": tier.get("validationUrl")}
    message = "no cloud project for this account: set its project_id in tokens.json"
    if reasons:
        message += f" (the provider says: {'; '.join(reasons)})"
    return Refused(403, {}, _error(403, "PERMISSION_DENIED", message, {"reason": word, "metadata": metadata}))


def _error(status: int, word: str, message: str, detail: dict[str, Any]) -> bytes:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **detail}] if detail else []
    return json.dumps({"error": {"code": status, "status": word, "message": message, "details": details}}).encode()


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
