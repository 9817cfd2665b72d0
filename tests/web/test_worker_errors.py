from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from gunicorn.http import errors

from gateway.web.worker_errors import asked, dialect_of_path, fault_of, refusal
from tests.running import RunningGateway
from tests.web.wire import Wire, config, head

CANARY = "sk-canary-8fe1"


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    with RunningGateway(config()) as running:
        yield running


def test_a_request_line_tells_method_and_path_without_query() -> None:
    assert asked(b"POST /v1/messages?key=abc HTTP/1.1\r\n") == ("POST", "/v1/messages")
    assert asked(b"\r\nGET /v1beta/models HT") == ("GET", "/v1beta/models")
    assert asked(b"\x16\x03\x01\x02\x00") == ("", "")
    assert asked(b"") == ("", "")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/messages", "anthropic"),
        ("/anthropic/v1/models", "anthropic"),
        ("/v1beta/models/x:generateContent", "gemini"),
        ("/v1alpha/models", "gemini"),
        ("/gemini/v1beta/models", "gemini"),
        ("/v1/chat/completions", "chat"),
        ("", "chat"),
    ],
)
def test_the_path_tells_the_dialect(path: str, name: str) -> None:
    assert dialect_of_path(path).name == name


def test_no_fault_repeats_what_was_sent() -> None:
    for error in (
        errors.InvalidHeader(f"Authorization: {CANARY}"),
        errors.InvalidHeaderName(CANARY),
        errors.InvalidRequestLine(CANARY),
        errors.InvalidRequestMethod(CANARY),
        errors.UnsupportedTransferCoding(CANARY),
        errors.ExpectationFailed(CANARY),
        ValueError(CANARY),
    ):
        assert CANARY.encode() not in refusal(fault_of(error), "/v1/messages", "req_1")


def test_a_problem_document_under_openai() -> None:
    answer = refusal(fault_of(errors.LimitRequestLine(9000, 4094)), "/openai/v1/models", "req_1")
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b"Content-Type: application/problem+json\r\n" in answer


REFUSED = [
    ("no request line", f"nonsense {CANARY}\r\n\r\n".encode(), 400, "openai"),
    ("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\n" * 20 + b"\r\n\r\n", 400, "openai"),
    ("HTTP/2.0", b"POST /v1/messages HTTP/2.0\r\n\r\n", 400, "anthropic"),
    ("no colon in a header", head("POST", "/v1/messages", CANARY), 400, "anthropic"),
    ("space in a header name", head("POST", "/v1beta/models/m", f"x key: {CANARY}"), 400, "gemini"),
    ("folded header", head("GET", "/v1/models", "a: b", f" {CANARY}"), 400, "openai"),
    ("URI too long", head("GET", "/v1beta/" + "a" * 9000), 414, "gemini"),
    ("5 000-byte path", head("GET", "/v1/messages/" + "a" * 5000), 414, "anthropic"),
    ("3 000-byte path is let through", head("GET", "/v1/messages/" + "a" * 3000), 404, "anthropic"),
    ("header field too large", head("POST", "/v1/messages", "x: " + "a" * 64 * 1024), 431, "anthropic"),
    ("1 000 headers", head("POST", "/v1beta/x", *(f"x{n}: {CANARY}" for n in range(1000))), 431, "gemini"),
    ("two hosts", head("POST", "/v1/messages", "Host: other"), 400, "anthropic"),
    ("CL and TE", head("POST", "/v1/messages", "Content-Length: 5", "Transfer-Encoding: chunked"), 400, "anthropic"),
    ("two CL", head("POST", "/v1/responses", "Content-Length: 5", "Content-Length: 6"), 400, "openai"),
    ("CL that is no number", head("POST", "/v1/messages", f"Content-Length: {CANARY}"), 400, "anthropic"),
    ("negative CL", head("POST", "/v1/messages", "Content-Length: -1"), 400, "anthropic"),
    ("unknown coding", head("POST", "/v1/messages", "Transfer-Encoding: xchunked"), 400, "anthropic"),
    ("TE in HTTP/1.0", b"POST /gemini/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "gemini"),
    ("expectation", head("POST", "/v1/messages", f"Expect: {CANARY}", "Content-Length: 0"), 417, "anthropic"),
]


@pytest.mark.parametrize(("data", "status", "dialect"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_in_json_and_closed(gateway: RunningGateway, data: bytes, status: int, dialect: str) -> None:
    with Wire(gateway.connect()) as wire:
        answer = wire.send(data).read()
        assert answer.status == status
        assert answer.dialect == dialect
        assert answer.headers["content-type"] == "application/json"
        assert CANARY not in answer.body.decode() + str(answer.headers)
        if status != 404:
            assert answer.headers["connection"] == "close"
            wire.socket.shutdown(socket.SHUT_WR)
            assert wire.at_end()
    with Wire(gateway.connect()) as wire:
        assert wire.send(head("GET", "/healthz")).read().status == 200
    assert CANARY not in gateway.log()


def test_what_is_smuggled_behind_a_refused_request_is_not_answered(gateway: RunningGateway) -> None:
    smuggled = head("GET", "/healthz")
    with Wire(gateway.connect()) as wire:
        wire.send(
            head("POST", "/v1/messages", "Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + smuggled
        )
        assert wire.read().status == 400
        assert wire.at_end()


def test_a_refusal_is_recorded_once(gateway: RunningGateway) -> None:
    with Wire(gateway.connect()) as wire:
        answer = wire.send(head("GET", "/v1/recorded?key=" + CANARY, "broken header")).read()
    gateway.wait_for_log(answer.headers["x-request-id"])
    lines = [line for line in gateway.log().splitlines() if "/v1/recorded" in line]
    assert len(lines) == 1 and "400 GET /v1/recorded" in lines[0]
    assert CANARY not in lines[0]


def test_http_1_0_and_pipelining_are_served(gateway: RunningGateway) -> None:
    with Wire(gateway.connect()) as wire:
        answer = wire.send(b"GET /healthz HTTP/1.0\r\n\r\n").read()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.at_end()
    with Wire(gateway.connect()) as wire:
        wire.send(head("GET", "/healthz") * 3)
        assert [wire.read().status for _ in range(3)] == [200, 200, 200]
