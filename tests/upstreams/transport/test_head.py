from __future__ import annotations

import pytest

from gateway.upstreams.transport.faults import ProtocolFault
from gateway.upstreams.transport.head import MAX_LINES, Headers, head_end, parse_head, request_head
from gateway.upstreams.transport.target import locate

TARGET = locate("http://upstream.test:8080/v1/x?y=1")


def test_request_head_adds_only_what_it_must() -> None:
    made = request_head("POST", TARGET, {"X-A": "1"}, 2)
    assert made == (
        b"POST /v1/x?y=1 HTTP/1.1\r\nHost: upstream.test:8080\r\nX-A: 1\r\n"
        b"Accept-Encoding: gzip\r\nContent-Length: 2\r\n\r\n"
    )


def test_request_head_keeps_the_callers_encoding_and_host_but_not_the_framing() -> None:
    headers = {
        "accept-encoding": "identity",
        "HOST": "other",
        "content-length": "9",
        "Transfer-Encoding": "chunked",
    }
    made = request_head("GET", TARGET, headers, None)
    assert made == b"GET /v1/x?y=1 HTTP/1.1\r\nHost: other\r\naccept-encoding: identity\r\n\r\n"


def test_a_post_without_body_says_so() -> None:
    assert b"Content-Length: 0\r\n" in request_head("POST", TARGET, {}, None)


@pytest.mark.parametrize(
    "headers",
    [{"A": "x\r\nB: y"}, {"A": "x\ny"}, {"A": "\0"}, {"A B": "x"}, {"": "x"}, {"A\r\nB": "x"}],
)
def test_nothing_can_be_smuggled_into_a_request(headers: dict[str, str]) -> None:
    with pytest.raises(ProtocolFault):
        request_head("GET", TARGET, headers, None)
    with pytest.raises(ProtocolFault):
        request_head("GET /x HTTP/1.1\r\nA: b", TARGET, {}, None)


def test_parse() -> None:
    head = parse_head(b"HTTP/1.1 200 Very OK\r\nA:1\r\nset-Cookie: x\r\nSet-cookie:  y \r\nEmpty:\r\n\r\n")
    assert (head.minor, head.status, head.reason) == (1, 200, "Very OK")
    assert head.fields == {"a": "1", "set-cookie": "x, y", "empty": ""}
    assert parse_head(b"HTTP/1.0 404\nA: b\n\n").fields == {"a": "b"}
    assert parse_head(b"HTTP/1.1 204 \r\n\r\n").fields == {}


@pytest.mark.parametrize(
    "block",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (MAX_LINES + 1) + b"\r\n",
    ],
)
def test_malformed(block: bytes) -> None:
    with pytest.raises(ProtocolFault):
        parse_head(block)


def test_head_end() -> None:
    assert head_end(b"A\r\nB: c\r\n\r\nrest") == 11
    assert head_end(b"A\nB: c\n\nrest\r\n\r\n") == 8
    assert head_end(b"A\r\nB: c\r\n") == -1


@pytest.mark.parametrize(
    ("block", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", True),
    ],
)
def test_keep_alive(block: bytes, keeps: bool) -> None:
    assert parse_head(block).keeps_alive is keeps


def test_headers_are_asked_in_any_case() -> None:
    headers = Headers({"retry-after": "3"})
    assert headers["Retry-After"] == headers.get("RETRY-AFTER") == "3"
    assert "Retry-After" in headers and headers.get("x") is None and dict(headers) == {"retry-after": "3"}
