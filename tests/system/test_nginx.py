"""deploy/nginx.conf in a real nginx, in front of the real server."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import running
from tests.gateways import Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.system.nginx import HOST, Nginx

pytestmark = pytest.mark.system

CHAT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
STREAMED = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
GEMINI = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).encode()
SECRET = "AIzaSyOnlyForTheQuery0123456789"


class House(NamedTuple):
    nginx: Nginx
    gateway: RunningGateway
    upstream: ScriptedUpstream

    def key(self) -> str:
        """The client key that the gateway made for itself."""
        file = self.gateway.data / "client_key"
        if not file.exists():
            self.nginx.ask("GET", "/v1/models")
        return file.read_text().strip()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ScriptedUpstream() as upstream:
        upstream.text("chat", "one two three")
        with (
            RunningGateway(config_for(Provider(upstream), server={"log_format": "json"})) as gateway,
            Nginx(tmp_path, gateway.port) as nginx,
        ):
            yield House(nginx, gateway, upstream)


def restarted(house: House, monkeypatch: pytest.MonkeyPatch) -> RunningGateway:
    """The same port again, for the nginx that is running."""
    port = house.gateway.port
    with monkeypatch.context() as patch:
        patch.setattr(running, "free_port", lambda: port)
        return RunningGateway(config_for(Provider(house.upstream)) + f'\n[auth]\napi_keys = ["{SECRET}"]\n')


def test_an_event_arrives_before_the_upstream_sent_its_second(house: House) -> None:
    gate = threading.Event()
    house.upstream.play(text("one two three", gate=gate), dialect="chat")
    connection = house.nginx.connect()
    connection.request("POST", "/v1/chat/completions", STREAMED, {"Authorization": f"Bearer {house.key()}"})
    response = connection.getresponse()
    assert response.status == 200 and response.getheader("Content-Type", "").startswith("text/event-stream")
    seen = b""
    while b'"one"' not in seen:
        line = response.readline()
        assert line, f"the stream ended after {seen!r}"
        seen += line
    assert b"two" not in seen and house.upstream.requests[-1].done_at is None
    gate.set()
    rest = response.read()
    connection.close()
    assert b"three" in rest and rest.rstrip().endswith(b"data: [DONE]")


def test_a_client_that_leaves_closes_the_upstream(house: House) -> None:
    gate = threading.Event()
    house.upstream.play(text("one two three", gate=gate), dialect="chat")
    connection = house.nginx.connect()
    connection.request("POST", "/v1/chat/completions", STREAMED, {"Authorization": f"Bearer {house.key()}"})
    response = connection.getresponse()
    assert response.status == 200 and response.readline()
    response.close()
    connection.close()
    asked = house.upstream.requests[-1]
    assert house.upstream.wait_for(lambda: asked.left_at is not None, 5)


@pytest.mark.parametrize(
    ("path", "body", "proof"),
    [
        ("/v1/chat/completions", CHAT, lambda told: told["error"]["code"] == "gateway_unreachable"),
        ("/openai/v1/responses", CHAT, lambda told: told["error"]["type"] == "server_error"),
        ("/v1/messages?beta=true", CHAT, lambda told: told["type"] == "error" and told["error"]["type"] == "api_error"),
        ("/anthropic/v1/messages", CHAT, lambda told: told["type"] == "error"),
        ("/v1beta/models/m:generateContent", GEMINI, lambda told: told["error"]["status"] == "UNAVAILABLE"),
        ("/v1/models/m:generateContent", GEMINI, lambda told: told["error"]["code"] == 502),
        ("/v1/models/m", None, lambda told: told["error"]["param"] is None),
    ],
)
def test_while_the_gateway_is_away_the_clients_own_json_says_so(
    away: Nginx, path: str, body: bytes | None, proof: object
) -> None:
    status, headers, raw = away.ask("POST" if body else "GET", path, body)
    assert status == 502 and headers["Content-Type"] == "application/json" and headers["Retry-After"] == "5"
    told = json.loads(raw)
    assert callable(proof) and proof(told) and "try again" in told["error"]["message"]


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """Nobody listens behind it."""
    with Nginx(tmp_path_factory.mktemp("nginx"), running.free_port()) as nginx:
        yield nginx


def test_a_restart_is_json_and_then_answers_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    said = house.nginx.ask("POST", "/v1/chat/completions", CHAT, Authorization=f"Bearer {house.key()}")
    assert said[0] == 200
    house.gateway.stop()
    status, headers, body = house.nginx.ask("POST", "/v1/chat/completions", CHAT, Authorization=f"Bearer {SECRET}")
    assert status == 502 and headers["Content-Type"] == "application/json" and b"<html" not in body
    assert json.loads(body)["error"]["code"] == "gateway_unreachable"
    with restarted(house, monkeypatch):
        status, _, body = house.nginx.ask("POST", "/v1/chat/completions", CHAT, Authorization=f"Bearer {SECRET}")
        assert status == 200 and json.loads(body)["choices"][0]["message"]["content"] == "one two three"


def test_behind_it_a_key_is_demanded_that_is_not_on_the_machine_itself(house: House) -> None:
    status, _, body = house.nginx.ask("POST", "/v1/chat/completions", CHAT)
    assert status == 401 and json.loads(body)["error"]["message"].startswith("This gateway needs a key")
    assert house.nginx.ask("GET", "/healthz")[0] == 200
    status, _, _ = house.nginx.ask("POST", "/v1/chat/completions", CHAT, x_api_key=house.key())
    assert status == 200
    direct = http.client.HTTPConnection("127.0.0.1", house.gateway.port, timeout=20)
    direct.request("POST", "/v1/chat/completions", CHAT, {"Content-Type": "application/json"})
    assert direct.getresponse().status == 200
    direct.close()


def test_the_log_has_the_clients_address_whatever_it_claims(house: House) -> None:
    forged = {"Authorization": f"Bearer {house.key()}", "X_Forwarded_For": "203.0.113.9"}
    assert house.nginx.ask("POST", "/v1/chat/completions", CHAT, source="127.0.0.2", **forged)[0] == 200
    house.gateway.wait_for_log('"client": "127.0.0.2"')
    assert "203.0.113.9" not in house.gateway.log()
    assert (
        house.nginx.access_log.read_text().startswith("127.0.0.") and "127.0.0.2" in house.nginx.access_log.read_text()
    )


def test_no_query_is_written_anywhere(house: House) -> None:
    path = f"/v1beta/models/m:generateContent?key={SECRET}"
    assert house.nginx.ask("POST", path, GEMINI)[0] == 401
    house.gateway.wait_for_log("/v1beta/models/m:generateContent")
    said = house.gateway.log()
    house.gateway.stop()
    assert house.nginx.ask("POST", path, GEMINI)[0] == 502
    logs = [said, house.nginx.access_log.read_text(), house.nginx.error_log.read_text()]
    logs.append((house.nginx.folder / "main.log").read_text())
    assert [log for log in logs if SECRET in log] == []
    assert logs[1].count('"POST /v1beta/models/m:generateContent HTTP/1.1"') == 2


def test_a_body_over_the_limit_is_refused_in_json_before_it_is_sent(house: House) -> None:
    connection = house.nginx.connect()
    connection.putrequest("POST", "/v1/messages")
    connection.putheader("Content-Length", str(100 * 1024 * 1024 + 1))
    connection.endheaders()
    response = connection.getresponse()
    told = json.loads(response.read())
    connection.close()
    assert response.status == 413 and told["error"]["type"] == "request_too_large"


def test_a_large_body_within_the_limit_arrives(house: House) -> None:
    large = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * (8 * 1024 * 1024)}]}).encode()
    assert house.nginx.ask("POST", "/v1/chat/completions", large, x_api_key=house.key())[0] == 200
    assert len(house.upstream.requests[-1].raw) >= 8 * 1024 * 1024


def test_wrong_paths_reach_the_gateway_as_they_were_sent(house: House) -> None:
    path = "//v1//chat/completions%2Fx"
    house.nginx.ask("POST", path, CHAT, x_api_key=house.key())
    house.gateway.wait_for_log("'//v1//chat/completions/x'")


def test_plain_http_is_sent_to_tls(house: House) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", house.nginx.plain_port, timeout=20)
    connection.request("POST", "/v1/messages?beta=true", CHAT, {"Host": HOST})
    response = connection.getresponse()
    assert response.status == 308 and response.getheader("Location") == f"https://{HOST}/v1/messages?beta=true"
    connection.close()


def test_the_admin_page_knows_that_its_browser_speaks_tls(house: House) -> None:
    house.gateway.configure(config_for(Provider(house.upstream), auth={"admin_key": "the-admin-key-0123456789"}))
    house.gateway.signal(signal.SIGHUP)
    house.gateway.wait_for_log("configuration reloaded")
    status, headers, _ = house.nginx.ask("GET", "/admin")
    assert status == 401 and "Secure" in headers["Set-Cookie"].split("; ")
