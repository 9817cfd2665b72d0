"""The four protocols with the error shapes of failures.md part 1, for table-driven tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateways import Reply

NATIVE = {"chat": "chat", "messages": "anthropic", "gemini": "gemini", "responses": "responses"}
FOREIGN = {"chat": "anthropic", "messages": "gemini", "gemini": "chat", "responses": "anthropic"}

PROTOCOLS = pytest.mark.parametrize("protocol", NATIVE)
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
MODES = pytest.mark.parametrize("native", [True, False], ids=["passthrough", "translated"])

MESSAGES_TYPE = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    405: "invalid_request_error", 413: "request_too_large", 415: "invalid_request_error", 429: "rate_limit_error",
    500: "api_error", 502: "api_error", 503: "overloaded_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
GEMINI_STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT", 415: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 502: "UNAVAILABLE",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
OPENAI_TYPE = {
    400: "invalid_request_error", 401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error",
    405: "invalid_request_error", 413: "invalid_request_error", 415: "invalid_request_error", 429: "rate_limit_error",
    500: "server_error", 502: "server_error", 503: "server_error", 504: "server_error",
}  # fmt: skip


def dialect_of(protocol: str, native: bool) -> str:
    return NATIVE[protocol] if native else FOREIGN[protocol]


def assert_error(reply: Reply, status: int, code: str | None = None) -> dict[str, Any]:
    """The protocol's own error document with this status; gives its error object."""
    assert reply.status == status, (reply.status, reply.body)
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.headers.get("x-request-id")
    document = reply.json
    error: dict[str, Any] = document["error"]
    assert error["message"]
    match reply.protocol:
        case "messages":
            assert document["type"] == "error"
            assert error["type"] == MESSAGES_TYPE[status]
        case "gemini":
            assert (error["code"], error["status"]) == (status, GEMINI_STATUS[status])
        case _:
            assert error["type"] == OPENAI_TYPE[status], error
            assert {"param", "code"} <= set(error)
            assert code is None or error["code"] == code, error
    return error
