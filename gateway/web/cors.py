"""Cross-origin requests, by `[server] cors_origins` only: https://fetch.spec.whatwg.org/#http-cors-protocol"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]
EXPOSED = (
    "X-Request-Id, X-Mapped-Model, X-Gateway-Mode, X-Gateway-Lossy, X-Gateway-Affinity, X-Gateway-Path-Repaired, "
    "Request-Id, X-Token-Count, X-Account-Email, Retry-After"
)


class CrossOrigin:
    """WSGI middleware; "*" among the origins allows any (credentials are never allowed: keys come in headers)."""

    def __init__(self, inner: WSGI, origins: tuple[str, ...]) -> None:
        self._inner = inner
        self._origins = frozenset(origins)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        origin = environ.get("HTTP_ORIGIN")
        if not origin or not ("*" in self._origins or origin in self._origins):
            return self._inner(environ, start_response)
        allowed = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
            start_response(
                "204 No Content",
                [
                    *allowed,
                    ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS"),
                    ("Access-Control-Allow-Headers", "".join(each for each in wanted if each.isprintable()) or "*"),
                    ("Access-Control-Max-Age", "3600"),
                ],
            )
            return [b""]

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            exposed = ("Access-Control-Expose-Headers", EXPOSED)
            return start_response(status, [*headers, *allowed, exposed], *more)

        return self._inner(environ, started)
