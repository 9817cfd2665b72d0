"""The v1internal envelope: {"model", "project", "request": {...}} around a Gemini request, {"response"} around answers.

Taken from the open source client:
https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/code_assist/converter.ts
"""

from __future__ import annotations

import math
import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.canon.quota import Quota
from gateway.upstreams.wrapper import Errand

_NOT_INSIDE = ("model", "session_id", "sessionId")


class Envelope:
    """`project` finds out the project of an errand's account; `user_agent` is the operator's word, "" for none."""

    def __init__(self, project: Callable[[Errand], str], user_agent: str = "") -> None:
        self._project = project
        self._user_agent = user_agent
        self._sessions: dict[str, str] = {}

    def wrap(self, operation: str, model: str, body: Mapping[str, Any], errand: Errand) -> dict[str, Any] | None:
        match operation:
            case "count":
                return _count(model, body)
            case "models":
                return {"project": self._project(errand)}
            case "generate" | "stream":
                return self._generate(model, body, errand)
            case _:
                return None

    def unwrap(self, document: Any) -> Any:
        """`response` where there is one; its traceId and metadata stay out of what the client sees."""
        if isinstance(document, list):
            return [self.unwrap(each) for each in document]
        if isinstance(document, dict) and isinstance(document.get("response"), dict):
            return document["response"]
        return document

    def retry(self, operation: str, status: int) -> dict[str, Any] | None:
        """The list is also given without a project, to accounts that may not ask for that of theirs."""
        return {} if operation == "models" and status == 403 else None

    def listed(self, document: Any) -> Any:
        return {
            "models": [
                {
                    "name": f"models/{name}",
                    "displayName": entry.get("displayName"),
                    "inputTokenLimit": entry.get("maxTokens"),
                    "outputTokenLimit": entry.get("maxOutputTokens"),
                }
                for name, entry in _models(document)
            ]
        }

    def quotas(self, document: Any, now: float) -> list[Quota]:
        return [
            Quota(name, _fraction(entry["quotaInfo"]), _reset(entry["quotaInfo"].get("resetTime")), now)
            for name, entry in _models(document)
            if isinstance(entry.get("quotaInfo"), dict)
        ]

    def _generate(self, model: str, body: Mapping[str, Any], errand: Errand) -> dict[str, Any]:
        request = {name: value for name, value in body.items() if name not in _NOT_INSIDE}
        session = body.get("session_id") or body.get("sessionId")
        request["session_id"] = session if isinstance(session, str) else self._session(errand.account.id)
        request_id = f"{errand.request_id or 'req'}-{uuid.uuid4()}"
        wrapped = {
            "model": model,
            "project": self._project(errand),
            "user_prompt_id": request_id,
            "requestId": request_id,
            "request": request,
        }
        if self._user_agent:
            wrapped["userAgent"] = self._user_agent
        return wrapped

    def _session(self, account_id: str) -> str:
        """One negative number an account, for as long as this process lives."""
        return self._sessions.setdefault(account_id, f"-{secrets.randbelow(2**62) + 1}")


def _count(model: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Only contents can be counted here: with instructions or tools the number would be too small, so it is not
    asked for and an estimate of the whole is given instead."""
    inner = body.get("generateContentRequest", body)
    if not isinstance(inner, Mapping) or inner.get("systemInstruction") or inner.get("tools"):
        return None
    return {"request": {"model": f"models/{model}", "contents": inner.get("contents", [])}}


def _models(document: Any) -> list[tuple[str, dict[str, Any]]]:
    models = document.get("models") if isinstance(document, dict) else None
    if not isinstance(models, dict):
        return []
    return [(name, entry if isinstance(entry, dict) else {}) for name, entry in models.items() if name]


def _fraction(quota: Mapping[str, Any]) -> float:
    """A missing fraction is 0: proto3's JSON leaves zeros out."""
    value = quota.get("remainingFraction", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return min(max(float(value), 0.0), 1.0)


def _reset(value: Any) -> float:
    if not isinstance(value, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
