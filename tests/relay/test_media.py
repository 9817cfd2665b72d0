"""Remote and enclosed media of translated requests, as clients of every protocol send them (failures.md: 27, SSRF)."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.relay.media import MediaPolicy
from gateway.upstreams.fetch import Fetcher
from tests.gateways import InProcess, Provider, Reply, config_for
from tests.pictures import JPEG, PDF, PNG, SVG
from tests.scripted.told import path
from tests.scripted.upstream import ScriptedUpstream

PROTOCOLS = {"chat": "chat", "responses": "responses", "messages": "anthropic", "gemini": "gemini"}
PAIRS = [(client, provider) for client in PROTOCOLS for provider in PROTOCOLS.values() if PROTOCOLS[client] != provider]
SSRF = [
    "http://127.0.0.1:{port}/a.png", "http://[::1]:{port}/a.png", "http://0.0.0.0:{port}/a.png",
    "http://localhost:{port}/a.png", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/a.png",
    "http://192.168.0.1/a.png", "http://2130706433:{port}/a.png", "http://0x7f000001:{port}/a.png",
    "http://0177.0.0.1:{port}/a.png", "http://127.1:{port}/a.png", "http://[::ffff:127.0.0.1]:{port}/a.png",
    "http://user:pass@127.0.0.1:{port}/a.png", "http://metadata.google.internal/a.png",
    "http://example.com\\@127.0.0.1:{port}/a.png", "HTTP://LOCALHOST:{port}/a.png",
]  # fmt: skip
NOT_WEB = [
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "/etc/passwd",
    "FILE:/etc/passwd",
]


class Listener:
    """Counts who knocks, and shows every visitor a picture."""

    def __init__(self) -> None:
        self.visits = 0
        self.body = b64decode(PNG)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            with peer:
                peer.settimeout(5)
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.body) + self.body)

    def close(self) -> None:
        self._socket.close()


class House:
    def __init__(self, up: ScriptedUpstream, gateway: InProcess) -> None:
        self.up = up
        self.gateway = gateway

    def ask(self, client: str, provider: str, *media: dict[str, Any]) -> Reply:
        body = body_of(client, f"to-{provider}", list(media))
        return self.gateway.post(path(client, f"to-{provider}"), json.dumps(body).encode(), protocol=client).reply()

    def fetches_from(self, *hosts: str) -> None:
        """From now on the gateway fetches from these, loopback addresses included."""
        relay = self.gateway.gateway.relay
        fetcher = Fetcher(hosts, allowed=lambda address: address == "127.0.0.1")
        object.__setattr__(relay._settings, "media", MediaPolicy(fetcher))

    @property
    def seen(self) -> str:
        return json.dumps(self.up.requests[-1].body)


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with ScriptedUpstream() as up:
        providers = [Provider(up, dialect, models=(f"to-{dialect}",)) for dialect in PROTOCOLS.values()]
        with InProcess(config_for(*providers, media={"fetch_hosts": ["images.example.com"]})) as gateway:
            yield House(up, gateway)


@pytest.fixture
def house(running: House) -> Iterator[House]:
    settings = running.gateway.gateway.relay._settings
    before = settings.media
    running.up.requests.clear()
    yield running
    object.__setattr__(settings, "media", before)
    assert running.gateway.alive()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


def body_of(client: str, model: str, media: list[dict[str, Any]]) -> dict[str, Any]:
    match client:
        case "chat":
            return {
                "model": model,
                "messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, *media]}],
            }
        case "responses":
            content = [{"type": "input_text", "text": "see"}, *media]
            return {"model": model, "input": [{"role": "user", "content": content}]}
        case "messages":
            content = [{"type": "text", "text": "see"}, *media]
            return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
    return {"contents": [{"role": "user", "parts": [{"text": "see"}, *media]}]}


def at(client: str, url: str) -> dict[str, Any]:
    match client:
        case "chat":
            return {"type": "image_url", "image_url": {"url": url}}
        case "responses":
            return {"type": "input_image", "image_url": url}
        case "messages":
            return {"type": "image", "source": {"type": "url", "url": url}}
    return {"fileData": {"fileUri": url, "mimeType": "image/png"}}


def file_at(client: str, url: str) -> dict[str, Any]:
    """The other field of the protocol that holds a URL."""
    match client:
        case "chat":
            return {"type": "image_url", "image_url": url}
        case "responses":
            return {"type": "input_file", "file_url": url}
        case "messages":
            return {"type": "document", "source": {"type": "url", "url": url}}
    return {"file_data": {"file_uri": url}}


def inside(client: str, mime: str, data: str) -> dict[str, Any]:
    match client:
        case "chat":
            return {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{data}"}}
        case "responses":
            return {"type": "input_image", "image_url": f"data:{mime};base64,{data}"}
        case "messages":
            return {"type": "image", "source": {"type": "base64", "media_type": mime, "data": data}}
    return {"inlineData": {"mimeType": mime, "data": data}}


def error_of(reply: Reply) -> str:
    """The message of a 400 in the client's own shape."""
    assert reply.status == 400
    error = reply.json["error"]
    match reply.protocol:
        case "messages":
            assert (reply.json["type"], error["type"]) == ("error", "invalid_request_error")
        case "gemini":
            assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
        case _:
            assert error["type"] == "invalid_request_error" and "param" in error and "code" in error
    return str(error["message"])


@pytest.mark.parametrize("url", SSRF)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_ssrf(house: House, listener: Listener, client: str, provider: str, url: str) -> None:
    url = url.replace("{port}", str(listener.port))
    for media in (at(client, url), file_at(client, url)):
        said = error_of(house.ask(client, provider, media))
        assert said.startswith("URL not allowed") and "[media] fetch_hosts" in said
        assert "pass@" not in said and "latest" not in said
    assert house.up.requests == [] and listener.visits == 0


@pytest.mark.parametrize("url", NOT_WEB)
@pytest.mark.parametrize("provider", PROTOCOLS.values())
@pytest.mark.parametrize("client", PROTOCOLS)
def test_what_is_no_web_address(house: House, listener: Listener, client: str, provider: str, url: str) -> None:
    """Refused in pass-through, too."""
    url = url.replace("{port}", str(listener.port))
    for media in (at(client, url), file_at(client, url)):
        assert "URL not allowed" in error_of(house.ask(client, provider, media))
    assert house.up.requests == [] and listener.visits == 0


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("client", ["chat", "responses", "messages"])
def test_a_private_address_behind_a_name(
    house: House, listener: Listener, monkeypatch: pytest.MonkeyPatch, client: str, listed: bool
) -> None:
    name = "images.example.com" if listed else "pictures.example.com"
    truly = socket.getaddrinfo

    def lies(host: Any, *more: Any, **others: Any) -> Any:
        return truly("127.0.0.1" if host == name else host, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", lies)
    said = error_of(house.ask(client, "gemini", at(client, f"http://{name}/a.png")))
    assert "URL not allowed" in said and "[media] fetch_hosts" in said
    assert house.up.requests == [] and listener.visits == 0


@pytest.mark.parametrize(("client", "provider"), [pair for pair in PAIRS if pair[1] != "gemini"])
def test_a_public_url_goes_to_those_who_fetch_it(house: House, client: str, provider: str) -> None:
    url = "https://pictures.example.org/a.png?sig=1"
    assert house.ask(client, provider, at(client, url)).status == 200
    assert url in house.seen


@pytest.mark.parametrize("url", SSRF)
@pytest.mark.parametrize(("client", "provider"), PROTOCOLS.items())
def test_ssrf_in_pass_through(house: House, listener: Listener, client: str, provider: str, url: str) -> None:
    """A provider beside the gateway would fetch it from the gateway's own network."""
    url = url.replace("{port}", str(listener.port))
    for media in (at(client, url), file_at(client, url)):
        assert error_of(house.ask(client, provider, media)).startswith("URL not allowed")
    assert house.up.requests == [] and listener.visits == 0


@pytest.mark.parametrize("client", PROTOCOLS)
def test_escapes_hide_nothing(house: House, client: str) -> None:
    body = json.dumps(body_of(client, f"to-{PROTOCOLS[client]}", [at(client, "http://10.0.0.1/a.png")]))
    for plain, hidden in (("://", ":\\/\\/"), ("http:", "http\\u003a"), ("url", "ur\\u006c"), ("Uri", "Ur\\u0069")):
        raw = body.replace(plain, hidden).encode()
        reply = house.gateway.post(path(client, f"to-{PROTOCOLS[client]}"), raw, protocol=client).reply()
        assert error_of(reply).startswith("URL not allowed"), hidden


def test_what_passes_through_is_not_judged_otherwise(house: House, listener: Listener) -> None:
    for client, provider in PROTOCOLS.items():
        for url in ("https://pictures.example.org/a.png", "https://generativelanguage.googleapis.com/v1beta/files/x"):
            assert house.ask(client, provider, at(client, url)).status == 200
            assert url in house.seen
        text = json.dumps(body_of(client, f"to-{provider}", [])).replace('"see"', '"http://10.0.0.1/a.png"')
        reply = house.gateway.post(path(client, f"to-{provider}"), text.encode(), protocol=client).reply()
        assert reply.status == 200, "words are no media"
    house.fetches_from(f"127.0.0.1:{listener.port}")
    assert house.ask("chat", "chat", at("chat", f"http://127.0.0.1:{listener.port}/a")).status == 200


@pytest.mark.parametrize("client", ["chat", "responses", "messages"])
def test_what_google_itself_holds(house: House, client: str) -> None:
    url = "https://www.youtube.com/watch?v=1"
    assert house.ask(client, "gemini", at(client, url)).status == 200
    assert house.up.requests[-1].body["contents"][0]["parts"][1]["fileData"]["fileUri"] == url


@pytest.mark.parametrize("client", ["chat", "responses", "messages"])
def test_a_listed_host_is_fetched_from(house: House, listener: Listener, client: str) -> None:
    house.fetches_from(f"127.0.0.1:{listener.port}")
    url = f"http://127.0.0.1:{listener.port}/a"
    assert house.ask(client, "gemini", at(client, url), at(client, url)).status == 200
    parts = house.up.requests[-1].body["contents"][0]["parts"]
    assert [part["inlineData"] for part in parts[1:]] == [{"mimeType": "image/png", "data": PNG}] * 2
    assert listener.visits == 1


def test_a_fetched_document(house: House, listener: Listener) -> None:
    house.fetches_from(f"127.0.0.1:{listener.port}")
    listener.body = b64decode(PDF)
    url = f"http://127.0.0.1:{listener.port}/a.pdf"
    assert house.ask("messages", "gemini", file_at("messages", url)).status == 200
    part = house.up.requests[-1].body["contents"][0]["parts"][1]
    assert part["inlineData"] == {"mimeType": "application/pdf", "data": PDF}


@pytest.mark.parametrize("body", [b"", b"<html>hello", b64decode(SVG), b"secret=1"])
def test_a_listed_host_that_shows_something_else(house: House, listener: Listener, body: bytes) -> None:
    house.fetches_from(f"127.0.0.1:{listener.port}")
    listener.body = body
    said = error_of(house.ask("chat", "gemini", at("chat", f"http://127.0.0.1:{listener.port}/a")))
    assert "URL not allowed" in said and "secret" not in said
    assert house.up.requests == []


def test_media_in_tool_results(house: House, listener: Listener) -> None:
    result = {
        "type": "tool_result",
        "tool_use_id": "c1",
        "content": [at("messages", f"http://127.0.0.1:{listener.port}/a.png")],
    }
    body = {
        "model": "to-gemini",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "look"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {}}]},
            {"role": "user", "content": [result]},
        ],
    }
    reply = house.gateway.post("/v1/messages", json.dumps(body).encode(), protocol="messages").reply()
    assert "URL not allowed" in error_of(reply)
    assert listener.visits == 0
    house.fetches_from(f"127.0.0.1:{listener.port}")
    assert house.gateway.post("/v1/messages", json.dumps(body).encode(), protocol="messages").reply().status == 200
    assert PNG in house.seen and listener.visits == 1


@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("image/png", "not*base64*at*all"), ("image/png", JPEG), ("image/svg+xml", SVG), ("image/png", SVG),
        ("image/png", b64encode(b"hello").decode()), ("image/png", "===="),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_27_bad_pictures(house: House, client: str, provider: str, mime: str, data: str) -> None:
    error_of(house.ask(client, provider, inside(client, mime, data)))
    assert house.up.requests == []


@pytest.mark.parametrize(("client", "provider"), [("chat", "gemini"), ("messages", "chat"), ("gemini", "anthropic")])
def test_27_a_picture_of_fifty_megabytes(house: House, client: str, provider: str) -> None:
    data = b64encode(b64decode(PNG) + bytes(50 * 1024 * 1024)).decode()
    assert "larger than 20 MB" in error_of(house.ask(client, provider, inside(client, "image/png", data)))
    assert house.up.requests == []


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_27_an_empty_picture(house: House, client: str, provider: str) -> None:
    error_of(house.ask(client, provider, inside(client, "image/png", "")))
    assert house.up.requests == []


def test_a_url_beside_a_history_only_the_provider_knows(house: House) -> None:
    body = body_of("responses", "to-responses", [at("responses", "https://pictures.example.org/a.png")])
    body["previous_response_id"] = "resp_theirs"
    with InProcess(config_for(Provider(house.up, "responses"), responses={"store": False})) as gateway:
        assert gateway.post("/v1/responses", json.dumps(body).encode(), protocol="responses").reply().status == 200


ODDLY_SPELT = [
    " http://10.0.0.1/a", " " * 40 + "http://10.0.0.1/a", "\u3000http://10.0.0.1/a", "\x01http://10.0.0.1/a",
    "ht\ttp://10.0.0.1/a", "h\n" + "\t" * 90 + "ttp://10.0.0.1/a", "http:10.0.0.1/a", "http:///10.0.0.1/a",
]  # fmt: skip


@pytest.mark.parametrize("url", ODDLY_SPELT)
@pytest.mark.parametrize(("client", "provider"), PROTOCOLS.items())
def test_addresses_that_only_some_parsers_understand(house: House, client: str, provider: str, url: str) -> None:
    for media in (at(client, url), file_at(client, url)):
        assert "URL not allowed" in error_of(house.ask(client, provider, media))
    assert house.up.requests == []


@pytest.mark.parametrize("beside", [{"text": "x"}, {"text": "x", "cache_control": {"type": "ephemeral"}}])
@pytest.mark.parametrize(("client", "provider"), PROTOCOLS.items())
def test_a_text_beside_an_address_does_not_hide_it(
    house: House, client: str, provider: str, beside: dict[str, Any]
) -> None:
    media = at(client, "http://10.0.0.1/a.png") | beside
    assert error_of(house.ask(client, provider, media)).startswith("URL not allowed")
    assert house.up.requests == []
