"""Around the whole application, where [records] bodies is on: what was asked and answered is kept with its record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway.monitoring.bodies import TAKEN, Bodies
from gateway.web.keys import presented

Keep = Callable[[Bodies], None]
ELSEWHERE = ("/admin", "/api/", "/v1/api/")
"""The operator's own page holds keys; probes and telemetry have no record."""


class BodyKeeper:
    """A WSGI application around another. Nothing is changed or held back on the way."""

    def __init__(self, app: Any, keep: Keep) -> None:
        self._app = app
        self._keep = keep

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"].startswith(ELSEWHERE):
            return self._app(environ, start_response)  # type: ignore[no-any-return]
        heard = _Heard(environ["wsgi.input"])
        environ["wsgi.input"] = heard
        seen: dict[str, str] = {}

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen.update((name.lower(), value) for name, value in headers)
            return start_response(status, headers, *more)

        keys = tuple(key.decode("utf-8", "replace") for key in presented(environ, True))
        return _Told(self._app(environ, started), heard, seen, keys, self._keep)


class _Taken:
    """The beginning of a body, and how long all of it was."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def take(self, data: bytes) -> bytes:
        if self.size < TAKEN:
            self.pieces.append(data[: TAKEN - self.size])
        self.size += len(data)
        return data


class _Heard(_Taken):
    """wsgi.input."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def read(self, *size: int) -> bytes:
        return self.take(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self.take(self._stream.readline(*size))

    def __iter__(self) -> Iterator[bytes]:
        return map(self.take, self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Told(_Taken):
    """The response iterable."""

    def __init__(
        self, chunks: Iterable[bytes], heard: _Heard, headers: dict[str, str], keys: tuple[str, ...], keep: Keep
    ) -> None:
        super().__init__()
        self._all = chunks
        self._chunks = iter(chunks)
        self._heard = heard
        self._headers = headers
        self._keys = keys
        self._keep = keep
        self._at = time.time()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self.take(next(self._chunks))

    def close(self) -> None:
        try:
            if hasattr(self._all, "close"):
                self._all.close()
        finally:
            identity = self._headers.get("x-request-id")
            if identity:
                heard = self._heard
                self._keep(
                    Bodies(
                        identity,
                        self._at,
                        b"".join(heard.pieces),
                        heard.size,
                        b"".join(self.pieces),
                        self.size,
                        self._keys,
                    )
                )
