"""What a 403 is about. Providers use it for a bad credential and for five other things that pass, or pass elsewhere.

https://cloud.google.com/apis/design/errors, https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from gateway.canon.fault import Fault

Refusal = Literal["validation", "project", "region", "model", "credential", "unknown"]

_REASONS: dict[str, Refusal] = {
    "VALIDATION_REQUIRED": "validation",
    "SERVICE_DISABLED": "project",
    "BILLING_DISABLED": "project",
    "CONSUMER_INVALID": "project",
    "CONSUMER_SUSPENDED": "project",
    "USER_PROJECT_DENIED": "project",
    "IAM_PERMISSION_DENIED": "project",
    "RESOURCE_USAGE_RESTRICTION_VIOLATED": "project",
    "LOCATION_POLICY_VIOLATED": "region",
    "LOCATION_ORG_POLICY_VIOLATED": "region",
    "API_KEY_INVALID": "credential",
    "API_KEY_EXPIRED": "credential",
    "ACCESS_TOKEN_EXPIRED": "credential",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "credential",
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": "credential",
    "CREDENTIALS_MISSING": "credential",
    "ACCOUNT_STATE_INVALID": "credential",
}
_WORDS: tuple[tuple[re.Pattern[str], Refusal], ...] = (
    (re.compile(r"verify your account|validation[ _]required|account validation|validation_url"), "validation"),
    (re.compile(r"api key.{0,60}(?:invalid|leaked|expired|revoked)"), "credential"),
    (re.compile(r"(?:invalid|leaked|expired|revoked).{0,60}api key"), "credential"),
    (re.compile(r"account (?:has been|is|was) (?:disabled|suspended|deactivated)|terms of service"), "credential"),
    (re.compile(r"insufficient authentication scopes|invalid (?:access token|credentials)"), "credential"),
    (re.compile(r"country|region|location|territory"), "region"),
    (re.compile(r"\bmodels?\b"), "model"),
    (re.compile(r"project|billing|caller does not have permission|iam|has not been used in|organization"), "project"),
)


def refusal_of(fault: Fault) -> Refusal:
    """By the machine words of all details first, then by the message."""
    for reason in _reasons(fault.details):
        found = _REASONS.get(reason)
        if found is not None:
            return found
    if validation_url(fault):
        return "validation"
    text = f"{fault.raw_type or ''} {fault.message}".lower()
    return next((refusal for pattern, refusal in _WORDS if pattern.search(text)), "unknown")


def validation_url(fault: Fault) -> str:
    """Where the owner of the account has to go, "" when the provider names no such page."""
    for detail in fault.details:
        metadata = detail.get("metadata")
        url = metadata.get("validation_url") if isinstance(metadata, dict) else None
        if isinstance(url, str) and url.startswith("https://") and len(url) < 2000 and url.isprintable():
            return url
    return ""


def _reasons(details: list[dict[str, Any]]) -> Iterator[str]:
    for detail in details:
        reason = detail.get("reason")
        if isinstance(reason, str):
            yield reason.upper()


def worded(fault: Fault) -> str:
    """A failure in a few words, for logs and `dragoman accounts list`."""
    if fault.status == 403 and fault.from_upstream:
        url = validation_url(fault)
        return f"403 {refusal_of(fault)}{': the owner has to open ' + url if url else ''}"
    return f"{fault.status} {fault.code or fault.raw_type or ''}".strip()
