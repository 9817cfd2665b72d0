"""A gateway for tests: in this process on a real port (quick), and a client that sees what a client sees.

    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "chat"))) as gateway:
        reply = gateway.ask("messages", stream=True)
        assert reply.told.text == "..."

Nothing is monkey-patched here: the gateway runs as under gunicorn's gthread worker. For gevent see tests/running.py,
whose RunningGateway `Client` takes as well.
"""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.config.load import load
from gateway.monitoring.record import Record
from gateway.monitoring.recorder import Recorder
from gateway.web.app import create_app
from gateway.wiring import build
from tests.scripted.told import Told, events, path, read_stream, read_whole, request
from tests.scripted.upstream import ScriptedUpstream

KINDS = {"chat": "openai", "responses": "openai", "anthropic": "anthropic", "gemini": "gemini"}


@dataclass(frozen=True, slots=True)
class Provider:
    """One [[upstreams]] table that points at a scripted upstream (or a dead URL). `more` are further keys of it."""

    up: ScriptedUpstream | str
    dialect: str = "chat"
    name: str = ""
    models: tuple[str, ...] = ("*",)
    keys: tuple[str, ...] = ("key-1",)
    more: Mapping[str, Any] = field(default_factory=dict)

    def toml(self) -> str:
        kind = KINDS[self.dialect]
        url = self.up if isinstance(self.up, str) else self.up.base_url_for(kind)
        table = {
            "name": self.name or self.dialect,
            "kind": kind,
            "base_urls": [url],
            "models": list(self.models),
            **({"speaks": self.dialect} if kind == "openai" else {}),
            **self.more,
        }
        accounts = [f"\n[[upstreams.accounts]]\n{_lines({'label': key, 'api_key': key})}" for key in self.keys]
        return "[[upstreams]]\n" + _lines(table) + "".join(accounts)


def config_for(*providers: Provider, chain: Mapping[str, list[str]] | None = None, **tables: Mapping[str, Any]) -> str:
    """dragoman.toml for these providers. `chain` is [models.map]; `tables` are others: `server={"keepalive_s": 1}`."""
    written = [f"[{name}]\n{_lines(table)}" for name, table in tables.items()]
    if chain:
        written.append("[models.map]\n" + _lines({json.dumps(name): targets for name, targets in chain.items()}))
    return "\n".join([*written, *(provider.toml() for provider in providers)])


@dataclass(slots=True)
class Reply:
    """`cut` says that the connection broke before the proper end of the body; `seconds` until that or the end."""

    protocol: str
    status: int
    headers: dict[str, str]
    body: bytes
    streamed: bool
    cut: bool = False
    seconds: float = 0.0

    @property
    def told(self) -> Told:
        return read_stream(self.protocol, self.body) if self.streamed else read_whole(self.protocol, self.body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, str]]:
        return events(self.body)


class Client:
    """Asks a gateway at 127.0.0.1:`port`, each request on its own connection."""

    def __init__(self, port: int) -> None:
        self.port = port

    def open(
        self, protocol: str, *, model: str = "m", stream: bool = False, headers: Mapping[str, str] = {}, **body: Any
    ) -> Opened:
        """Sends a request and returns without waiting for its answer."""
        raw = json.dumps(request(protocol, model, stream, **body)).encode()
        return self.post(path(protocol, model, stream), raw, headers, protocol=protocol)

    def post(
        self, target: str, raw: bytes, headers: Mapping[str, str] = {}, *, protocol: str = "chat", method: str = "POST"
    ) -> Opened:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, target, raw, {"Content-Type": "application/json", **headers})
        return Opened(protocol, connection)

    def ask(self, protocol: str, **options: Any) -> Reply:
        """The answer, read to its end."""
        return self.open(protocol, **options).reply()


class Opened:
    """A request on its way."""

    def __init__(self, protocol: str, connection: http.client.HTTPConnection) -> None:
        self.protocol = protocol
        self._connection = connection
        self._started = time.monotonic()
        self._response: http.client.HTTPResponse | None = None

    @property
    def response(self) -> http.client.HTTPResponse:
        """Waits for the head."""
        if self._response is None:
            self._response = self._connection.getresponse()
        return self._response

    def chunks(self) -> Iterator[bytes]:
        """Body bytes as they arrive."""
        while data := self.response.read1(65536):
            yield data

    def reply(self) -> Reply:
        pieces, cut = [], False
        try:
            for chunk in self.chunks():
                pieces.append(chunk)
        except (http.client.HTTPException, ConnectionError):
            cut = True
        headers = {name.lower(): value for name, value in self.response.headers.items()}
        cut = cut or sum(map(len, pieces)) < int(headers.get("content-length", 0))
        streamed = headers.get("content-type", "").startswith("text/event-stream")
        seconds = time.monotonic() - self._started
        self.leave()
        return Reply(self.protocol, self.response.status, headers, b"".join(pieces), streamed, cut, seconds)

    def leave(self) -> None:
        """Closes the connection, whatever is still to come."""
        if self._connection.sock is not None:
            self._connection.sock.close()
        if self._response is not None:
            self._response.close()
        self._connection.close()


class InProcess(Client):
    """The gateway under a threaded server; `records` are what it noted, one for each request."""

    def __init__(self, config_toml: str, dotenv: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dragoman-test-", ignore_cleanup_errors=True)
        file = Path(self._folder.name) / "dragoman.toml"
        file.write_text(config_toml, encoding="utf-8")
        file.with_name(".env").write_text(dotenv, encoding="utf-8")
        self.records: list[Record] = []
        config = load(file, environ={"DRAGOMAN_DATA": self._folder.name})
        self.gateway = build(config, local_only=True, recorder=_Collector(self.records))
        self._server = make_server("127.0.0.1", 0, create_app(self.gateway), threaded=True, request_handler=_Handler)
        super().__init__(self._server.port)
        threading.Thread(target=self._server.serve_forever, args=(0.002,), name="gateway", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Whether nothing was lost: no request is running and every slot is free, within two seconds."""
        until = time.monotonic() + 2.0
        while self.gateway.running or any(account.in_use for account in self.gateway.pool.accounts()):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def record(self, reply: Reply) -> Record:
        """What was noted of a request; a stream's record may come a moment after its last byte."""
        until = time.monotonic() + 5.0
        while True:
            for record in reversed(self.records):
                if record.id == reply.headers["x-request-id"]:
                    return record
            assert time.monotonic() < until, "no record was noted"
            time.sleep(0.005)

    def revive(self) -> None:
        """Every account is as new."""
        for account in self.gateway.pool.accounts():
            account.recover()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.gateway.state.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class _Collector(Recorder):
    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self._records = records

    def note(self, record: Record) -> None:
        self._records.append(record)


class _Handler(WSGIRequestHandler):
    """HTTP/1.1, silent, and the client's socket where gunicorn puts it."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def make_environ(self) -> Any:
        environ = super().make_environ()
        environ["gunicorn.socket"] = self.connection
        return environ

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)
