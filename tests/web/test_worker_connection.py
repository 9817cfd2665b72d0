from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.running import RunningGateway
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.web.wire import Wire, chat, config, head

MB = 1024 * 1024
LIMITS = "header_timeout_s = 0.7\nbody_timeout_s = 0.7\nmax_body_mb = 2"
GENEROUS_S = 6.0


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        yield up


@pytest.fixture(scope="module")
def gateway(upstream: ScriptedUpstream) -> Iterator[RunningGateway]:
    more = '[auth]\nmode = "strict"\napi_keys = ["k-right-key-000001"]'
    with RunningGateway(config(upstream.base_url, LIMITS, more)) as running:
        yield running


KEY = "Authorization: Bearer k-right-key-000001"


@pytest.fixture
def wire(gateway: RunningGateway) -> Iterator[Wire]:
    with Wire(gateway.connect()) as connection:
        yield connection


def drip(wire: Wire, data: bytes, pause_s: float = 0.1, at_most_s: float = GENEROUS_S) -> float:
    """Sends byte by byte until the peer has something to say or is gone; seconds it took."""
    began = time.monotonic()
    wire.socket.settimeout(pause_s)
    for byte in data:
        if time.monotonic() - began > at_most_s:
            break
        try:
            wire.socket.sendall(bytes([byte]))
            if wire.socket.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            continue
        except OSError:
            break
    wire.socket.settimeout(10)
    return time.monotonic() - began


def test_a_slow_head_ends_in_408_of_its_dialect(wire: Wire) -> None:
    wire.send(b"POST /v1/messages HTTP/1.1\r\n")
    assert drip(wire, b"x-a: " + b"b" * 1000) < GENEROUS_S
    answer = wire.read()
    assert (answer.status, answer.dialect) == (408, "anthropic")
    assert answer.headers["connection"] == "close"


def test_a_connection_that_never_speaks_is_closed(wire: Wire) -> None:
    began = time.monotonic()
    assert wire.at_end()
    assert time.monotonic() - began < GENEROUS_S


def test_the_deadline_counts_anew_for_every_head_but_not_while_idle(wire: Wire) -> None:
    assert wire.send(head("GET", "/healthz", KEY)).read().status == 200
    time.sleep(1.6)
    assert wire.send(head("GET", "/healthz", KEY)).read().status == 200
    wire.send(b"GET /v1beta/models HTTP/1.1\r\n")
    assert drip(wire, b"x-a: " + b"b" * 1000) < GENEROUS_S
    answer = wire.read()
    assert (answer.status, answer.dialect) == (408, "gemini")


def test_a_stalled_body_ends_in_408(wire: Wire) -> None:
    began = time.monotonic()
    answer = wire.send(head("POST", "/v1/messages", KEY, "Content-Length: 100") + b'{"model"').read()
    assert (answer.status, answer.dialect) == (408, "anthropic")
    assert answer.headers["connection"] == "close"
    assert wire.at_end()
    assert time.monotonic() - began < GENEROUS_S


def test_a_dripping_chunked_body_ends_in_408(wire: Wire) -> None:
    wire.send(head("POST", "/v1/chat/completions", KEY, "Transfer-Encoding: chunked"))
    assert drip(wire, b"1\r\n{\r\n" * 500, 0.02) < GENEROUS_S
    answer = wire.read()
    assert (answer.status, answer.dialect) == (408, "openai")


def test_the_worker_serves_others_meanwhile(gateway: RunningGateway) -> None:
    slow = [Wire(gateway.connect()).send(b"POST /v1/messages HTTP/1.1\r\nx:") for _ in range(50)]
    with Wire(gateway.connect()) as wire:
        began = time.monotonic()
        assert wire.send(head("GET", "/healthz", KEY)).read().status == 200
        assert time.monotonic() - began < 1
    for each in slow:
        assert each.read().status == 408
        each.close()


def test_a_long_answer_outlives_every_request_deadline(upstream: ScriptedUpstream, wire: Wire) -> None:
    upstream.play(text("one two three four five six", pace=0.4), model="m-long")
    answer = wire.post("/v1/chat/completions", chat(stream=True, model="m-long"), KEY).read()
    assert answer.status == 200
    assert answer.body.rstrip().endswith(b"data: [DONE]")


def test_a_body_over_the_limit_is_refused_before_it_is_read(wire: Wire) -> None:
    wire.send(head("POST", "/v1/messages", KEY, f"Content-Length: {260 * MB}"))
    answer = wire.read()
    assert (answer.status, answer.dialect) == (413, "anthropic")
    assert answer.headers["connection"] == "close"
    sent = 0
    try:
        while sent < 64 * MB:
            sent += wire.socket.send(b"x" * MB)
    except OSError:
        pass
    assert sent < 32 * MB, "the rest of a refused body was swallowed"


def test_a_refused_body_that_is_sent_all_the_same_does_not_hide_the_answer(wire: Wire) -> None:
    """The client writes all of it before it reads, as most libraries do: its answer must not end in a reset."""
    answer = wire.post("/v1/chat/completions", b"x" * 5 * MB, "Authorization: Bearer wrong").read()
    assert answer.status == 401
    assert answer.headers["connection"] == "close"


def test_an_endless_chunked_body_is_413(wire: Wire) -> None:
    wire.send(head("POST", "/v1/chat/completions", KEY, "Transfer-Encoding: chunked"))
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    try:
        for _ in range(40):
            wire.send(piece)
    except OSError:
        pass
    answer = wire.read()
    assert (answer.status, answer.json["error"]["code"]) == (413, "request_too_large")
    assert answer.headers["connection"] == "close"


def test_a_small_unread_body_that_is_here_keeps_the_connection(wire: Wire) -> None:
    for said in ("hi", "x" * 20_000, "ho"):
        answer = wire.post("/v1/chat/completions", chat(said=said), "Authorization: Bearer wrong").read()
        assert (answer.status, answer.headers["connection"]) == (401, "keep-alive")


def test_a_body_shorter_than_its_length(wire: Wire) -> None:
    wire.send(head("POST", "/v1/messages", KEY, "Content-Length: 100") + b"{}")
    wire.socket.shutdown(socket.SHUT_WR)
    answer = wire.read()
    assert (answer.status, answer.dialect) == (400, "anthropic")


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n", b"-1\r\n"], ids=["size", "end", "sign"]
)
def test_a_bad_chunk_is_400_and_closed(wire: Wire, chunks: bytes) -> None:
    answer = wire.send(head("POST", "/v1/messages", KEY, "Transfer-Encoding: chunked") + chunks).read()
    assert (answer.status, answer.dialect) == (400, "anthropic")
    assert answer.headers["connection"] == "close"
    assert wire.at_end()


def test_no_length_and_no_chunks_is_an_empty_body(wire: Wire) -> None:
    answer = wire.send(head("POST", "/v1/messages", KEY)).read()
    assert (answer.status, answer.headers["connection"]) == (400, "keep-alive")


def test_100_continue_is_sent_once_the_body_is_wanted(upstream: ScriptedUpstream, wire: Wire) -> None:
    body = chat()
    wire.send(head("POST", "/v1/chat/completions", KEY, "Expect: 100-continue", f"Content-Length: {len(body)}"))
    assert wire.read_head()[0] == 100
    assert wire.send(body).read().status == 200
    assert wire.post("/v1/chat/completions", body, KEY).read().status == 200


def test_100_continue_is_not_sent_for_what_is_refused(wire: Wire) -> None:
    wire.send(head("POST", "/v1/chat/completions", KEY, "Expect: 100-continue", f"Content-Length: {50 * MB}"))
    assert wire.read().status == 413


def test_chunked_bodies_in_odd_pieces_arrive_whole(upstream: ScriptedUpstream, wire: Wire) -> None:
    body = chat(said="x" * 5000)
    wire.send(head("POST", "/v1/chat/completions", KEY, "Transfer-Encoding: chunked"))
    for at in range(0, len(body), 700):
        piece = body[at : at + 700]
        wire.send(f"{len(piece):X};a=b\r\n".encode() + piece + b"\r\n")
    assert wire.send(b"0\r\n\r\n").read().status == 200
    assert upstream.requests[-1].body["messages"] == json.loads(body)["messages"]


def test_pipelined_posts_are_answered_in_order(upstream: ScriptedUpstream, wire: Wire) -> None:
    for said in ("one", "two", "three"):
        wire.post("/v1/chat/completions", chat(said=said), KEY)
    assert [wire.read().status for _ in range(3)] == [200, 200, 200]
    assert [each.body["messages"][0]["content"] for each in upstream.requests[-3:]] == ["one", "two", "three"]
