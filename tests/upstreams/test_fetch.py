"""Fetching from a loopback listener. `allowed` lets the loopback through where the test is about something else."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.upstreams.fetch import Fetcher, NotAllowed, NotFetched
from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.faults import Aborted
from tests.upstreams.transport.scripted import Peer, Script, Scripted

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def anywhere(address: str) -> bool:
    return True


def answer(head: str, body: bytes = b"") -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(f"HTTP/1.1 {head}\r\n\r\n".encode(), body)
        peer.gone()

    return script


def picture(body: bytes = PNG, kind: str = "image/png") -> Callable[[Peer], None]:
    return answer(f"200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}", body)


def fetcher(*servers: Scripted, **options: Any) -> Fetcher:
    hosts = tuple(f"127.0.0.1:{server.port}" for server in servers)
    return Fetcher(hosts, **{"allowed": anywhere, "seconds": 5.0, **options})


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def start(*scripts: Script) -> Scripted:
        servers.append(Scripted(scripts))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def url(server: Scripted, path: str = "/a.png?sig=1#part") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def test_a_picture(serve: Callable[..., Scripted]) -> None:
    server = serve(picture(kind="Image/PNG; x=y"))
    fetched = fetcher(server).fetch(url(server))
    assert (fetched.data, fetched.declared) == (PNG, "image/png")
    head = server.requests[0][0].lower()
    assert head.startswith("get /a.png?sig=1 http/1.1")
    assert "cookie" not in head and "authorization" not in head


def test_a_host_that_is_not_listed_is_not_asked(serve: Callable[..., Scripted]) -> None:
    server = serve(picture())
    for hosts in ((), ("127.0.0.1",), ("images.example.com",)):
        with pytest.raises(NotAllowed):
            Fetcher(hosts, allowed=anywhere).fetch(url(server))
    assert server.connections == 0


def test_a_listed_name_with_a_private_address(serve: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(picture())
    monkeypatch.setattr(socket, "getaddrinfo", resolver([["127.0.0.1"]]))
    with pytest.raises(NotAllowed, match="not a public address"):
        Fetcher((f"images.example.com:{server.port}",)).fetch(f"http://images.example.com:{server.port}/")
    assert server.connections == 0


def test_one_private_address_among_public_ones(serve: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(picture())
    monkeypatch.setattr(socket, "getaddrinfo", resolver([["1.1.1.1", "127.0.0.1"]]))
    with pytest.raises(NotAllowed):
        Fetcher(("*",)).fetch("http://images.example.com/")
    assert server.connections == 0


def test_rebinding_finds_no_second_resolution(serve: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    """The checked address is the one connected to: the name, which would answer otherwise, is not asked again."""
    server = serve(picture())
    asked: list[list[str]] = [["127.0.0.1"], ["10.9.9.9"]]
    checked: list[str] = []

    def once(address: str) -> bool:
        checked.append(address)
        return True

    monkeypatch.setattr(socket, "getaddrinfo", resolver(asked))
    place = f"images.example.com:{server.port}"
    assert Fetcher((place,), allowed=once).fetch(f"http://{place}/").data == PNG
    assert checked == ["127.0.0.1"]
    assert asked == [["10.9.9.9"]]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_listed_hosts(serve: Callable[..., Scripted], status: int) -> None:
    server = serve(answer(f"{status} Moved\r\nLocation: /b.png\r\nContent-Length: 0"), picture())
    assert fetcher(server).fetch(url(server)).data == PNG
    assert [head.split()[1] for head, _ in server.requests] == ["/a.png?sig=1", "/b.png"]


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:{port}/x", "http://169.254.169.254/latest", "file:///etc/passwd", "//localhost/x",
                 "gopher://127.0.0.1:{port}/", "http://u:p@127.0.0.1:{port}/", "http://0x7f000001:{port}/"]
)  # fmt: skip
def test_redirects_to_elsewhere_are_refused(serve: Callable[..., Scripted], location: str) -> None:
    victim = serve(picture())
    to = location.replace("{port}", str(victim.port))
    server = serve(answer(f"302 Found\r\nLocation: {to}\r\nContent-Length: 0"))
    with pytest.raises(NotAllowed):
        fetcher(server).fetch(url(server))
    assert victim.connections == 0


def test_a_redirect_is_resolved_and_checked_anew(
    serve: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = serve(picture())
    server = serve(answer(f"302 Found\r\nLocation: http://inner.example.com:{victim.port}/\r\nContent-Length: 0"))
    monkeypatch.setattr(socket, "getaddrinfo", resolver([["127.0.0.1"], ["127.0.0.2"]]))
    hosts = (f"outer.example.com:{server.port}", f"inner.example.com:{victim.port}")
    with pytest.raises(NotAllowed, match="not a public address"):
        Fetcher(hosts, allowed=lambda address: address == "127.0.0.1").fetch(f"http://outer.example.com:{server.port}/")
    assert victim.connections == 0


def test_too_many_redirects(serve: Callable[..., Scripted]) -> None:
    server = serve(*[answer("302 Found\r\nLocation: /again\r\nContent-Length: 0")] * 8)
    with pytest.raises(NotFetched, match="redirects"):
        fetcher(server).fetch(url(server))
    assert server.connections == 4


def test_a_body_that_says_it_is_too_large(serve: Callable[..., Scripted]) -> None:
    server = serve(answer("200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000000000", PNG))
    with pytest.raises(NotAllowed, match="larger than 20 MB"):
        fetcher(server).fetch(url(server))


@pytest.mark.parametrize("coding", ["", "Transfer-Encoding: chunked\r\n"])
def test_an_endless_body(serve: Callable[..., Scripted], coding: str) -> None:
    def endless(peer: Peer) -> None:
        peer.request()
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n{coding}\r\n".encode())
        piece = bytes(65536)
        while True:
            peer.send(b"10000\r\n" + piece + b"\r\n" if coding else piece)

    server = serve(endless)
    with pytest.raises(NotAllowed, match="larger"):
        fetcher(server, limit=1024 * 1024).fetch(url(server))


def test_a_drip(serve: Callable[..., Scripted]) -> None:
    def drip(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        for _ in range(100):
            peer.send(b"x")
            time.sleep(0.05)

    server = serve(drip)
    began = time.monotonic()
    with pytest.raises(NotFetched):
        fetcher(server, seconds=0.4).fetch(url(server))
    assert time.monotonic() - began < 3


def test_a_head_that_never_comes(serve: Callable[..., Scripted]) -> None:
    server = serve(lambda peer: (peer.request(), peer.gone())[0])
    with pytest.raises(NotFetched):
        fetcher(server, seconds=0.3).fetch(url(server))


@pytest.mark.parametrize("kind", ["text/html", "application/json", "text/plain", "application/x-sh"])
def test_other_types(serve: Callable[..., Scripted], kind: str) -> None:
    server = serve(picture(kind=kind))
    with pytest.raises(NotAllowed, match=kind):
        fetcher(server).fetch(url(server))


@pytest.mark.parametrize("status", ["404 Not Found", "500 No", "206 Partial", "304 Same"])
def test_other_statuses(serve: Callable[..., Scripted], status: str) -> None:
    server = serve(answer(f"{status}\r\nContent-Length: 0"))
    with pytest.raises(NotFetched, match=status[:3]):
        fetcher(server).fetch(url(server))


def test_a_cut_body_and_a_closed_door(serve: Callable[..., Scripted]) -> None:
    server = serve(lambda peer: (peer.request(), peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))[1])
    with pytest.raises(NotFetched):
        fetcher(server).fetch(url(server))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotFetched):
        Fetcher((f"127.0.0.1:{port}",), allowed=anywhere).fetch(f"http://127.0.0.1:{port}/")


def test_it_ends_when_the_client_leaves(serve: Callable[..., Scripted]) -> None:
    server = serve(lambda peer: (peer.request(), peer.gone())[0])

    def leave(call: Abortable) -> None:
        call.abort()

    with pytest.raises(Aborted):
        fetcher(server).fetch(url(server), leave)


def resolver(answers: list[list[str]]) -> Callable[..., Any]:
    """A name server that gives `answers` one after another, using them up."""

    def getaddrinfo(host: str, port: int, *_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

    return getaddrinfo
