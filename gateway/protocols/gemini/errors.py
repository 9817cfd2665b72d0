"""google.rpc.Status errors, both ways.

https://google.aip.dev/193: {"error": {"code", "message", "status", "details"}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.canon.fault import Fault
from gateway.protocols.gemini.delays import detail_delay, header_delay
from gateway.protocols.located import located
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads

STATUS_WORDS: dict[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
_STATUS_OF_WORD: dict[str, int] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_KEPT_WORDS = re.compile(r"thinking|thought|signature|cache_control|mid-conversation|system (?:message|role)", re.I)
_CONTEXT = re.compile(r"token count.{0,80}exceeds|exceeds the maximum number of tokens|context (?:length|window)", re.I)
_POLICY = re.compile(
    r"content polic|safety polic|usage polic|prohibited (?:content|use)|blocked (?:due to|by|for)", re.I
)
_MODEL = re.compile(r"\bmodels?/\S+ is not found|model .{0,200}not (?:found|supported|exist)|\bmodels?/\S+", re.I)
_DAILY = re.compile(r"per_?day", re.I)


def error_document(fault: Fault) -> dict[str, Any]:
    """{"code", "message", "status", "details"}, RetryInfo among the details when the wait is known."""
    details = [detail for detail in fault.details if isinstance(detail.get("@type"), str)]
    if fault.retry_after is not None:
        # The provider spoke for one account; retry_after is about all that could answer.
        details = [detail for detail in details if detail["@type"] != _RETRY_INFO]
        seconds = f"{max(0.0, fault.retry_after):.3f}".rstrip("0").rstrip(".")
        details.append({"@type": _RETRY_INFO, "retryDelay": f"{seconds}s"})
    status = fault.status if 400 <= fault.status <= 599 else 500
    word = STATUS_WORDS.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    if fault.from_upstream and _STATUS_OF_WORD.get(fault.raw_type or "") == status:
        word = fault.raw_type or word
    return {"code": status, "message": located(fault), "status": word, "details": details}


def write_error(fault: Fault, request_id: str) -> bytes:
    """The whole JSON document; the request id travels in X-Request-Id, Google's shape has no place for it."""
    return dumps({"error": error_document(fault)})


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """A provider's answer that is no success; never raises."""
    try:
        document: Any = loads(body)
    except (JSONDecodeError, TypeError, ValueError):
        document = None
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    if error is None and isinstance(document, dict):
        inner = document.get("response")
        error = inner.get("error") if isinstance(inner, dict) else document.get("message") or document.get("detail")
    if error is None:
        error = {"message": _plain(body, status)}
    fault = fault_of(error, status)
    asked = header_delay(headers)
    if asked is not None:
        fault.retry_after = asked
    return fault


def _plain(body: bytes, status: int) -> str:
    text = body[:2000].decode("utf-8", "replace").strip() if isinstance(body, bytes) else ""
    if not text or text.startswith(("<", "{", "[")):
        return f"the provider answered {status} without a readable error"
    return text[:500]


def fault_of(error: Any, status: int | None = None) -> Fault:
    """An error object (or a string) to a Fault; `status` is the HTTP status where there is one of its own."""
    if not isinstance(error, dict):
        error = {"message": error if isinstance(error, str) else dumps(error).decode()[:500]}
    word = error.get("status")
    word = word.upper() if isinstance(word, str) else None
    message = error.get("message")
    message = message if isinstance(message, str) and message else f"the provider reported {word or 'an error'}"
    listed = error.get("details")
    details = _list(listed)
    reasons = {str(detail.get("reason")) for detail in details if detail.get("reason")}
    code = _status(status, error.get("code"), word)
    if code == 400 and ("API_KEY_INVALID" in reasons or "API_KEY_EXPIRED" in reasons):
        # Google answers a bad key with 400; everybody else, and who disables accounts, calls that 401.
        code = 401
    fault = Fault(
        code,
        message,
        retry_after=detail_delay(details),
        raw_type=word,
        details=details,
        from_upstream=True,
    )
    fault.keep_wording = code == 400 and _KEPT_WORDS.search(message) is not None
    fault.code = _code(fault, reasons)
    return fault


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _status(status: int | None, code: Any, word: str | None) -> int:
    if status is not None and 400 <= status <= 599:
        return status
    if isinstance(code, str) and code.isdigit() and len(code) == 3:
        code = int(code)
    if isinstance(code, int) and not isinstance(code, bool) and 400 <= code <= 599:
        return code
    return _STATUS_OF_WORD.get(word or "", 502)


def _code(fault: Fault, reasons: set[str]) -> str | None:
    message = fault.message
    if fault.status == 429:
        spent = "QUOTA_EXHAUSTED" in reasons or any(reason.startswith("INSUFFICIENT") for reason in reasons)
        daily = any(
            _DAILY.search(str(violation.get("quotaId", "")))
            for detail in fault.details
            for violation in _list(detail.get("violations"))
        )
        return "insufficient_quota" if spent or daily else "rate_limit_exceeded"
    if fault.status == 401:
        return "invalid_api_key"
    if fault.status == 404:
        return "model_not_found" if _MODEL.search(message) else None
    if fault.status in (400, 413):
        if _CONTEXT.search(message):
            return "context_length_exceeded"
        if _POLICY.search(message):
            return "content_policy_violation"
    return "upstream_error" if fault.status == 502 else None
