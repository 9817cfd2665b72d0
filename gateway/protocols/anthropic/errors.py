"""Errors, both ways (https://docs.anthropic.com/en/api/errors)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from gateway.canon.fault import Fault
from gateway.protocols.located import located
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads

NO_THREADS = "thread_unsupported_request"
_TYPES: dict[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STATUS: dict[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_CODES: dict[str, str] = {
    "authentication_error": "invalid_api_key",
    "billing_error": "insufficient_quota",
    "request_too_large": "request_too_large",
    "rate_limit_error": "rate_limit_exceeded",
}
_KEPT_WORDS = re.compile(r"thinking|signature|cache_control|mid-conversation system|role.{0,3}system", re.I)
_CONTEXT = re.compile(r"prompt is too long|context (window|length|limit)|maximum .{0,40}context", re.I)
_POLICY = re.compile(r"content filter|content policy|usage polic|safety polic", re.I)
_QUOTA = re.compile(r"credit balance|spend limit|billing|usage limits?", re.I)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_\-]{6,}")
_LONGEST = 4000


def error_document(fault: Fault, request_id: str) -> dict[str, Any]:
    """The shape of a whole error and of a mid-stream `error` event."""
    error: dict[str, Any] = {"type": _type(fault), "message": _worded(fault)}
    if fault.details and isinstance(fault.details[0].get("error_code"), str):
        error["details"] = fault.details[0]
    elif fault.code == NO_THREADS:
        error["details"] = {"error_code": NO_THREADS, "unsupported": [fault.param]}
    return {"type": "error", "error": error, "request_id": request_id or None}


def write_error(fault: Fault, request_id: str) -> bytes:
    return dumps(error_document(fault, request_id))


def _worded(fault: Fault) -> str:
    """Claude Code compacts the conversation when it reads Anthropic's own words for a prompt that does not fit."""
    said = located(fault)
    if fault.code == "context_length_exceeded" and "prompt is too long" not in said.lower():
        return f"prompt is too long: {said}"
    return said


def _type(fault: Fault) -> str:
    raw = fault.raw_type
    if raw is not None and _STATUS.get(raw) == fault.status:
        return raw
    found = _TYPES.get(fault.status)
    if found is None:
        found = "api_error" if fault.status >= 500 else "invalid_request_error"
    return found


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """Never raises. Below 400 the error's own type gives the status (an error inside a 200)."""
    try:
        document = loads(body) if body else None
    except JSONDecodeError:
        document = None
    fault = fault_of(document, status if status >= 400 else None)
    if fault is None:
        plain = document is None and b"<" not in body[:512]
        text = body[:500].decode("utf-8", "replace").strip() if plain else ""
        status = status if status >= 400 else 502
        said = f": {_clean(text)}" if text else ""
        fault = Fault(status, f"the provider answered with status {status}{said}", from_upstream=True)
        if status == 429:
            fault.code = "rate_limit_exceeded"
    fault.retry_after = _retry_after(headers)
    return fault


def fault_of(document: Any, status: int | None = None) -> Fault | None:
    """The fault an object tells of, None when it holds no error. `status` None: the type's own."""
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if error is None and document.get("type") != "error":
        return None
    raw_type, message, details = "", "", []
    if isinstance(error, dict):
        raw_type, message = _word(error.get("type")), _word(error.get("message"))
        if isinstance(error.get("details"), dict):
            details = [error["details"]]
        code = error.get("code")
        if status is None and type(code) is int and 400 <= code <= 599:
            status = code
    elif isinstance(error, str):
        message = error
    message = message or _word(document.get("message"))
    if status is None:
        status = _STATUS.get(raw_type, 502)
    message = _clean(message) or f"the provider answered with an error of status {status}"
    fault = Fault(status, message, raw_type=raw_type or None, details=details, from_upstream=True)
    fault.code = _code(fault)
    fault.keep_wording = status == 400 and bool(_KEPT_WORDS.search(message) or _CONTEXT.search(message))
    return fault


def _code(fault: Fault) -> str | None:
    detail = fault.details[0].get("error_code") if fault.details else None
    if isinstance(detail, str) and "spend_limit" in detail:
        return "insufficient_quota"
    if fault.status in (400, 402, 403) and _QUOTA.search(fault.message):
        return "insufficient_quota"
    if fault.status in (400, 413) and _CONTEXT.search(fault.message):
        return "context_length_exceeded"
    if fault.status in (400, 403) and _POLICY.search(fault.message):
        return "content_policy_violation"
    if fault.status == 404 and "model" in fault.message.lower():
        return "model_not_found"
    if isinstance(detail, str):
        return detail
    return _CODES.get(fault.raw_type or _TYPES.get(fault.status, ""))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _clean(message: str) -> str:
    return _KEY.sub("sk-***", message)[:_LONGEST]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from retry-after-ms or Retry-After (seconds or an HTTP date)."""
    found = {name.lower(): value for name, value in headers.items()}
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = found.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / scale
        except ValueError:
            seconds = _until(value)
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError):
        return -1.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - time.time(), 0.0)
