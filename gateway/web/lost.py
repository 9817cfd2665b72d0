"""Answers for requests no route takes: native, and with a sentence that helps."""

from __future__ import annotations

import difflib
import re
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from gateway.canon.fault import Fault
from gateway.web.paths import MOUNTS

NOT_OFFERED = {
    "images": "images are answered inside chat: ask an image model on /v1/chat/completions or :generateContent",
    "audio": "audio goes in as message parts (input_audio) on /v1/chat/completions",
    "files": "send files inside messages, as base64 data or a URL",
    "uploads": "send files inside messages, as base64 data or a URL",
    "fine_tuning": "fine-tune at the provider and serve the model's name here",
    "assistants": "use /v1/responses or /v1/chat/completions",
    "threads": "use /v1/responses or /v1/chat/completions",
    "realtime": "use /v1/responses or /v1/chat/completions with stream: true",
    "batches": "send the requests one by one",
    "moderations": "ask the provider itself",
    "conversations": "chain responses with previous_response_id on /v1/responses",
    "cachedContents": "send the content with every request; providers cache what requests begin with by themselves",
    "vector_stores": "use /v1/embeddings with a store of your own",
}


NOBODYS = ("/admin", "/api/event_logging", "/v1/api/event_logging")
"""Routes that nobody looks for by a path of their own."""
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
"""A part of a route that is the caller's own, as werkzeug writes it."""


def lost(app: Flask, error: HTTPException) -> Fault:
    """The fault for a 404, 405 or any other HTTP error Flask raises by itself."""
    environ = request.environ
    if error.code == 404:
        return Fault(404, _not_found(app, environ), code="unknown_url")
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return Fault(
            405,
            f"{request.method} is not allowed at {request.path[:200]}; it takes {allowed}",
            code="method_not_allowed",
        )
    return Fault(error.code or 500, error.description or "the request could not be handled")


def _not_found(app: Flask, environ: dict[str, Any]) -> str:
    path = request.path[:200]
    if path == "/":
        here = request.host_url.rstrip("/")
        told = f"this is Dragoman. Base URLs: {here}/v1 for OpenAI clients, {here} for Anthropic and Gemini clients"
        return f"{told}; for eyes there is {here}/admin."
    meant = environ.get("dragoman.meant")
    if meant:
        return meant_instead(path, meant)
    for word, instead in NOT_OFFERED.items():
        if f"/{word}" in path:
            return f"{path} is not offered by this gateway; {instead}."
    known = sorted({rule.rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(NOBODYS)})
    near = difflib.get_close_matches(path, known, n=3, cutoff=0.4) or ["/v1/chat/completions", "/v1/messages"]
    said = _VARIABLE.sub(r"{\1}", ", ".join(near))
    return f"there is nothing at {request.method} {path}. The nearest routes: {said}."


def meant_instead(path: str, meant: str) -> str:
    """What is told of a wrong base URL while paths are not repaired."""
    return f"there is nothing at {path[:200]}. You probably mean {meant}{base_url_hint(meant)}"


def base_url_hint(meant: str) -> str:
    """Which base URL makes a client arrive at `meant`; "" for paths no client builds from a base."""
    first, _, rest = meant.lstrip("/").partition("/")
    mount = f"/{first}" if first in MOUNTS else f"/{first}/{rest.partition('/')[0]}" if first == "agents" else ""
    base = f": set the client's base URL to {request.host_url.rstrip('/')}{mount}"
    if "/messages" in meant or "/v1beta" in meant or "/v1alpha" in meant:
        return base
    return f"{base}/v1" if "/v1/" in meant else ""
