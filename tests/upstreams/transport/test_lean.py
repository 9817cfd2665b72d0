from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Aborted, Cut, HeadTimeout, ProtocolFault, Silence
from gateway.upstreams.transport.head import MAX_HEAD
from gateway.upstreams.transport.session import Transport
from tests.upstreams.transport.scripted import Peer, Scripted, answers, chunked, ok

Serve = Callable[..., Scripted]
Ask = Callable[..., Exchange]


def whole(exchange: Exchange) -> bytes:
    try:
        return exchange.read_all(1 << 20, 5.0)
    finally:
        exchange.close()


def test_the_bytes_of_a_request(serve: Serve, transport: Transport, ask: Ask) -> None:
    server = serve(answers(ok(b"x")))
    whole(
        ask(
            transport,
            server.url("/v1/x?a=b"),
            headers={"Authorization": "Bearer k", "User-Agent": "d"},
            body=b"{}",
        )
    )
    assert server.requests == [
        (
            f"POST /v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer k\r\n"
            "User-Agent: d\r\nAccept-Encoding: gzip\r\nContent-Length: 2",
            b"{}",
        )
    ]


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 5_000_000])
def test_bodies_of_any_size_and_kind(serve: Serve, transport: Transport, ask: Ask, size: int) -> None:
    server = serve(answers(ok(b"x")))
    body = bytes(size)
    for given in (body, memoryview(body), memoryview(bytearray(body))):
        assert whole(ask(transport, server.url(), body=given)) == b"x"
    assert [len(got) for _, got in server.requests] == [size] * 3 and server.connections == 1


@pytest.mark.parametrize("wire", [ok(b"x") + b"HTTP/1.1 200 OK\r\n", chunked(b"x") + b"y", ok(b"") + b"y"])
def test_bytes_after_an_answer_poison_the_connection(serve: Serve, transport: Transport, ask: Ask, wire: bytes) -> None:
    server = serve(answers(wire), answers(ok(b"clean")))
    whole(ask(transport, server.url()))
    assert whole(ask(transport, server.url())) == b"clean"
    assert server.connections == 2


def test_late_bytes_poison_an_idle_connection(serve: Serve, transport: Transport, ask: Ask) -> None:
    sent = threading.Event()
    go = threading.Event()

    def poison(peer: Peer) -> None:
        peer.request()
        peer.send(ok(b"first"))
        go.wait(5)
        peer.send(ok(b"poison"))
        sent.set()
        peer.gone()

    server = serve(poison, answers(ok(b"clean")))
    assert whole(ask(transport, server.url())) == b"first"
    go.set()
    assert sent.wait(5)
    time.sleep(0.05)
    assert whole(ask(transport, server.url())) == b"clean"


def one_then_close_on_the_next(peer: Peer) -> None:
    peer.request()
    peer.send(ok(b"first"))
    peer.request()


def one_then_reset_on_the_next(peer: Peer) -> None:
    one_then_close_on_the_next(peer)
    peer.reset()


@pytest.mark.parametrize("script", [one_then_close_on_the_next, one_then_reset_on_the_next])
def test_a_dead_idle_connection_is_retried_once(
    serve: Serve, transport: Transport, ask: Ask, script: Callable[[Peer], None]
) -> None:
    server = serve(script, answers(ok(b"second")))
    assert whole(ask(transport, server.url())) == b"first"
    assert whole(ask(transport, server.url())) == b"second"
    assert len(server.requests) == 3 and server.connections == 2


def test_a_fresh_connection_is_not_retried(serve: Serve, transport: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.request()

    server = serve(script)
    with pytest.raises(Cut) as caught:
        ask(transport, server.url())
    assert caught.value.before_head and len(server.requests) == 1


def test_the_retry_is_not_retried(serve: Serve, transport: Transport, ask: Ask) -> None:
    def dead(peer: Peer) -> None:
        peer.request()

    server = serve(one_then_close_on_the_next, dead)
    whole(ask(transport, server.url()))
    with pytest.raises(Cut):
        ask(transport, server.url())
    assert len(server.requests) == 3


@pytest.mark.parametrize("part", [b"H", b"HTTP/1.1 200 OK\r\nA: b\r\n"])
def test_no_retry_once_a_byte_came(serve: Serve, transport: Transport, ask: Ask, part: bytes) -> None:
    def script(peer: Peer) -> None:
        one_then_close_on_the_next(peer)
        peer.send(part)

    server = serve(script)
    whole(ask(transport, server.url()))
    with pytest.raises(Cut) as caught:
        ask(transport, server.url())
    assert caught.value.before_head and len(server.requests) == 2


def test_no_retry_after_long_work(
    serve: Serve, transport: Transport, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.upstreams.transport.lean.DEAD_WITHIN", 0.05)

    def script(peer: Peer) -> None:
        one_then_close_on_the_next(peer)
        peer.pause(0.3)

    server = serve(script)
    whole(ask(transport, server.url()))
    with pytest.raises(Cut):
        ask(transport, server.url())
    assert len(server.requests) == 2


def test_reset_before_the_head(serve: Serve, transport: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.reset()

    with pytest.raises(Cut) as caught:
        ask(transport, serve(script).url("/?key=SECRET"))
    assert caught.value.before_head and "SECRET" not in str(caught.value)


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 500])
def test_head_timeout_is_one_for_the_whole_head(serve: Serve, transport: Transport, ask: Ask, drip: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        for byte in drip:
            peer.send(bytes([byte]))
            peer.pause(0.02)
        peer.gone(10)

    began = time.monotonic()
    with pytest.raises(HeadTimeout):
        ask(transport, serve(script).url(), header_timeout=0.3)
    assert 0.25 < time.monotonic() - began < 3


def test_the_deadline_bounds_the_head(serve: Serve, transport: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.gone(10)

    with pytest.raises(HeadTimeout):
        ask(transport, serve(script).url(), deadline=time.monotonic() + 0.2)


def test_a_head_in_single_bytes(serve: Serve, transport: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        for byte in ok(b"hello", "A: b"):
            peer.send(bytes([byte]))

    assert whole(ask(transport, serve(script).url())) == b"hello"


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * MAX_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * (MAX_HEAD * 2),
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 201 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
    ],
)
def test_protocol_faults(serve: Serve, transport: Transport, ask: Ask, wire: bytes) -> None:
    server = serve(answers(wire))
    with pytest.raises(ProtocolFault):
        ask(transport, server.url())


def test_a_refusal_of_a_body_still_being_sent_is_read(serve: Serve, transport: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        peer.pause(5)

    began = time.monotonic()
    exchange = ask(transport, serve(script).url(), body=bytes(30_000_000))
    assert exchange.status == 413 and whole(exchange) == b"big"
    assert time.monotonic() - began < 4


def test_a_server_that_takes_nothing(serve: Serve, transport: Transport, ask: Ask) -> None:
    with pytest.raises(HeadTimeout):
        ask(transport, serve(lambda peer: peer.pause(5)).url(), body=bytes(30_000_000), header_timeout=0.3)


def test_close_during_a_read_of_another_thread(serve: Serve, transport: Transport, ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        peer.gone(10)

    exchange = ask(transport, serve(script).url())
    with pytest.raises(Silence):
        exchange.read(0.01)
    timer = threading.Timer(0.1, exchange.close)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Aborted):
        exchange.read(8.0)
    assert time.monotonic() - began < 2


def test_early_hints_are_skipped(serve: Serve, transport: Transport, ask: Ask) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    exchange = ask(transport, serve(answers(hints + ok(b"x"))).url())
    assert exchange.status == 200 and whole(exchange) == b"x"
