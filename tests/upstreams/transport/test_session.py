from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Callable

import pytest
import requests
import responses

from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import ConnectFault, HeadTimeout
from gateway.upstreams.transport.session import Transport
from tests.upstreams.transport.scripted import Peer, Scripted, answers, chunked, ok

Serve = Callable[..., Scripted]
Ask = Callable[..., Exchange]


@responses.activate
def test_responses_works_with_the_plain_adapter(ask: Ask) -> None:
    responses.post("https://api.test/v1/x?key=k", json={"a": 1}, headers={"X-A": "b"}, status=201)
    transport = Transport(lean=False)
    exchange = ask(transport, "https://api.test/v1/x?key=k", headers={"Authorization": "Bearer k"})
    assert exchange.status == 201 and exchange.headers["x-a"] == "b"
    assert exchange.read_all(100, 1.0) == b'{"a": 1}' and exchange.read(1.0) == b""
    exchange.close()
    sent = responses.calls[0].request
    assert sent.body == b"{}" and sent.headers["authorization"] == "Bearer k"


@responses.activate
def test_responses_faults_are_translated_without_secrets(ask: Ask) -> None:
    transport = Transport(lean=False)
    responses.post("https://api.test/slow", body=requests.ReadTimeout("SECRET"))
    with pytest.raises(HeadTimeout) as late:
        ask(transport, "https://api.test/slow?key=SECRET")
    with pytest.raises(ConnectFault) as refused:
        ask(transport, "https://api.test/unknown?key=SECRET")
    assert "SECRET" not in f"{late.value}{refused.value}"


@pytest.mark.parametrize("lean", [True, False])
def test_the_session_is_a_requests_session(serve: Serve, lean: bool) -> None:
    server = serve(
        answers(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", chunked(b'{"a":', b"1}"))
    )
    transport = Transport(lean=lean)
    answer = transport.session.get(server.url("/a"), timeout=5)
    assert answer.json() == {"a": 1} and answer.url == server.url("/b") and len(answer.history) == 1
    assert transport.session.post(server.url("/c"), json={"x": 1}, timeout=5).status_code == 200
    assert server.requests[-1][1] == b'{"x": 1}' and server.connections == 1
    transport.close()


def test_the_environment_has_no_say(serve: Serve, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = serve(answers(ok(b"direct")))
    for lean in (True, False):
        transport = Transport(lean=lean)
        assert ask(transport, server.url()).read_all(10, 5.0) == b"direct"
        transport.close()


@pytest.mark.parametrize("lean", [True, False])
def test_refused_and_unknown_hosts(ask: Ask, lean: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = Transport(lean=lean)
    with pytest.raises(ConnectFault) as caught:
        ask(transport, f"http://127.0.0.1:{port}/?key=SECRET")
    assert f"127.0.0.1:{port}" in str(caught.value) and "SECRET" not in str(caught.value)
    assert not lean or "Connection refused" in str(caught.value)
    with pytest.raises(ConnectFault):
        ask(transport, "http://no-such-host.invalid/")


def forward(peer: Peer) -> None:
    """An HTTP proxy that answers in the upstream's place."""
    while True:
        head, _ = peer.request()
        peer.send(ok(head.split(" ")[1].encode()))


def test_requests_go_through_the_proxy(serve: Serve, ask: Ask) -> None:
    proxy = serve(forward)
    transport = Transport(proxy=f"http://user:pass@127.0.0.1:{proxy.port}")
    exchange = ask(transport, "http://upstream.test/v1?a=b")
    assert exchange.read_all(100, 5.0) == b"http://upstream.test/v1?a=b"
    assert "proxy-authorization: basic" in proxy.requests[0][0].lower()
    transport.close()


def test_a_dead_proxy_is_a_connect_fault_without_its_password(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectFault) as caught:
        ask(Transport(proxy=f"http://user:SECRET@127.0.0.1:{port}"), "http://upstream.test/")
    assert "SECRET" not in str(caught.value)


def tunnel(target: int) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", target)) as onward:
            back = threading.Thread(target=_pump, args=(onward, peer.sock), daemon=True)
            back.start()
            _pump(peer.sock, onward)

    return script


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_https_through_the_proxy_is_tunnelled_and_verified(serve: Serve, ask: Ask, tls: tuple[str, object]) -> None:
    ca_file, context = tls
    server = serve(answers(chunked(b"safe", b"ly")), context=context)
    proxy = serve(tunnel(server.port))
    transport = Transport(proxy=f"http://127.0.0.1:{proxy.port}", ca_file=ca_file)
    assert ask(transport, server.url(host="localhost")).read_all(100, 5.0) == b"safely"
    assert proxy.requests[0][0].startswith("CONNECT localhost:")
    with pytest.raises(ConnectFault):
        ask(Transport(proxy=f"http://127.0.0.1:{proxy.port}"), server.url(host="localhost"))


def test_proxy_urls_are_checked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="http://"):
        Transport(proxy="ftp://127.0.0.1:1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConnectFault, match=r"pip install 'requests\[socks\]'"):
        Transport(proxy="socks5://127.0.0.1:1")
