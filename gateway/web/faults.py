"""Faults as HTTP responses, in the client's dialect."""

from __future__ import annotations

import math

from flask import Response

from gateway.canon.fault import Fault
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import dumps, loads


def fault_response(
    dialect: Dialect, fault: Fault, request_id: str, headers: list[tuple[str, str]], *, mount: str = ""
) -> Response:
    """On /openai the document is also an RFC 7807 problem that keeps OpenAI's `error` member."""
    headers = [*headers]
    if fault.retry_after is not None and fault.status in (429, 503, 529):
        headers.append(("Retry-After", str(max(math.ceil(fault.retry_after), 1))))
    body = dialect.write_error(fault, request_id)
    content_type = "application/json"
    if mount == "/openai":
        body, content_type = _problem(body, fault), "application/problem+json"
    return Response(body, fault.status, headers, content_type=content_type)


def _problem(body: bytes, fault: Fault) -> bytes:
    document = loads(body)
    code = (fault.code or "error").replace("_", "-")
    return dumps(
        {
            "type": f"urn:dragoman:problem:{code}",
            "title": code.replace("-", " "),
            "status": fault.status,
            "detail": fault.message,
            **document,
        }
    )
