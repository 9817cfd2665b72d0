from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.canon.fault import Fault
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.wire_json import dumps, loads


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (405, "invalid_request_error"),
        (413, "request_too_large"),
        (418, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
        (599, "api_error"),
    ],
)
def test_types_by_status(status: int, kind: str) -> None:
    document = loads(DIALECT.write_error(Fault(status, "no"), "req_1"))
    assert document == {"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_1"}


def test_a_raw_type_counts_only_for_its_own_status() -> None:
    def kind(status: int, raw: str) -> str:
        return str(loads(DIALECT.write_error(Fault(status, "x", raw_type=raw), ""))["error"]["type"])

    assert kind(409, "conflict_error") == "conflict_error"
    assert kind(502, "authentication_error") == "api_error"
    assert kind(429, "RESOURCE_EXHAUSTED") == "rate_limit_error"


def test_details_with_an_error_code() -> None:
    detail = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    fault = Fault(400, "no threads", details=[detail])
    assert loads(DIALECT.write_error(fault, ""))["error"]["details"] == detail
    google = Fault(429, "x", details=[{"@type": "type.googleapis.com/google.rpc.RetryInfo"}])
    assert "details" not in loads(DIALECT.write_error(google, ""))["error"]


def said(kind: str, message: str, **more: object) -> bytes:
    return dumps({"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_9"})


@pytest.mark.parametrize(
    ("status", "body", "code", "kept"),
    [
        (400, said("invalid_request_error", "prompt is too long: 9 > 8"), "context_length_exceeded", True),
        (
            400,
            said("invalid_request_error", "messages.1: Invalid `signature` in `thinking` block"),
            None,
            True,
        ),
        (400, said("invalid_request_error", "A maximum of 4 blocks with cache_control may be"), None, True),
        (
            400,
            said("invalid_request_error", "mid-conversation system messages are not supported"),
            None,
            True,
        ),
        (400, said("invalid_request_error", "max_tokens: required"), None, False),
        (400, said("invalid_request_error", "Your credit balance is too low"), "insufficient_quota", False),
        (
            400,
            said("invalid_request_error", "Output blocked by content filtering policy"),
            "content_policy_violation",
            False,
        ),
        (401, said("authentication_error", "invalid x-api-key"), "invalid_api_key", False),
        (404, said("not_found_error", "model: claude-9"), "model_not_found", False),
        (404, said("not_found_error", "no such path"), None, False),
        (413, said("request_too_large", "too large"), "request_too_large", False),
        (429, said("rate_limit_error", "slow"), "rate_limit_exceeded", False),
        (
            429,
            said("rate_limit_error", "x", details={"error_code": "contract_spend_limit_reached"}),
            "insufficient_quota",
            False,
        ),
        (529, said("overloaded_error", "Overloaded"), None, False),
    ],
)
def test_codes_and_wording(status: int, body: bytes, code: str | None, kept: bool) -> None:
    fault = DIALECT.read_error(status, {}, body)
    document = loads(body)["error"]
    assert (fault.status, fault.message, fault.raw_type) == (status, document["message"], document["type"])
    assert (fault.code, fault.keep_wording, fault.from_upstream) == (code, kept, True)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("overloaded_error", 529), ("rate_limit_error", 429), ("api_error", 500), ("odd", 502)],
)
def test_inside_a_200_the_type_gives_the_status(kind: str, status: int) -> None:
    assert DIALECT.read_error(200, {}, said(kind, "x")).status == status


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"7", b"[]", b'"x"', b"{", b"\xff\xfe", b"<html>502</html>", b'{"error":5}'),
        *(b'{"error":[]}', b'{"type":"error"}', b'{"error":"down"}', b'{"error":{"type":["x"],"code":"y"}}'),
        b'{"error":{"type":5,"message":[],"details":3,"code":true}}',
    ],
)
def test_any_bytes_are_read(body: bytes) -> None:
    for status in (400, 429, 502):
        fault = DIALECT.read_error(status, {}, body)
        assert fault.status == status and fault.message and "<html>" not in fault.message
    assert DIALECT.read_error(200, {}, body).status >= 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": "9", "Retry-After-Ms": "250"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert DIALECT.read_error(429, headers, b"").retry_after == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seconds = DIALECT.read_error(429, {"retry-after": later}, b"").retry_after
    assert seconds is not None and 30 < seconds <= 61
    assert DIALECT.read_error(429, {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, b"").retry_after == 0


def test_keys_are_not_repeated() -> None:
    fault = DIALECT.read_error(401, {}, said("authentication_error", "bad key sk-ant-api03-SECRETSECRET"))
    assert "SECRET" not in fault.message
