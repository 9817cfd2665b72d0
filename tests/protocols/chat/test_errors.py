from typing import Any

import pytest

from gateway.canon.fault import Fault
from gateway.protocols.chat import DIALECT
from gateway.protocols.chat.errors import broken_off, fault_in, mid_stream_error
from gateway.protocols.wire_json import loads


@pytest.mark.parametrize(
    ("document", "name", "status"),
    [
        ({"error": {"message": "x", "code": "rate_limit_exceeded"}}, "", 429),
        ({"error": {"message": "x", "type": "insufficient_quota"}}, "", 429),
        ({"error": {"message": "x", "code": "context_length_exceeded"}}, "", 400),
        ({"error": {"message": "x", "code": "503"}}, "", 503),
        ({"error": "boom"}, "", 502),
        ({"error": {}}, "", 502),
        ({"object": "error", "message": "x", "code": 400}, "", 400),
        ({"message": "x", "code": 500}, "error", 500),
    ],
)
def test_faults(document: dict[str, Any], name: str, status: int) -> None:
    fault = fault_in(document, name)
    assert fault is not None and fault.status == status and fault.from_upstream


@pytest.mark.parametrize(
    "document", [{}, {"error": None}, {"error": False}, {"choices": [{"delta": {"content": '{"error": 1}'}}]}]
)
def test_no_faults(document: dict[str, Any]) -> None:
    assert fault_in(document) is None


def test_a_choice_that_broke_off() -> None:
    assert broken_off("error", 502, {"code": 429, "message": "x"}).status == 429
    assert broken_off("abort", 502, None).raw_type == "abort"


def test_mid_stream_error() -> None:
    data = mid_stream_error(Fault(500, "a\u2028b"))
    assert data.startswith(b"data: ") and data.endswith(b"}\n\n") and "\u2028".encode() not in data
    assert set(loads(data[6:])["error"]) == {"message", "type", "param", "code"}


def test_the_documents_are_openais() -> None:
    document = loads(DIALECT.write_error(Fault(404, "no such model", "model_not_found", "model"), "req_1"))
    assert document == {
        "error": {
            "message": "no such model",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }
    assert DIALECT.read_error(429, {"Retry-After": "7"}, b"<html>").retry_after == 7
