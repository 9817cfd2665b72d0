"""What the relay relies on, for both adapters alike."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable

import pytest

from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Aborted, Cut, ProtocolFault, Silence, TooLarge
from gateway.upstreams.transport.session import Transport
from tests.upstreams.transport.scripted import Peer, Scripted, answers, chunked, ok

Serve = Callable[..., Scripted]
Ask = Callable[..., Exchange]

SMALL = b'{"id": "x"}'


def whole(exchange: Exchange) -> bytes:
    try:
        return exchange.read_all(1 << 20, 5.0)
    finally:
        exchange.close()


def test_status_headers_and_reuse(serve: Serve, either: Transport, ask: Ask) -> None:
    server = serve(answers(ok(SMALL, "X-Request-Id: 7"), chunked(b"a", b"bc", trailers=b"T: u\r\n")))
    exchange = ask(either, server.url())
    assert exchange.status == 200 and exchange.headers.get("x-request-ID") == "7"
    assert whole(exchange) == SMALL and exchange.read(1.0) == b"" == exchange.read(1.0)
    assert whole(ask(either, server.url())) == b"abc"
    assert whole(ask(either, server.url())) == b"abc"
    assert server.connections == 1


@pytest.mark.parametrize("name", ["text/event-stream", "application/json"])
def test_bytes_come_as_they_arrive(serve: Serve, either: Transport, ask: Ask, name: str) -> None:
    taken = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: {name}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for number in range(3):
            peer.send(b"9\r\ndata: %d\n\n\r\n" % number)
            taken.wait(5)
            taken.clear()
        peer.send(b"0\r\n\r\n")

    exchange = ask(either, serve(script).url())
    for number in range(3):
        assert exchange.read(5.0) == b"data: %d\n\n" % number
        taken.set()
    assert exchange.read(5.0) == b""
    exchange.close()


def test_many_chunks_of_one_packet_come_in_one_read(serve: Serve, either: Transport, ask: Ask) -> None:
    exchange = ask(either, serve(answers(chunked(*[b"data: x\n\n"] * 200))).url())
    assert exchange.read(5.0) == b"data: x\n\n" * 200
    assert whole(exchange) == b""


def test_gzip_stream_is_decoded_as_it_arrives(serve: Serve, either: Transport, ask: Ask) -> None:
    taken = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        made = zlib.compressobj(wbits=31)
        for number in range(3):
            piece = made.compress(b"data: %d\n\n" % number) + made.flush(zlib.Z_SYNC_FLUSH)
            peer.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            taken.wait(5)
            taken.clear()
        last = made.flush()
        peer.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(last), last))

    exchange = ask(either, serve(script).url())
    for number in range(3):
        assert exchange.read(5.0) == b"data: %d\n\n" % number
        taken.set()
    assert whole(exchange) == b""


def test_gzip_cut_short(serve: Serve, either: Transport, ask: Ask) -> None:
    wire = gzip.compress(SMALL)[:-3]
    exchange = ask(either, serve(answers(ok(wire, "Content-Encoding: gzip"))).url())
    with pytest.raises(Cut):
        whole(exchange)


def test_every_split_of_a_chunked_answer(serve: Serve, either: Transport, ask: Ask) -> None:
    wire = chunked(b"hello", b" ", b"0123456789", trailers=b"T: u\r\n")
    body = wire.index(b"\r\n\r\n") + 4

    def script(peer: Peer) -> None:
        for at in range(1, len(wire)):
            peer.request()
            peer.send(wire[:at])
            # Inside the head the split need not reach the client as two packets; inside the body it should.
            peer.pause(0.002 if at >= body else 0.0)
            peer.send(wire[at:])

    server = serve(script)
    for at in range(1, len(wire)):
        assert whole(ask(either, server.url())) == b"hello 0123456789", at
    assert server.connections == 1


def test_silence_then_more(serve: Serve, either: Transport, ask: Ask) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1")
        go.wait(5)
        peer.send(b"0\r\n", b"0123456789abcdef\r\n0\r\n\r\n")

    exchange = ask(either, serve(script).url())
    assert exchange.read(5.0) == b"ab"
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(Silence):
            exchange.read(0.1)
        assert 0.05 < time.monotonic() - began < 3
    with pytest.raises(Silence):
        exchange.read(0.0)
    go.set()
    assert whole(exchange) == b"0123456789abcdef"


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
    ],
)
@pytest.mark.parametrize("reset", [False, True])
def test_cut_in_the_body(serve: Serve, either: Transport, ask: Ask, wire: bytes, reset: bool) -> None:
    taken = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(wire)
        if reset:
            taken.wait(5)
            peer.reset()

    exchange = ask(either, serve(script).url())
    got = b""
    with pytest.raises(Cut) as caught:
        while piece := exchange.read(5.0):
            got += piece
            taken.set()
    assert got == (b"hel" if b"hello" not in wire else b"hello") or b"nonsense" in wire
    assert not caught.value.before_head
    with pytest.raises(Cut):
        exchange.read(5.0)
    exchange.close()


def test_close_delimited_and_http_1_0(serve: Serve, either: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nhello")

    server = serve(script)
    assert whole(ask(either, server.url())) == b"hello"
    assert whole(ask(either, server.url())) == b"hello"
    assert server.connections == 2


def test_connection_close_is_not_reused(serve: Serve, either: Transport, ask: Ask) -> None:
    server = serve(answers(ok(SMALL, "Connection: close")))
    assert whole(ask(either, server.url())) == SMALL
    assert whole(ask(either, server.url())) == SMALL
    assert server.connections == 2


@pytest.mark.parametrize(
    ("method", "wire"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: br\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_answers_without_body(serve: Serve, either: Transport, ask: Ask, method: str, wire: bytes) -> None:
    server = serve(answers(wire))
    for _ in range(2):
        exchange = ask(either, server.url(), method, body=None)
        assert exchange.read(1.0) == b""
        exchange.close()
    assert server.connections == 1


def test_interim_answers_are_skipped(serve: Serve, either: Transport, ask: Ask) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * 2
    exchange = ask(either, serve(answers(interim + ok(SMALL))).url())
    assert exchange.status == 200 and whole(exchange) == SMALL


def test_redirects_are_answers(serve: Serve, either: Transport, ask: Ask) -> None:
    server = serve(answers(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"))
    exchange = ask(either, server.url())
    assert exchange.status == 302 and exchange.headers["Location"] == "/other" and whole(exchange) == b""
    whole(ask(either, server.url()))
    assert len(server.requests) == 2 and "cookie" not in server.requests[1][0].lower()


def test_contradicting_framing(serve: Serve, either: Transport, ask: Ask) -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with pytest.raises(ProtocolFault):
        ask(either, serve(answers(wire)).url())


def test_unread_answers_are_not_reused(serve: Serve, either: Transport, ask: Ask) -> None:
    server = serve(answers(chunked(b"x" * 50)[:-5], ok(SMALL)))
    exchange = ask(either, server.url())
    exchange.read(5.0)
    exchange.close()
    exchange.close()
    with pytest.raises(Cut):
        exchange.read(5.0)
    assert ask(either, server.url()).status == 200
    assert server.connections == 2


def test_closing_ends_the_upstreams_connection(serve: Serve, either: Transport, ask: Ask) -> None:
    seen: list[bool] = []
    done = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        seen.append(peer.gone())
        done.set()

    exchange = ask(either, serve(script).url())
    assert exchange.read(5.0) == b"ab"
    exchange.close()
    assert done.wait(6) and seen == [True]


def test_read_all_bounds(serve: Serve, either: Transport, ask: Ask) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    exchange = ask(either, serve(answers(ok(bomb, "Content-Encoding: gzip"))).url())
    with pytest.raises(TooLarge):
        exchange.read_all(1_000_000, 5.0)
    exchange.close()

    def drip(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            peer.send(b"x")
            peer.pause(0.02)

    exchange = ask(either, serve(drip).url())
    with pytest.raises(Silence):
        exchange.read_all(1000, 5.0, time.monotonic() + 0.2)
    exchange.close()


def test_large_bodies_both_ways(serve: Serve, either: Transport, ask: Ask) -> None:
    block = bytes(range(256)) * 4096
    body = block * 50

    def script(peer: Peer) -> None:
        _, got = peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nX-Same: %d\r\nContent-Length: %d\r\n\r\n" % (got == body, len(body)))
        for _ in range(50):
            peer.send(block)

    exchange = ask(either, serve(script).url(), body=body)
    assert exchange.headers["x-same"] == "1"
    size = 0
    while piece := exchange.read(5.0):
        assert len(piece) <= 1 << 20
        size += len(piece)
    exchange.close()
    assert size == len(body)


def hang_in_body(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.gone(10)


def test_abort_wakes_a_blocked_read(serve: Serve, either: Transport, ask: Ask) -> None:
    exchange = ask(either, serve(hang_in_body).url())
    timer = threading.Timer(0.1, exchange.abort)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Aborted):
        exchange.read(8.0)
    assert time.monotonic() - began < 1.1
    with pytest.raises(Aborted):
        exchange.read(8.0)
    exchange.close()


def test_abort_before_the_head(serve: Serve, either: Transport, ask: Ask) -> None:
    timers: list[threading.Timer] = []

    def on_open(call: Exchange) -> None:
        timers.append(threading.Timer(0.1, call.abort))
        timers[0].start()

    def script(peer: Peer) -> None:
        peer.request()
        peer.gone(10)

    began = time.monotonic()
    with pytest.raises(Aborted):
        ask(either, serve(script).url(), header_timeout=8.0, on_open=on_open)
    assert time.monotonic() - began < 1.1


def test_abort_in_on_open(serve: Serve, either: Transport, ask: Ask) -> None:
    server = serve(answers(ok(SMALL)))
    with pytest.raises(Aborted):
        ask(either, server.url(), on_open=lambda call: call.abort())
    assert server.requests == []


def test_a_late_abort_leaves_the_pooled_connection_alone(serve: Serve, either: Transport, ask: Ask) -> None:
    server = serve(answers(ok(SMALL)))
    old = ask(either, server.url())
    assert whole(old) == SMALL
    new = ask(either, server.url())
    old.abort()
    old.close()
    assert whole(new) == SMALL
    assert server.connections == 1


def test_twenty_at_once(serve: Serve, either: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        while True:
            _, body = peer.request()
            peer.pause(0.01)
            peer.send(chunked(body, body))

    server = serve(script)
    wrong: list[bytes] = []

    def work(number: int) -> None:
        for turn in range(10):
            mine = b"%d-%d" % (number, turn)
            got = whole(ask(either, server.url(), body=mine))
            if got != mine + mine:
                wrong.append(got)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert wrong == [] and len(server.requests) == 200 and server.connections <= 20
