"""A provider on a loopback socket that does with every request exactly what its script says.

    with ScriptedUpstream() as up:
        up.text("chat", "hello world")            # the same answer again and again
        up.play(failing(500), text("hello"))      # one script a request, the last one for all later ones
        up.play(failing(429), key="key-1")        # only for that account; also model=, dialect=
        ... up.base_url ... up.requests[0].body ...

Which dialect a request speaks is told by its path, so one base URL serves all four. Requests to v1internal (Code
Assist) are gemini's in an envelope: `body` is what was inside, and the answer goes back inside one.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Self

from tests.scripted import anthropic, assist, chat, gemini, responses
from tests.scripted.answer import Event
from tests.scripted.script import Error, Script
from tests.scripted.script import text as text_script

DIALECTS: dict[str, ModuleType] = {"chat": chat, "responses": responses, "anthropic": anthropic, "gemini": gemini}
CONTENT = ("word", "thinking", "tool")


class PeerLeft(Exception):
    """The gateway closed the connection while it was being answered."""


@dataclass(slots=True)
class Request:
    """Times are time.monotonic(). `left_at` is set when the peer closed before the answer was complete; `sent` holds
    the time of every event. `envelope` is what was around `body`."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any]
    dialect: str
    key: str
    model: str
    stream: bool
    envelope: dict[str, Any] | None = None
    sent: list[float] = field(default_factory=list)
    done_at: float | None = None
    left_at: float | None = None


class ScriptedUpstream:
    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.models: list[str] = ["scripted-model"]
        self._scripts: dict[tuple[str, str], list[Script]] = {("", ""): [Script()]}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._socks: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="scripted", daemon=True).start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def root_url(self) -> str:
        """Without version, as the kinds gemini and anthropic want it."""
        return f"http://127.0.0.1:{self.port}"

    def base_url_for(self, kind: str) -> str:
        return self.base_url if kind in ("openai", "chat", "responses") else self.root_url

    def text(self, dialect: str, said: str, **more: Any) -> None:
        """Every request in `dialect` gets these words."""
        self.play(text_script(said, **more), dialect=dialect)

    def play(self, *scripts: Script, key: str = "", model: str = "", dialect: str = "") -> None:
        """One script a request, the last one for ever; the most particular choice wins: key, model, dialect, all."""
        chosen = ("key", key) if key else ("model", model) if model else ("dialect", dialect) if dialect else ("", "")
        with self._lock:
            self._scripts[chosen] = list(scripts)

    def asked(self, **wanted: Any) -> list[Request]:
        """The requests whose attributes are these (`key="k1"`, `model="m"`), model lists left out."""
        return [
            request
            for request in list(self.requests)
            if request.dialect and all(getattr(request, name) == value for name, value in wanted.items())
        ]

    def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0) -> bool:
        """Whether `condition` becomes true in time."""
        until = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= until:
                return False
            time.sleep(0.005)
        return True

    def stop(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._socks):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._socks.add(sock)
            threading.Thread(target=self._serve, args=(sock,), name="scripted-peer", daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            self._talk(sock)
        finally:
            self._socks.discard(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError, PeerLeft):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(60)
            held = b""
            while True:
                request, held = _read_request(sock, held)
                self.requests.append(request)
                if request.method == "GET":
                    sock.sendall(self._model_list())
                    continue
                if not _Turn(self, sock, request, self._script(request)).play():
                    break

    def _model_list(self) -> bytes:
        data = [{"id": name, "object": "model", "type": "model", "display_name": name} for name in self.models]
        named = [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in self.models]
        body = json.dumps({"object": "list", "data": data, "models": named, "has_more": False}).encode()
        return _head(200, "application/json", {"Content-Length": str(len(body))}) + body

    def _script(self, request: Request) -> Script:
        wanted = (("key", request.key), ("model", request.model), ("dialect", request.dialect), ("", ""))
        with self._lock:
            for each in wanted:
                scripts = self._scripts.get(each)
                if scripts:
                    return scripts.pop(0) if len(scripts) > 1 else scripts[0]
        raise AssertionError("no script")


class _Turn:
    """One request being answered."""

    def __init__(self, server: ScriptedUpstream, sock: socket.socket, request: Request, script: Script) -> None:
        self._server = server
        self._sock = sock
        self._request = request
        self._script = script
        self._dialect = DIALECTS.get(request.dialect, chat)
        self._gzip = zlib.compressobj(wbits=31) if script.gzip else None

    def play(self) -> bool:
        """Whether the connection may be used again."""
        try:
            return self._play()
        except (PeerLeft, BrokenPipeError, ConnectionResetError):
            self._request.left_at = time.monotonic()
            raise PeerLeft from None

    def _play(self) -> bool:
        script, request = self._script, self._request
        if script.refuse_trailing_assistant and _ends_with_assistant(request.body):
            script = self._script = replace(
                Script(), status=400, error=_trailing_assistant(), refuse_trailing_assistant=True
            )
        self._pause(script.head_delay)
        if script.before == "silence":
            self._pause(600)
        if script.before:
            self._go(script.before == "reset")
            return False
        stream = (request.stream and script.error is None) if not script.form else script.form == "stream"
        if script.body is not None or not stream:
            whole = self._whole()
            request.done_at = time.monotonic()
            return whole
        whole = self._streamed()
        request.done_at = time.monotonic()
        return whole

    def _whole(self) -> bool:
        script = self._script
        body = script.body
        if body is None:
            if script.error is not None:
                document = self._dialect.error(script.error.status, script.error.message, script.error.code)
            else:
                document = self._dialect.whole(script.answer, self._request.model)
                if self._request.envelope is not None:
                    document = assist.wrapped(document)
            body = json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace")
        headers = dict(script.headers)
        if self._gzip is not None:
            body = self._gzip.compress(body) + self._gzip.flush()
            headers["Content-Encoding"] = "gzip"
        if script.chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(body) if script.content_length is None else script.content_length)
        head = _head(script.status, script.content_type or "application/json", headers)
        if script.first_delay or script.cut_after is not None:
            self._send(head)
            self._pause(script.first_delay)
            if script.cut_after is not None:
                self._body(body[: len(body) // 2])
                self._go(script.cut == "reset")
                return False
            self._body(body)
        elif script.chunked:
            self._send(head)
            self._body(body)
        else:
            self._send(head + body)
        if script.chunked:
            self._send(b"0\r\n\r\n")
        return script.content_length is None

    def _body(self, data: bytes) -> None:
        if self._script.chunked:
            self._chunk(data)
        else:
            self._send(data)

    def _streamed(self) -> bool:
        script = self._script
        headers = {"Transfer-Encoding": "chunked", "Cache-Control": "no-cache", **script.headers}
        if self._gzip is not None:
            headers["Content-Encoding"] = "gzip"
        self._send(_head(script.status, script.content_type or "text/event-stream; charset=utf-8", headers))
        self._pause(script.first_delay)
        events: Iterable[Event] = self._dialect.events(script.answer, self._request.model, self._request.body)
        if self._request.envelope is not None:
            events = map(assist.wrapped_event, events)
        if not self._events(events):
            return False
        self._chunk(b"" if self._gzip is None else self._gzip.flush())
        self._send(b"0\r\n\r\n")
        return True

    def _events(self, events: Iterable[Event]) -> bool:
        script, content = self._script, 0
        for number, event in enumerate(events):
            if event.kind in CONTENT:
                if script.stall_after == content:
                    self._pause(script.stall)
                if script.error_after == content:
                    fault = script.error_event
                    self._event(self._dialect.error_event(fault.status, fault.message, fault.code))
                    return True
                if script.cut_after == content:
                    self._event(event.data[: script.cut_bytes])
                    if script.cut == "end":
                        return True
                    self._go(script.cut == "reset")
                    return False
                self._pause(script.pace if content else script.first_content_delay)
                content += 1
            if event.kind == "end" and not script.end_mark:
                continue
            data = b'data: {"broken": \n\n' if number == script.malformed_at else event.data
            self._event(data)
            if script.gate is not None and content == 1 and event.kind in CONTENT:
                while not script.gate.wait(0.01):
                    self._pause(0.005)
        if script.stall_after == content:
            self._pause(script.stall)
        return True

    def _event(self, data: bytes) -> None:
        if not data:
            return
        self._request.sent.append(time.monotonic())
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        size = self._script.split or len(data)
        for at in range(0, len(data), size):
            self._chunk(data[at : at + size])

    def _chunk(self, data: bytes) -> None:
        if data:
            self._send(b"%x\r\n%s\r\n" % (len(data), data))

    def _send(self, data: bytes) -> None:
        self._look(0)
        self._sock.sendall(data)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._server._stopped.is_set():
                raise PeerLeft
            self._look(min(left, 0.1))

    def _look(self, seconds: float) -> None:
        """Waits, and notices a peer that leaves meanwhile."""
        if select.select([self._sock], [], [], seconds)[0] and not self._sock.recv(1, socket.MSG_PEEK):
            raise PeerLeft

    def _go(self, reset: bool) -> None:
        if reset:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._request.done_at = time.monotonic()
        self._sock.close()


def _head(status: int, content_type: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _read_request(sock: socket.socket, held: bytes) -> tuple[Request, bytes]:
    while b"\r\n\r\n" not in held:
        held += _recv(sock)
    head, _, rest = held.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        rest += _recv(sock)
    raw, rest = rest[:length], rest[length:]
    body = json.loads(raw) if raw else {}
    dialect, model, stream = _spoken(path, body)
    envelope = None
    if "v1internal:" in path:
        envelope, body = body, {name: value for name, value in body["request"].items() if name != "session_id"}
    key = headers.get("x-api-key") or headers.get("x-goog-api-key") or headers.get("authorization", "")
    request = Request(
        time.monotonic(), method, path, headers, raw, body, dialect if method == "POST" else "",
        key.removeprefix("Bearer "), model, stream, envelope,
    )  # fmt: skip
    return request, rest


def _recv(sock: socket.socket) -> bytes:
    data = sock.recv(1 << 18)
    if not data:
        raise EOFError
    return data


def _spoken(path: str, body: dict[str, Any]) -> tuple[str, str, bool]:
    path = path.partition("?")[0]
    if "v1internal:" in path:
        model = body.get("model") or str(body.get("request", {}).get("model", "")).removeprefix("models/")
        return "gemini", model, path.endswith(":streamGenerateContent")
    if ":" in path:
        model, _, method = path.rpartition("/models/")[2].rpartition(":")
        return "gemini", model, method == "streamGenerateContent"
    stream, model = bool(body.get("stream")), str(body.get("model", ""))
    if path.endswith("/responses"):
        return "responses", model, stream
    if path.endswith("/messages"):
        return "anthropic", model, stream
    return "chat", model, stream


def _ends_with_assistant(body: dict[str, Any]) -> bool:
    turns = body.get("messages") or body.get("contents") or body.get("input") or []
    return isinstance(turns, list) and bool(turns) and turns[-1].get("role") in ("assistant", "model")


def _trailing_assistant() -> Error:
    return Error(400, "the conversation must end with a user message")
