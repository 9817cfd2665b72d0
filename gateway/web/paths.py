"""The path doctor: base URLs that clients stack or cut short, led back to the route that was meant.

Clients append to whatever base they were given: an endpoint given as base makes `/v1/chat/completions/responses`
(Kilo Code), a doubled version `/v1/v1/...`, a root base `/chat/completions`. A path whose segments are nothing but
version and endpoint words, one after the other, means its last version and its last endpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger("dragoman")

VERSIONS = ("v1", "v1beta", "v1alpha")
MOUNTS = ("openai", "anthropic", "gemini")
ENDPOINTS: tuple[tuple[str, ...], ...] = (
    ("chat", "completions"),
    ("messages", "count_tokens"),
    ("completions",),
    ("responses",),
    ("embeddings",),
    ("messages",),
    ("models",),
)
OPEN_ENDED = ("models", "responses")
"""Endpoints that segments of the caller's own may follow: a model's name, a response's id."""

HOT = frozenset(
    ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings", "/healthz")
)

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


def repaired(path: str) -> str | None:
    """The canonical path that was meant; `path` itself when it is canonical; None when nobody can tell."""
    segments = [segment for segment in path.split("/") if segment]
    if any(segment in ("..", ".") for segment in segments):
        return None
    prefix: list[str] = []
    if segments and segments[0] in MOUNTS:
        prefix, segments = segments[:1], segments[1:]
    elif len(segments) > 2 and segments[0] == "agents":
        prefix, segments = segments[:2], segments[2:]
    version, rest = "", segments
    endpoint: tuple[str, ...] = ()
    while rest:
        if rest[0] in VERSIONS:
            version, rest = rest[0], rest[1:]
            continue
        found = next((words for words in ENDPOINTS if tuple(rest[: len(words)]) == words), None)
        if found is None:
            break
        endpoint, rest = found, rest[len(found) :]
        if endpoint[0] == "models":
            break
    if not endpoint or (rest and endpoint[0] not in OPEN_ENDED):
        plain = "/" + "/".join(segment for segment in path.split("/") if segment)
        return plain if plain != path and path != "/" else None
    if endpoint != ("models",):
        version = "v1"
    elif not version:
        version = "v1beta" if (rest and ":" in rest[-1]) or prefix == ["gemini"] else "v1"
    return "/" + "/".join([*prefix, version, *endpoint, *rest])


class PathDoctor:
    """WSGI middleware. With `repair` off, the route that was meant is only told (environ "dragoman.meant")."""

    def __init__(self, inner: WSGI, *, repair: bool) -> None:
        self._inner = inner
        self._repair = repair
        self._said: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in HOT:
            return self._inner(environ, start_response)
        meant = repaired(path)
        if meant is None or meant == path:
            return self._inner(environ, start_response)
        if not self._repair:
            environ["dragoman.meant"] = meant
            return self._inner(environ, start_response)
        self._say(path, meant)
        environ["PATH_INFO"] = meant
        environ["dragoman.repaired"] = meant

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told = meant if meant.isascii() and meant.isprintable() else "yes"
            return start_response(status, [*headers, ("X-Gateway-Path-Repaired", told)], *more)

        return self._inner(environ, started)

    def _say(self, path: str, meant: str) -> None:
        if len(self._said) < 1000 and path not in self._said:
            self._said.add(path)
            log.info("path %r was taken as %r: correct the client's base URL", path[:200], meant[:200])
