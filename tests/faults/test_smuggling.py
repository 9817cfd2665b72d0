"""Requests that two servers in a row could read differently (failures.md, row 22): refused, and nothing after them is
read as a request. RFC 9112, sections 2.2, 5.1, 6.1 and 7.1."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.gateways import Provider, config_for
from tests.running import RunningGateway
from tests.scripted.upstream import ScriptedUpstream

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
TE = b"Transfer-Encoding: chunked\r\n"
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

HEADS = {
    "both": LENGTH + TE,
    "two lengths": LENGTH + b"Content-Length: 3\r\n",
    "the same length twice": LENGTH * 2,
    "a list of lengths": b"Content-Length: %d, 3\r\n" % len(BODY),
    "a signed length": b"Content-Length: +%d\r\n" % len(BODY),
    "a negative length": b"Content-Length: -1\r\n",
    "a hexadecimal length": b"Content-Length: 0x10\r\n",
    "a length of other digits": "Content-Length: ١٢\r\n".encode(),
    "an underscored length": b"Content-Length: 1_0\r\n",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\n",
    "a tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "chunked twice": TE * 2,
    "chunked not last": b"Transfer-Encoding: chunked, gzip\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n",
    "a quoted coding": b'Transfer-Encoding: "chunked"\r\n',
    "a NUL in a value": LENGTH + b"X-A: a\x00b\r\n",
    "a bare CR in a value": LENGTH + b"X-A: a\rTransfer-Encoding: chunked\r\n",
    "a bare LF": LENGTH + b"X-A: a\nTransfer-Encoding: chunked\r\n",
    "no name": LENGTH + b": x\r\n",
    "a name with a blank": LENGTH + b"X A: x\r\n",
}
CHUNKS = {
    "a signed size": b"+5\r\nhello\r\n0\r\n\r\n",
    "a prefixed size": b"0x5\r\nhello\r\n0\r\n\r\n",
    "an underscored size": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "an empty size": b"\r\nhello\r\n0\r\n\r\n",
    "too many bytes": b"3\r\nhello\r\n0\r\n\r\n",
    "an endless size": b"f" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    "a huge size": b"ffffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a bare LF": b"5\nhello\n0\n\n",
}


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream) -> Iterator[RunningGateway]:
    with RunningGateway(config_for(Provider(up, "chat"), server={"body_timeout_s": 1.0})) as running:
        yield running


def told(gateway: RunningGateway, raw: bytes) -> bytes:
    """Everything the gateway says until it closes."""
    with gateway.connect(8.0) as connection:
        connection.sendall(raw)
        said = b""
        while piece := connection.recv(65536):
            said += piece
    return said


def request(head: bytes, body: bytes) -> bytes:
    line = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return line + head + b"\r\n" + body + HIDDEN


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("body", [BODY, CHUNKED], ids=["plain", "chunked"])
def test_a_head_that_can_be_read_in_two_ways(
    gateway: RunningGateway, up: ScriptedUpstream, name: str, body: bytes
) -> None:
    said = told(gateway, request(HEADS[name], body))
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), said[:200]
    assert said.count(b"HTTP/1.1 ") == 1 and b"smuggled" not in said and up.asked() == []


@pytest.mark.parametrize("name", CHUNKS)
def test_a_chunk_that_can_be_read_in_two_ways(gateway: RunningGateway, up: ScriptedUpstream, name: str) -> None:
    said = told(gateway, request(TE, CHUNKS[name]))
    assert said.startswith(b"HTTP/1.1 4"), said[:200]
    assert said.count(b"HTTP/1.1 ") == 1 and b"smuggled" not in said and up.asked() == []


def test_a_header_in_another_spelling_is_not_that_header(gateway: RunningGateway, up: ScriptedUpstream) -> None:
    """WSGI would give X_Forwarded_For and X-Forwarded-For the same name."""
    line = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    odd = b"Transfer_Encoding: chunked\r\nContent_Length: 3\r\nX_Forwarded_For: 192.0.2.1\r\nVia_: x\r\n"
    theirs = b"Authorization: Bearer a\r\nTE: trailers\r\n"
    said = told(gateway, line + LENGTH + odd + theirs + b"\r\n" + BODY)
    assert said.startswith(b"HTTP/1.1 200 "), said[:300]
    [asked] = up.asked()
    assert asked.headers["authorization"] == "Bearer key-1" and asked.raw == BODY
    assert not {"te", "transfer_encoding", "x_forwarded_for", "transfer-encoding"} & asked.headers.keys()
