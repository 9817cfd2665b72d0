"""A provider of embeddings on a loopback socket, OpenAI's and Gemini's at once.

Every text gets the vector (its length, its first character, its place in the request) and as many zeros as the wanted
dimensions need.
"""

from __future__ import annotations

import base64
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class EmbeddingUpstream:
    """`requests` are (path, headers, body); `answers` are (status, body) given first, one a request; `usage` says
    whether used tokens are told."""

    def __init__(self, *, usage: bool = True) -> None:
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.usage = usage
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, raw = outer.answers.pop(0) if outer.answers else (200, outer._answer(self.path, body))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def base_url_for(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.port}" + ("/v1" if kind == "openai" else "")

    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.requests]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, body: dict[str, Any]) -> bytes:
        document: dict[str, Any]
        if path.endswith("/embeddings"):
            given = body["input"]
            inputs = given if isinstance(given, list) and not isinstance(given[0], int) else [given]
            data = []
            for number, each in enumerate(inputs):
                vector: Any = vector_of(each, number, body.get("dimensions"))
                if body.get("encoding_format") == "base64":
                    vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
                data.append({"object": "embedding", "index": number, "embedding": vector})
            document = {"object": "list", "data": data[::-1], "model": body["model"]}
            if self.usage:
                document["usage"] = {"prompt_tokens": 5, "total_tokens": 5}
            return json.dumps(document).encode()
        requests = body.get("requests", [body])
        told = [
            {"values": vector_of(each["content"]["parts"][0]["text"], number, each.get("outputDimensionality"))}
            for number, each in enumerate(requests)
        ]
        document = {"embeddings": told} if "requests" in body else {"embedding": told[0]}
        if self.usage:
            document["usageMetadata"] = {"promptTokenCount": 5}
        return json.dumps(document).encode()


def vector_of(text: Any, number: int, dimensions: int | None) -> list[float]:
    first = ord(text[0]) if isinstance(text, str) else text[0]
    return [float(len(text)), float(first), float(number), *([0.0] * ((dimensions or 3) - 3))]
