"""google.rpc.Status out and in; waiting times; the error map of the failure contract."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.canon.fault import Fault
from gateway.protocols.gemini import DIALECT
from gateway.protocols.gemini.delays import duration


def read(status, document, headers=None):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return DIALECT.read_error(status, headers or {}, body)


def error(code, message="m", status=None, details=None):
    return {"error": {"code": code, "message": message, "status": status, "details": details or []}}


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (405, "UNIMPLEMENTED"),
        (413, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
        (529, "UNAVAILABLE"),
        (422, "INVALID_ARGUMENT"),
    ],
)
def test_written(status, word):
    written = json.loads(DIALECT.write_error(Fault(status, "text"), "req-1"))
    assert written == {"error": {"code": status, "message": "text", "status": word, "details": []}}


def test_retry_info_is_written_once():
    fault = Fault(429, "slow", retry_after=3)
    details = json.loads(DIALECT.write_error(fault, ""))["error"]["details"]
    assert details == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}]
    again = read(429, {"error": {"code": 429, "message": "slow", "details": details}})
    assert again.retry_after == 3
    assert json.loads(DIALECT.write_error(again, ""))["error"]["details"] == details


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (
            400,
            error(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
            "context_length_exceeded",
        ),
        (400, error(400, "The prompt was blocked due to prohibited content."), "content_policy_violation"),
        (400, error(400, "Invalid value at 'contents'"), None),
        (404, error(404, "models/gemini-9 is not found for API version v1beta"), "model_not_found"),
        (429, error(429, "You exceeded your current quota"), "rate_limit_exceeded"),
        (
            429,
            error(
                429,
                "q",
                details=[{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}],
            ),
            "insufficient_quota",
        ),
        (429, error(429, "q", details=[{"reason": "QUOTA_EXHAUSTED"}]), "insufficient_quota"),
        (
            429,
            error(
                429,
                "q",
                details=[{"violations": [{"quotaId": "GenerateRequestsPerMinute"}]}, {"violations": 7}],
            ),
            "rate_limit_exceeded",
        ),
        (401, error(401, "Request had invalid authentication credentials."), "invalid_api_key"),
    ],
)
def test_codes(status, document, code):
    fault = read(status, document)
    assert (fault.status, fault.code, fault.from_upstream) == (status, code, True)


def test_a_bad_key_is_an_authentication_fault_though_google_says_400():
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    fault = read(400, error(400, "API key not valid.", "INVALID_ARGUMENT", details))
    assert (fault.status, fault.code, fault.raw_type) == (401, "invalid_api_key", "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "message",
    [
        "Function call is missing a thought_signature in functionCall parts.",
        "thinking_budget is out of range",
    ],
)
def test_wording_is_kept(message):
    assert read(400, error(400, message)).keep_wording
    assert not read(500, error(500, message)).keep_wording


@pytest.mark.parametrize(
    ("headers", "details", "message", "expected"),
    [
        ({"Retry-After": "7"}, [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "3s"}], "m", 7),
        ({"retry-after-ms": "1500", "retry-after": "9"}, [], "m", 1.5),
        (
            {},
            [
                {"@type": "a"},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1h16m0.667s"},
            ],
            "m",
            4560.667,
        ),
        ({}, [{"@type": "x.RetryInfo", "retryDelay": {"seconds": "3", "nanos": 500000000}}], "m", 3.5),
        ({}, [{"reason": "X", "metadata": {"quotaResetDelay": "168h0m1s"}}], "m", 604801),
        ({}, [], "Please retry in 38.25s.", None),
        ({}, [], "Your quota will reset after 900ms.", None),
        ({}, [], "gemini-2.5 models: 5m tokens, retry in 2.5 models", None),
        ({"retry-after": "soon"}, [{"@type": "x.RetryInfo", "retryDelay": "-3s"}], "m", None),
    ],
)
def test_waits(headers, details, message, expected):
    fault = read(429, error(429, message, details=details), headers)
    assert fault.retry_after == (None if expected is None else pytest.approx(expected))


def test_a_quota_reset_timestamp():
    later = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    details = [{"@type": "a"}, {"reason": "QUOTA_EXHAUSTED", "metadata": {"quotaResetTimeStamp": later}}]
    assert 55 < read(429, error(429, "m", details=details), {}).retry_after <= 60
    details[1]["metadata"]["quotaResetTimeStamp"] = "gemini-2.5 models"
    assert read(429, error(429, "m", details=details), {}).retry_after is None


def test_retry_after_as_a_date():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < read(503, error(503), {"Retry-After": later}).retry_after <= 61
    assert read(503, error(503), {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}).retry_after == 0


@pytest.mark.parametrize("text", ["", "5", "s", "1h2", "1.2.3s", "5 m", "5models", None, 5, {"seconds": "x"}])
def test_no_durations(text):
    assert duration(text) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>no</html>",
        b"\xff\xfe",
        b"[]",
        b"[1]",
        b"null",
        b"7",
        b'{"error":',
        b'{"error":null}',
        b'{"error":{}}',
        b'{"error":{"message":5,"code":"x","details":{"a":1},"status":[]}}',
        b'{"error":[]}',
        b'{"error":{"details":[{"@type":5,"violations":5,"metadata":5}]}}',
    ],
)
def test_any_bytes_are_read(body):
    for status in (200, 302, 400, 429, 500, 599, 0):
        fault = DIALECT.read_error(status, {"Retry-After": "x" * 100}, body)
        assert 400 <= fault.status <= 599 and fault.message and "<html" not in fault.message
        json.loads(DIALECT.write_error(fault, ""))


def test_other_shapes():
    assert read(429, [error(429, "in an array")]).message == "in an array"
    assert read(500, {"error": "just text"}).message == "just text"
    assert read(503, b"upstream connect error").message == "upstream connect error"
    assert read(200, error(429, "hidden", "RESOURCE_EXHAUSTED")).status == 429
    assert read(200, error(None, "hidden", "UNAVAILABLE")).status == 503
    assert read(502, b"").message == "the provider answered 502 without a readable error"
