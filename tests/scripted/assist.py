"""Scripted OAuth token endpoint and v1internal provider, on one loopback port.

    with ScriptedAssist() as up:
        up.account("refresh-1", project="p-1", email="a@example.com")
        up.play("token", refusing("invalid_grant"))     # what the token endpoint does, one a request, the last for ever
        up.play("generateContent", limited("40s"))      # what a method does; refresh= for one account only
        ... up.asked("generateContent") ... up.refreshes ...

An access token is only good until `revoke` or a newer one; that is checked, as the real thing does.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

from tests.scripted.answer import Event


@dataclass(frozen=True, slots=True)
class Reply:
    """`hang` seconds come before anything; `body` bytes are sent as they are, an object as JSON. `drop` closes the
    connection instead."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0.0
    content_type: str = "application/json"
    drop: bool = False

    @property
    def scripted(self) -> bool:
        """Whether it says anything else than the healthy answer."""
        return self.status != 200 or self.body is not None or self.drop


@dataclass(slots=True)
class Seen:
    """One request: `method` is the word after v1internal:, or "token"; `refresh` names the account."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    refresh: str = ""


@dataclass(slots=True)
class Person:
    """An account at the provider. `project` "" makes loadCodeAssist find none."""

    refresh: str
    project: str = "project-x"
    onboards_to: str = ""
    valid: set[str] = field(default_factory=set)
    issued: int = 0


def refusing(error: str, status: int = 400, description: str = "scripted") -> Reply:
    return Reply(status, {"error": error, "error_description": description})


def status_error(status: int, message: str = "scripted", word: str = "", details: list[Any] | None = None) -> Reply:
    return Reply(status, {"error": {"code": status, "message": message, "status": word, "details": details or []}})


def limited(delay: str = "", reason: str = "RATE_LIMIT_EXCEEDED", **metadata: str) -> Reply:
    """A 429 in google.rpc words."""
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
    ]
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return status_error(429, "limited", "RESOURCE_EXHAUSTED", details)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class ScriptedAssist:
    def __init__(self, *, expires_in: int = 3600, token_delay: float = 0.0) -> None:
        self.seen: list[Seen] = []
        self.people: dict[str, Person] = {}
        self.expires_in = expires_in
        self.token_delay = token_delay
        self.rotate = False
        self.words = ("Paris", " is", " the", " capital")
        self.quotas: dict[str, dict[str, Any]] = {"gemini-2.5-flash": {"remainingFraction": 0.5}}
        self._scripts: dict[tuple[str, str], list[Reply]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="assist", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def account(self, refresh: str, project: str = "project-x", *, onboards_to: str = "", access: bool = False) -> str:
        """Makes an account; with `access` its first access token is given out at once."""
        person = self.people[refresh] = Person(refresh, project, onboards_to)
        return self._issue(person) if access else ""

    def revoke(self, refresh: str) -> None:
        """Every access token so far is refused from now on, though none has expired."""
        self.people[refresh].valid.clear()

    def play(self, method: str, *replies: Reply, refresh: str = "") -> None:
        """One reply a request, the last one for ever; none: healthy again."""
        with self._lock:
            self._scripts[method, refresh] = list(replies)

    def asked(self, method: str, refresh: str | None = None) -> list[Seen]:
        return [each for each in list(self.seen) if each.method == method and refresh in (None, each.refresh)]

    @property
    def refreshes(self) -> int:
        return len(self.asked("token"))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _script(self, method: str, refresh: str) -> Reply | None:
        with self._lock:
            for key in ((method, refresh), (method, "")):
                replies = self._scripts.get(key)
                if replies:
                    return replies.pop(0) if len(replies) > 1 else replies[0]
        return None

    def _issue(self, person: Person) -> str:
        with self._lock:
            person.issued += 1
            token = f"access-{person.refresh}-{person.issued}"
            person.valid.add(token)
        return token

    def answer(self, path: str, headers: dict[str, str], raw: bytes) -> Reply | list[bytes]:
        """A reply, or the events of a stream."""
        if path.startswith("/token"):
            return self._token(path, headers, {name: values[0] for name, values in parse_qs(raw.decode()).items()})
        method = path.partition("v1internal:")[2].partition("?")[0]
        body = json.loads(raw or b"{}")
        token = headers.get("authorization", "").removeprefix("Bearer ")
        person = next((each for each in self.people.values() if token.startswith(f"access-{each.refresh}-")), None)
        self.seen.append(Seen(time.monotonic(), method, path, headers, body, person.refresh if person else ""))
        if person is None or token not in person.valid:
            return status_error(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        scripted = self._script(method, person.refresh)
        if scripted is not None and scripted.scripted:
            return scripted
        return self._healthy(method, person, body)

    def _token(self, path: str, headers: dict[str, str], form: dict[str, str]) -> Reply:
        refresh = form.get("refresh_token", "")
        self.seen.append(Seen(time.monotonic(), "token", path, headers, form, refresh))
        time.sleep(self.token_delay)
        scripted = self._script("token", refresh)
        if scripted is not None and scripted.scripted:
            return scripted
        if form.get("grant_type") == "authorization_code":
            refresh = form.get("code", "")
        person = self.people.get(refresh)
        if person is None:
            return refusing("invalid_grant", description="Token has been expired or revoked.")
        answer: dict[str, Any] = {"access_token": self._issue(person), "expires_in": self.expires_in}
        if form.get("grant_type") == "authorization_code":
            answer["refresh_token"] = refresh
        if self.rotate:
            new = f"{refresh}-r"
            self.people[new] = self.people.pop(refresh)
            self.people[new].refresh = new
            self.people[new].valid = {self._issue(self.people[new])}
            answer["access_token"], answer["refresh_token"] = next(iter(self.people[new].valid)), new
        return Reply(200, answer)

    def _healthy(self, method: str, person: Person, body: dict[str, Any]) -> Reply | list[bytes]:
        match method:
            case "loadCodeAssist":
                tiers = {"allowedTiers": [{"id": "free-tier", "isDefault": True}]}
                return Reply(200, {"cloudaicompanionProject": person.project, **({} if person.project else tiers)})
            case "onboardUser":
                done = len(self.asked("onboardUser", person.refresh)) > 1
                said = {"response": {"cloudaicompanionProject": {"id": person.onboards_to}}} if done else {}
                return Reply(200, {"done": done, **said})
            case "fetchAvailableModels":
                return Reply(200, {"models": {name: {"quotaInfo": each} for name, each in self.quotas.items()}})
            case "countTokens":
                return Reply(200, {"totalTokens": 42})
            case "streamGenerateContent":
                return [_event(word, body["model"], None) for word in self.words[:-1]] + [
                    _event(self.words[-1], body["model"], "STOP")
                ]
            case _:
                return Reply(200, _wrapped("".join(self.words), body["model"], "STOP"))


def wrapped(document: dict[str, Any]) -> dict[str, Any]:
    """An answer of Gemini's as v1internal gives it."""
    return {"response": document, "traceId": "trace-1", "metadata": {}}


def wrapped_event(event: Event) -> Event:
    document = json.loads(event.data.removeprefix(b"data: "))
    return Event(event.kind, b"data: " + json.dumps(wrapped(document), ensure_ascii=False).encode() + b"\r\n\r\n")


def _wrapped(text: str, model: str, finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    response: dict[str, Any] = {"candidates": [candidate], "modelVersion": model}
    if finish:
        candidate["finishReason"] = finish
        response["usageMetadata"] = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
    return wrapped(response)


def _event(text: str, model: str, finish: str | None) -> bytes:
    return b"data: " + json.dumps(_wrapped(text, model, finish)).encode() + b"\r\n\r\n"


def _handler(script: ScriptedAssist) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = script.answer(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
            with contextlib.suppress(OSError):
                if isinstance(reply, list):
                    self._stream(reply)
                else:
                    self._whole(reply)

        def _whole(self, reply: Reply) -> None:
            time.sleep(reply.hang)
            if reply.drop:
                self.close_connection = True
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, events: list[bytes]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in events:
                for piece in (event[: len(event) // 2], event[len(event) // 2 :]):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
