from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from gateway.upstreams.transport.session import Transport
from gateway.upstreams.webhook import NotTaken, post_webhook, webhook_document


class Hook(HTTPServer):
    """Keeps what was posted."""

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.told: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str = "/hook", credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.server_port}{path}"

    def events(self) -> list[tuple[str, str, str]]:
        return [(body["kind"], body["event"], body["subject"]) for _, _, body in list(self.told)]


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    yield server
    server.shutdown()
    server.server_close()


def send(url: str) -> None:
    post_webhook(Transport(max_idle=0), url, webhook_document(url, "trouble", "disk_full", "data", "Full", "No room."))


def test_one_json_for_all_receivers(hook: Hook) -> None:
    send(hook.url())
    ((path, headers, body),) = hook.told
    assert path == "/hook" and headers["content-type"] == "application/json"
    assert (body["title"], body["message"], body["priority"]) == ("Full", "No room.", 4)
    assert body["text"] == body["content"] == "Full: No room."
    assert headers["x-title"] == "{{.title}}" and headers["x-message"] == "{{.message}}"
    assert "topic" not in body and "authorization" not in headers


def test_a_topic_in_the_query_and_credentials(hook: Hook) -> None:
    send(hook.url("/?topic=alerts", ":tk%40n@"))
    ((_, headers, body),) = hook.told
    assert body["topic"] == "alerts"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b":tk@n"


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_refusal_says_the_host_only(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(NotTaken, match=f"127.0.0.1 answered {status}") as raised:
        send(hook.url("/secret-topic", "user:password@"))
    assert "secret" not in str(raised.value) and "password" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/secret-topic", "nothing"])
def test_what_cannot_be_reached(url: str) -> None:
    with pytest.raises(NotTaken) as raised:
        send(url)
    assert "secret" not in str(raised.value)
