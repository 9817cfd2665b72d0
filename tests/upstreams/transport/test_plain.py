from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest
import requests
import urllib3

from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import (
    ConnectFault,
    ConnectTimeout,
    Cut,
    HeadTimeout,
    ProtocolFault,
    TransportFault,
)
from gateway.upstreams.transport.plain import translate
from gateway.upstreams.transport.session import Transport
from tests.upstreams.transport.scripted import Peer, Scripted, answers, ok

Serve = Callable[..., Scripted]
Ask = Callable[..., Exchange]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectTimeout("SECRET"), ConnectTimeout),
        (requests.ReadTimeout("SECRET"), HeadTimeout),
        (requests.exceptions.SSLError(ssl.SSLError("SECRET")), ConnectFault),
        (requests.exceptions.ProxyError("SECRET"), ConnectFault),
        (requests.ConnectionError(urllib3.exceptions.ProtocolError("SECRET", ConnectionResetError())), Cut),
        (requests.ConnectionError("SECRET"), ConnectFault),
        (requests.exceptions.InvalidHeader("SECRET"), ProtocolFault),
        (ValueError("SECRET"), ProtocolFault),
    ],
)
def test_translate(error: Exception, kind: type[TransportFault]) -> None:
    fault = translate(error, "host:1")
    assert type(fault) is kind and "SECRET" not in str(fault) and "host:1" in str(fault)


@pytest.fixture
def plain() -> Transport:
    return Transport(lean=False)


def test_the_bytes_of_a_request(serve: Serve, plain: Transport, ask: Ask) -> None:
    server = serve(answers(ok(b"x")))
    ask(plain, server.url("/v1/x?a=b"), headers={"Authorization": "Bearer k"}).close()
    head, body = server.requests[0]
    lines = head.split("\r\n")
    assert body == b"{}" and lines[0] == "POST /v1/x?a=b HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == [
        "accept-encoding: gzip",
        "authorization: bearer k",
        "content-length: 2",
        f"host: 127.0.0.1:{server.port}",
    ]


def test_head_timeout_and_cut_before_head(serve: Serve, plain: Transport, ask: Ask) -> None:
    def silent(peer: Peer) -> None:
        peer.request()
        peer.gone(10)

    def ends(peer: Peer) -> None:
        peer.request()

    def resets(peer: Peer) -> None:
        peer.request()
        peer.reset()

    with pytest.raises(HeadTimeout):
        ask(plain, serve(silent).url(), header_timeout=0.2)
    for script in (ends, resets):
        with pytest.raises(Cut) as caught:
            ask(plain, serve(script).url())
        assert caught.value.before_head


@pytest.mark.parametrize("wire", [b"nonsense\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok(b"x")])
def test_not_http_as_we_can_read_it(serve: Serve, plain: Transport, ask: Ask, wire: bytes) -> None:
    with pytest.raises(ProtocolFault):
        ask(plain, serve(answers(wire)).url())
