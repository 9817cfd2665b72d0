"""Response headers the gateway adds, safe for WSGI whatever a model or account is called."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from gateway.relay.call import Outcome

SSE_HEADERS = (("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"))
LOSSY_LIMIT = 1000


def header_safe(value: str) -> str:
    """Printable ASCII; anything else (a newline, another alphabet) is percent-encoded."""
    if value.isascii() and value.isprintable():
        return value
    return quote(value, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def masked(label: str) -> str:
    """The first three characters of the local part and the first two of the domain."""
    local, at, domain = label.partition("@")
    return f"{local[:3]}***{at}{domain[:2]}***" if at else f"{local[:3]}***"


def with_request_id(response: Response) -> Response:
    """Anthropic's SDKs look for the request's id under its own name; a provider's that came along stays."""
    headers = response.headers
    if "request-id" not in headers:
        headers.add("request-id", headers.get("X-Request-Id", ""))
    return response


def outcome_headers(outcome: Outcome, request_id: str, account_header: str) -> list[tuple[str, str]]:
    """What the answer's headers tell, as far as it is known: request id, model, mode, account, affinity, losses."""
    headers = [("X-Request-Id", request_id)]
    passed = outcome.response_headers
    if passed:
        headers += [(name, header_safe(value)) for name, value in passed.items()]
    if outcome.mapped_model:
        headers.append(("X-Mapped-Model", header_safe(outcome.mapped_model)))
    if outcome.mode:
        headers.append(("X-Gateway-Mode", outcome.mode))
    if outcome.account and account_header != "off":
        label = outcome.account if account_header == "full" else masked(outcome.account)
        headers.append(("X-Account-Email", header_safe(label)))
    if outcome.affinity:
        headers.append(("X-Gateway-Affinity", outcome.affinity))
    if outcome.losses:
        told = ", ".join(sorted({loss.path for loss in outcome.losses}))
        headers.append(("X-Gateway-Lossy", header_safe(told)[:LOSSY_LIMIT]))
    return headers
