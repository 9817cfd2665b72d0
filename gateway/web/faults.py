"""Faults as HTTP responses, in the client's dialect."""

from __future__ import annotations

import math
from dataclasses import replace
from http import HTTPStatus

from flask import Response

from gateway.canon.fault import Fault
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import dumps, loads

OWN_STATUSES = {"anthropic": (529,)}
"""Statuses beyond HTTP's that a protocol's clients know. https://docs.anthropic.com/en/api/errors"""
_REGISTERED = frozenset(HTTPStatus)
PROBLEMS = "https://api.clinvk.dev/errors/"
"""Type URIs under /openai/v1 are those that clients of clinvoker know; they are names, nothing is fetched there."""


def fault_response(
    dialect: Dialect, fault: Fault, request_id: str, headers: list[tuple[str, str]], *, mount: str = ""
) -> Response:
    """On /openai the document is also an RFC 7807 problem that keeps OpenAI's `error` member."""
    fault, headers = _spoken(dialect, fault), [*headers]
    if fault.retry_after is not None and (fault.status in (404, 429) or fault.status >= 500):
        headers.append(("Retry-After", str(max(math.ceil(fault.retry_after), 1))))
    body = dialect.write_error(fault, request_id)
    content_type = "application/json"
    if mount == "/openai":
        body, content_type = _problem(body, fault), "application/problem+json"
    return Response(body, fault.status, headers, content_type=content_type)


def _spoken(dialect: Dialect, fault: Fault) -> Fault:
    """A status outside HTTP's registry only for clients that know it; others may take it for anything."""
    if fault.status < 500 or fault.status in _REGISTERED or fault.status in OWN_STATUSES.get(dialect.name, ()):
        return fault
    return replace(fault, status=503)


def _problem(body: bytes, fault: Fault) -> bytes:
    document = loads(body)
    code = (fault.code or _phrase(fault.status)).replace("_", "-")
    title = " ".join(word.capitalize() for word in code.split("-"))
    return dumps(
        {
            "type": PROBLEMS + code,
            "title": title,
            "status": fault.status,
            "detail": fault.message,
            **document,
        }
    )


def _phrase(status: int) -> str:
    """HTTP's own word for a status, for faults without a code: "bad_request"."""
    return HTTPStatus(status).phrase.lower().replace(" ", "_") if status in _REGISTERED else "error"
