from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.command.health import asked
from gateway.config.generated_key import load_or_create
from gateway.config.load import load
from gateway.config.model import Config

KEY = "sk-dragoman-a-long-client-key"


class Peer(BaseHTTPRequestHandler):
    """A gateway in strict mode, or somebody else."""

    key = KEY
    ours = True
    body = b'{"status":"ok"}'

    def do_GET(self) -> None:
        if not self.ours:
            self.reply(401, b"<h1>401</h1>", ours=False)
        elif self.headers.get("Authorization") != f"Bearer {self.key}":
            self.reply(401, b'{"error":{}}')
        else:
            self.reply(200, self.body)

    def reply(self, status: int, body: bytes, ours: bool = True) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if ours:
            self.send_header("X-Request-Id", "req_1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


Serve = Callable[[type[Peer]], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers = []

    def start(peer: type[Peer]) -> int:
        server = ThreadingHTTPServer(("127.0.0.1", 0), peer)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def config(folder: Path, text: str = "", **server: object) -> Config:
    file = folder / "dragoman.toml"
    file.write_text(text)
    return load(file, overrides={"data_dir": folder / "data", "server": server}, environ={})


def test_the_configured_key_opens_strict_mode(tmp_path: Path, serve: Serve) -> None:
    text = f'[auth]\nmode = "strict"\napi_keys = ["{KEY}"]\n'
    alive, said = asked(config(tmp_path, text, port=serve(Peer)), None)
    assert alive and said.endswith("is ok")


def test_the_generated_key_opens_it_too(tmp_path: Path, serve: Serve) -> None:
    key, _ = load_or_create(tmp_path / "data")
    peer = type("Generated", (Peer,), {"key": key})
    assert asked(config(tmp_path, port=serve(peer)), None)[0]


def test_an_open_address_is_asked_on_loopback(tmp_path: Path, serve: Serve) -> None:
    text = f'[auth]\napi_keys = ["{KEY}"]\n'
    assert asked(config(tmp_path, text, port=serve(Peer), host="0.0.0.0"), None)[0]


def test_with_hashed_keys_only_being_asked_for_one_is_life(tmp_path: Path, serve: Serve) -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    text = f'[auth]\nmode = "strict"\n[[auth.keys]]\nname = "anna"\nkey_hash = "sha256:{digest}"\n'
    alive, said = asked(config(tmp_path, text, port=serve(Peer)), None)
    assert alive and "asks for a key" in said


def test_a_refused_key_is_not_life(tmp_path: Path, serve: Serve) -> None:
    text = '[auth]\nmode = "strict"\napi_keys = ["sk-dragoman-another-long-key"]\n'
    alive, said = asked(config(tmp_path, text, port=serve(Peer)), None)
    assert not alive and "401" in said and "another" not in said


@pytest.mark.parametrize("peer", [{"ours": False}, {"body": b"<html>"}, {"body": b"[]"}])
def test_somebody_else_is_not_life(tmp_path: Path, serve: Serve, peer: dict[str, object]) -> None:
    text = f'[auth]\napi_keys = ["{KEY}"]\n' if "body" in peer else ""
    assert not asked(config(tmp_path, text, port=serve(type("Other", (Peer,), peer))), None)[0]


def test_nobody_is_not_life(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    alive, said = asked(config(tmp_path, port=port), None)
    assert not alive and said.startswith("no gateway answers at ") and "Errno" not in said
