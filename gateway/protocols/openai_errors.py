"""OpenAI's error shape, shared by the chat and the Responses dialects.

https://platform.openai.com/docs/guides/error-codes/api-errors
`{"error": {"message", "type", "param", "code"}}`, all four keys always present (SDKs read them unchecked).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from gateway.canon.fault import Fault
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads

MAX_MESSAGE = 2000

_TYPES: dict[int, str] = {401: "invalid_request_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES: dict[int, str] = {
    401: "invalid_api_key",
    403: "model_not_allowed",
    405: "method_not_allowed",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    500: "internal_error",
    502: "upstream_error",
    503: "no_account_available",
    504: "upstream_timeout",
}
_STATUS_OF_WORD: dict[str, int] = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "content_policy_violation": 400,
    "invalid_argument": 400,
    "failed_precondition": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "tokens": 429,
    "requests": 429,
    "server_error": 500,
    "internal_error": 500,
    "api_error": 500,
    "internal": 500,
    "overloaded_error": 503,
    "overloaded": 503,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "unavailable": 503,
    "usage_limit_reached": 429,
    "image_parse_error": 400,
    "invalid_image": 400,
    "invalid_image_format": 400,
    "invalid_base64_image": 400,
    "invalid_image_url": 400,
    "image_content_policy_violation": 400,
    "vector_store_timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
}
_CONTEXT = re.compile(
    r"context_length_exceeded|maximum context length|context window|context length|prompt is too long"
    r"|input token count|too many input tokens",
    re.I,
)
_POLICY = re.compile(
    r"content_policy_violation|content_filter|content management policy|content policy|usage polic(?:y|ies)"
    r"|safety system|responsibleaipolicy",
    re.I,
)
_QUOTA = re.compile(
    r"insufficient_quota|usage_limit_reached|exceeded your current quota"
    r"|insufficient (?:balance|credits?|funds)",
    re.I,
)
_BAD_KEY = re.compile(r"(?:incorrect|invalid) api key|api key (?:not valid|expired)", re.I)
_NO_MONEY = ("billing_hard_limit_reached", "billing_not_active")
_WORDING = re.compile(r"thinking|signature|cache_control|mid-conversation system|role ['\"]?system", re.I)
_SECRET = re.compile(r"\b(sk-|AIza|ya29\.|Bearer\s+)[\w.~+/*-]{8,}")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)(ms|s))?")


def error_type(status: int) -> str:
    """OpenAI's `type` word for a status (failures.md part 1, column O)."""
    return _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")


def error_object(fault: Fault) -> dict[str, Any]:
    """The inner `{"message", "type", "param", "code"}`."""
    return {
        "message": fault.message,
        "type": error_type(fault.status),
        "param": fault.param,
        "code": fault.code or _CODES.get(fault.status),
    }


def write_error(fault: Fault, request_id: str = "") -> bytes:
    """The error document. OpenAI names the request in a header only, so `request_id` is not in the body."""
    return dumps({"error": error_object(fault)})


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """A provider's error answer to a Fault; never raises, whatever the bytes."""
    try:
        document = loads(body)
    except (JSONDecodeError, RecursionError):
        document = None
    if isinstance(document, list) and document:
        document = document[0]  # Gemini's OpenAI-compatible endpoint wraps its error in an array
    error = None
    if isinstance(document, dict):
        error = document.get("error")
        if error is None:
            error = document.get("detail") or document.get("errors") or document
    elif isinstance(document, str):
        error = document
    fault = fault_of(error, status)
    if document is None:
        fault.message = _plain(body) or fault.message
        _recognise(fault, fault.message)
    waits = retry_after(headers)
    if waits is not None:
        fault.retry_after = waits
    return fault


def fault_of(error: Any, status: int = 0) -> Fault:
    """An error object (or text) to a Fault.

    `status` 0 or 2xx (an error inside a 200 or a stream): the object's code or type word decides, else 502.
    """
    fields: dict[str, Any] = error if isinstance(error, dict) else {}
    code, kind = fields.get("code"), fields.get("type")
    if not isinstance(kind, str):
        kind = fields.get("status") if isinstance(fields.get("status"), str) else None
    if status < 400:
        status = _status_of(code, fields.get("status"), kind)
    message = fields.get("message") or fields.get("msg") or (error if isinstance(error, str) else "")
    if isinstance(message, dict | list):
        message = dumps(message).decode()
    message = _SECRET.sub(r"\1***", str(message))[:MAX_MESSAGE]
    param = fields.get("param")
    fault = Fault(
        status,
        message or f"the provider answered with status {status}",
        code=code if isinstance(code, str) and code and not code.isdigit() else None,
        param=param if isinstance(param, str) else None,
        raw_type=kind if isinstance(kind, str) else None,
        details=_details(fields),
        from_upstream=True,
    )
    fault.retry_after = _detail_delay(fault.details)
    _recognise(fault, f"{kind or ''} {code or ''} {message}")
    return fault


def _recognise(fault: Fault, words: str) -> None:
    if fault.status == 400 and (fault.code == "invalid_api_key" or _BAD_KEY.match(fault.message)):
        # Gemini's OpenAI-compatible endpoint and xAI say so. As first words only: a key that is quoted is another's.
        fault.status, fault.code = 401, "invalid_api_key"
    elif fault.code in _NO_MONEY:
        fault.code = "insufficient_quota"
    elif fault.status in (400, 403, 413, 422) and _CONTEXT.search(words):
        fault.code = "context_length_exceeded"
    elif fault.status in (400, 403, 422) and _POLICY.search(words):
        fault.code = "content_policy_violation"
    elif fault.status in (402, 403, 429) and _QUOTA.search(words):
        fault.code = "insufficient_quota"
    elif fault.status == 429:
        fault.code = "rate_limit_exceeded"
    elif fault.status == 404 and "model" in words.lower():
        fault.code = "model_not_found"
    fault.keep_wording = fault.status == 400 and _WORDING.search(words) is not None


def _status_of(code: Any, status: Any, kind: Any) -> int:
    for value in (code, status):
        if isinstance(value, str) and value.isdigit() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    for value in (code, status, kind):
        if isinstance(value, str) and value.lower() in _STATUS_OF_WORD:
            return _STATUS_OF_WORD[value.lower()]
    return 502


def _details(fields: dict[str, Any]) -> list[dict[str, Any]]:
    details = fields.get("details")
    return [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []


def _plain(body: bytes) -> str:
    """A short plain-text body; an HTML page says nothing to a caller."""
    text = body[:500].decode("utf-8", "replace").strip()
    if not text or text.startswith(("<", "{", "[")) or "\x00" in text:
        return ""
    return _SECRET.sub(r"\1***", text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `retry-after-ms` or `Retry-After` (seconds or HTTP date, RFC 9110 10.2.3), else None."""
    lower = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(lower.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = lower.get("retry-after", "").strip()
    if not value:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
        return max((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def _detail_delay(details: list[dict[str, Any]]) -> float | None:
    """Google's RetryInfo.retryDelay or ErrorInfo.metadata.quotaResetDelay ("17s", "1h16m0.667s", "200ms")."""
    for detail in details:
        metadata = detail.get("metadata")
        reset = metadata.get("quotaResetDelay") if isinstance(metadata, dict) else None
        for value in (detail.get("retryDelay"), reset):
            found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
            if found is not None:
                hours, minutes, last, unit = found.groups()
                seconds = float(last or 0) / (1000 if unit == "ms" else 1)
                return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds
    return None
