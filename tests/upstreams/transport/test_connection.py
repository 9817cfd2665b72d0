from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Aborted, ConnectFault, ConnectTimeout, Cut, Silence
from gateway.upstreams.transport.session import Transport
from tests.upstreams.transport.scripted import Peer, Scripted, answers, chunked, ok

Serve = Callable[..., Scripted]
Ask = Callable[..., Exchange]
Tls = tuple[str, ssl.SSLContext]


@pytest.fixture(params=[True, False], ids=["lean", "plain"])
def trusting(request: pytest.FixtureRequest, tls: Tls) -> Iterator[Transport]:
    """Either adapter, trusting the test's CA."""
    made = Transport(lean=request.param, ca_file=tls[0])
    yield made
    made.close()


def test_tls_and_reuse(serve: Serve, trusting: Transport, ask: Ask, tls: Tls) -> None:
    server = serve(answers(chunked(b"a" * 100_000, b"b" * 100_000), ok(b"second")), context=tls[1])
    first = ask(trusting, server.url(host="localhost"))
    assert first.read_all(1 << 20, 5.0) == b"a" * 100_000 + b"b" * 100_000
    first.close()
    second = ask(trusting, server.url(host="localhost"))
    assert second.read_all(100, 5.0) == b"second"
    second.close()
    assert server.connections == 1


def test_tls_large_body(serve: Serve, trusting: Transport, ask: Ask, tls: Tls) -> None:
    server = serve(answers(ok(b"x")), context=tls[1])
    body = bytes(range(256)) * 20_000
    ask(trusting, server.url(host="localhost"), body=body).close()
    assert server.requests[0][1] == body


def test_tls_nothing_stays_behind_in_the_tls_layer(serve: Serve, trusting: Transport, ask: Ask, tls: Tls) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(50):
            peer.send(b"2\r\n%02d\r\n" % number)
        peer.gone(10)

    exchange = ask(trusting, serve(script, context=tls[1]).url(host="localhost"))
    got = b""
    while len(got) < 100:
        got += exchange.read(5.0)
    assert got == b"".join(b"%02d" % number for number in range(50))
    with pytest.raises(Silence):
        exchange.read(0.05)
    exchange.close()


def test_tls_abort_wakes(serve: Serve, trusting: Transport, ask: Ask, tls: Tls) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        peer.gone(10)

    exchange = ask(trusting, serve(script, context=tls[1]).url(host="localhost"))
    threading.Timer(0.1, exchange.abort).start()
    began = time.monotonic()
    with pytest.raises(Aborted):
        exchange.read(8.0)
    assert time.monotonic() - began < 1.1
    exchange.close()


def test_a_wrong_host_is_refused(serve: Serve, trusting: Transport, ask: Ask, tls: Tls) -> None:
    server = serve(answers(ok(b"x")), context=tls[1])
    with pytest.raises(ConnectFault, match="certificate"):
        ask(trusting, server.url(host="127.0.0.1"))
    assert server.requests == []


@pytest.mark.parametrize("lean", [True, False])
def test_an_unknown_ca_is_refused(serve: Serve, ask: Ask, tls: Tls, lean: bool) -> None:
    server = serve(answers(ok(b"x")), context=tls[1])
    with pytest.raises(ConnectFault, match="certificate"):
        ask(Transport(lean=lean), server.url(host="localhost"))
    assert server.requests == []


@pytest.mark.parametrize("lean", [True, False])
def test_plain_http_behind_an_https_url(serve: Serve, ask: Ask, lean: bool) -> None:
    server = serve(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with pytest.raises(ConnectFault, match="TLS"):
        ask(Transport(lean=lean), f"https://127.0.0.1:{server.port}/")


def test_an_end_without_close_notify_is_a_cut(serve: Serve, ask: Ask, tls: Tls) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nnot all of")
        socket.socket.shutdown(peer.sock, socket.SHUT_RDWR)

    exchange = ask(Transport(ca_file=tls[0]), serve(script, context=tls[1]).url(host="localhost"))
    with pytest.raises(Cut):
        exchange.read_all(100, 5.0)


def test_a_handshake_that_never_ends(serve: Serve, transport: Transport, ask: Ask) -> None:
    server = serve(lambda peer: peer.pause(5))
    with pytest.raises(ConnectTimeout):
        ask(transport, f"https://127.0.0.1:{server.port}/", connect_timeout=0.2)


def test_ipv6(serve: Serve, transport: Transport, ask: Ask) -> None:
    server = serve(answers(ok(b"six")), host="::1")
    assert ask(transport, server.url(host="[::1]")).read_all(10, 5.0) == b"six"
    assert f"Host: [::1]:{server.port}" in server.requests[0][0]


Resolve = Callable[..., list[tuple[object, ...]]]


def resolving(*ports: int) -> Resolve:
    def resolve(host: str, port: int, *rest: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", number)) for number in ports]

    return resolve


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a listener whose queue is full, so that connecting to it hangs."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    time.sleep(0.05)
    yield listener.getsockname()[1]
    for sock in (*fillers, listener):
        sock.close()


def test_all_addresses_are_tried(
    serve: Serve, transport: Transport, ask: Ask, full: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refused = listener.getsockname()[1]
    server = serve(answers(ok(b"third")))
    monkeypatch.setattr(socket, "getaddrinfo", resolving(refused, full, server.port))
    exchange = ask(transport, "http://many.test/", connect_timeout=1.0)
    assert exchange.read_all(10, 5.0) == b"third"


def test_connect_timeout(transport: Transport, ask: Ask, full: int) -> None:
    began = time.monotonic()
    with pytest.raises(ConnectTimeout):
        ask(transport, f"http://127.0.0.1:{full}/", connect_timeout=0.3)
    assert 0.2 < time.monotonic() - began < 3


def test_abort_while_connecting(transport: Transport, ask: Ask, full: int) -> None:
    def on_open(call: Abortable) -> None:
        threading.Timer(0.1, call.abort).start()

    began = time.monotonic()
    with pytest.raises(Aborted):
        ask(transport, f"http://127.0.0.1:{full}/", connect_timeout=8.0, on_open=on_open)
    assert time.monotonic() - began < 1.1


def test_a_deadline_already_past(serve: Serve, transport: Transport, ask: Ask) -> None:
    server = serve(answers(ok(b"x")))
    with pytest.raises(ConnectTimeout):
        ask(transport, server.url(), deadline=time.monotonic() - 1)
    assert server.requests == []
