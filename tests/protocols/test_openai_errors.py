from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from gateway.canon.fault import Fault
from gateway.protocols.openai_errors import fault_of, read_error, retry_after, write_error


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (401, "invalid_request_error", "invalid_api_key"),
        (403, "permission_error", "model_not_allowed"),
        (404, "invalid_request_error", None),
        (405, "invalid_request_error", "method_not_allowed"),
        (413, "invalid_request_error", "request_too_large"),
        (429, "rate_limit_error", "rate_limit_exceeded"),
        (500, "server_error", "internal_error"),
        (502, "server_error", "upstream_error"),
        (503, "server_error", "no_account_available"),
        (504, "server_error", "upstream_timeout"),
        (529, "server_error", None),
    ],
)
def test_written_shape(status: int, kind: str, code: str | None) -> None:
    document = json.loads(write_error(Fault(status, "m"), "req"))
    assert document == {"error": {"message": "m", "type": kind, "param": None, "code": code}}


def test_told_code_and_param_win() -> None:
    document = json.loads(write_error(Fault(404, "m", code="model_not_found", param="model"), ""))
    assert document["error"]["code"] == "model_not_found" and document["error"]["param"] == "model"


def error(**fields: Any) -> bytes:
    return json.dumps({"error": fields}).encode()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, error(message="m", code="context_length_exceeded"), "context_length_exceeded"),
        (
            400,
            error(message="This model's maximum context length is 8192 tokens."),
            "context_length_exceeded",
        ),
        (400, error(message="The response was filtered", code="content_filter"), "content_policy_violation"),
        (
            429,
            error(message="You exceeded your current quota", type="insufficient_quota"),
            "insufficient_quota",
        ),
        (429, error(message="slow"), "rate_limit_exceeded"),
        (429, b"", "rate_limit_exceeded"),
        (404, error(message="The model `x` does not exist"), "model_not_found"),
        (404, b"404 page not found", None),
        (400, error(message="bad", code="a_code_of_theirs"), "a_code_of_theirs"),
        (500, error(message="bad", code=500), None),
    ],
)
def test_read_codes(status: int, body: bytes, code: str | None) -> None:
    fault = read_error(status, {}, body)
    assert (fault.status, fault.code, fault.from_upstream) == (status, code, True)
    assert fault.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}",
        b'{"error":null}',
        b'{"error":"text"}',
        b'{"error":[1]}',
        b'{"error":{"message":{"a":1},"code":["x"],"type":5,"param":{},"details":{"x":1}}}',
        b'{"detail":[{"msg":"x"}]}',
        b"[[[[",
        b"[" * 100000,
    ],
)
def test_never_raises(body: bytes) -> None:
    fault = read_error(502, {"retry-after": "soon"}, body)
    assert fault.status == 502 and fault.message and fault.retry_after is None


def test_texts_of_compatible_servers() -> None:
    assert read_error(400, {}, b'{"detail":"no such thing"}').message == "no such thing"
    assert read_error(400, {}, b'[{"error":{"message":"in an array","code":400}}]').message == "in an array"
    assert read_error(503, {}, b"upstream connect error").message == "upstream connect error"
    assert read_error(400, {}, b'{"message":"bare"}').message == "bare"
    assert "html" not in read_error(502, {}, b"<html>x</html>").message


@pytest.mark.parametrize(
    "body",
    [
        b'[{"error":{"code":400,"message":"API key not valid. Pass a valid one.","status":"INVALID_ARGUMENT"}}]',
        b'{"code":"Client specified an invalid argument","error":"Incorrect API key provided: ab***yz."}',
        error(message="no", code="invalid_api_key"),
    ],
)
def test_a_bad_key_that_is_called_a_bad_request(body: bytes) -> None:
    """Gemini's OpenAI-compatible endpoint, xAI."""
    fault = read_error(400, {}, body)
    assert (fault.status, fault.code) == (401, "invalid_api_key")
    quoted = read_error(400, {}, error(message="the MCP server said: Incorrect API key provided"))
    assert (quoted.status, quoted.code) == (400, None)


@pytest.mark.parametrize(
    ("status", "code"), [(400, "billing_hard_limit_reached"), (429, "billing_not_active"), (403, "billing_not_active")]
)
def test_an_account_without_money(status: int, code: str) -> None:
    fault = read_error(status, {}, error(message="m", code=code))
    assert (fault.status, fault.code) == (status, "insufficient_quota")


def test_wording_clients_match_on() -> None:
    assert read_error(400, {}, error(message="Invalid `signature` in `thinking` block")).keep_wording
    assert read_error(400, {}, error(message="cache_control: too many")).keep_wording
    assert not read_error(400, {}, error(message="bad temperature")).keep_wording
    assert not read_error(500, {}, error(message="thinking failed")).keep_wording


def test_keys_are_not_repeated() -> None:
    message = read_error(401, {}, error(message="Incorrect API key provided: sk-abcdefghijklmnop123")).message
    assert "abcdefghijklmnop" not in message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After-Ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seconds = retry_after({"Retry-After": date})
    assert seconds is not None and 30 < seconds < 90
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ([{"@type": "x/google.rpc.RetryInfo", "retryDelay": "17s"}], 17.0),
        ([{"reason": "x"}, {"metadata": {"quotaResetDelay": "1h16m0.667s"}}], 4560.667),
        ([{"metadata": {"quotaResetDelay": "200ms"}}], 0.2),
        ([{"retryDelay": "gemini-2.5 models"}], None),
        ([{"retryDelay": ""}], None),
        ([], None),
    ],
)
def test_google_details(details: list[dict[str, Any]], seconds: float | None) -> None:
    assert read_error(429, {}, error(message="m", details=details)).retry_after == seconds


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "503"}, 503),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"type": "authentication_error"}, 401),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"type": "overloaded_error"}, 503),
        ({"code": "invalid_prompt"}, 400),
        ({"message": "what"}, 502),
        ({"code": True}, 502),
    ],
)
def test_status_of_an_error_inside_a_200(fields: dict[str, Any], status: int) -> None:
    assert fault_of(fields).status == status
    assert read_error(200, {}, error(**fields)).status == status
