"""HTTP by hand, for tests of what a well-behaved client library would never send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Answer:
    """`headers` has lower-case names; `closed` says that the connection was at its end right after the answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def dialect(self) -> str:
        """Whose error document this is."""
        document = self.json
        if document.get("type") == "error":
            return "anthropic"
        return "gemini" if "status" in document["error"] else "openai"


class Wire:
    """One connection. `read` gives the next answer; reads are bounded by the socket's timeout."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._held = b""

    def send(self, data: bytes) -> Wire:
        self.socket.sendall(data)
        return self

    def post(self, path: str, body: bytes, *headers: str) -> Wire:
        return self.send(head("POST", path, f"Content-Length: {len(body)}", *headers) + body)

    def read(self) -> Answer:
        status, headers = self.read_head()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while piece := self.read_chunk():
                body += piece
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        else:
            body = self._held + self.rest()
        return Answer(status, headers, body)

    def read_head(self) -> tuple[int, dict[str, str]]:
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value for name, value in headers.items()}

    def read_chunk(self) -> bytes:
        size = int(self._until(b"\r\n"), 16)
        return self._exactly(size + 2)[:-2]

    def at_end(self) -> bool:
        """Whether the peer closes now, having said nothing more."""
        return not self._held and self.rest() == b""

    def rest(self) -> bytes:
        """What comes until the peer closes."""
        pieces = []
        while piece := self.socket.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._held:
            self._more()
        found, _, self._held = self._held.partition(mark)
        return found + mark

    def _exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the connection ended after {self._held!r}")
        self._held += data


def head(method: str, path: str, *headers: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", "Host: test", *headers, "")).encode(
        "latin-1"
    )


def chat(*, stream: bool = False, model: str = "m", said: str = "hi") -> bytes:
    return json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": said}]}).encode()


def config(base_url: str = "http://127.0.0.1:9/v1", server: str = "", more: str = "") -> str:
    return f"""
[server]
{server}
[[upstreams]]
name = "up"
kind = "openai"
base_urls = ["{base_url}"]
models = ["m*"]
{more}
"""
