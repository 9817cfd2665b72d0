"""What the server itself says before the application is asked: JSON in the dialect of the path, never HTML.

No byte of the request is repeated: a malformed header may be a key.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from gunicorn.http import errors

if TYPE_CHECKING:  # the master imports this file by way of the worker class and must stay small
    from gateway.canon.fault import Fault
    from gateway.protocols.dialect import Dialect
    from gateway.web.application import Application

_REQUEST_LINE = re.compile(rb"(?:\r\n)?([A-Za-z]{1,20}) (/[!-~]*)")
_PATH_SHOWN = 200

_SAID: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], int, str, str | None], ...] = (
    (TimeoutError, 408, "the request did not arrive in time; send it again without pauses", "request_timeout"),
    (errors.LimitRequestLine, 414, "the URL is too long", "uri_too_long"),
    (
        errors.LimitRequestHeaders,
        431,
        "the request headers are too large or too many; send fewer or shorter ones",
        "request_header_fields_too_large",
    ),
    (errors.ExpectationFailed, 417, "the only expectation that can be met is '100-continue'", "expectation_failed"),
    (errors.ForbiddenProxyRequest, 403, "this address may not speak the PROXY protocol here", "forbidden"),
    (errors.InvalidHTTPVersion, 400, "the request is not HTTP/1.0 or HTTP/1.1", None),
    (
        (errors.InvalidRequestLine, errors.InvalidRequestMethod),
        400,
        "the request line is not valid HTTP/1.1; is this an http:// address used as https://, or the other way round?",
        None,
    ),
    (
        (errors.InvalidHeader, errors.InvalidHeaderName, errors.ObsoleteFolding, errors.UnsupportedTransferCoding),
        400,
        "a request header is not valid: one line each as 'Name: value', one Content-Length or Transfer-Encoding: "
        "chunked but not both, no underscores in names",
        None,
    ),
    (errors.InvalidSchemeHeaders, 400, "the X-Forwarded headers contradict each other", None),
    (errors.ConfigurationProblem, 500, "the server is not configured for this path", "internal_error"),
    (errors.ParseException, 400, "the request is not valid HTTP/1.1", None),
)


def fault_of(error: BaseException) -> Fault:
    """The fault a client is told of; 500 for anything that is no complaint about its request."""
    from gateway.canon.fault import Fault

    for kind, status, message, code in _SAID:
        if isinstance(error, kind):
            return Fault(status, message, code=code)
    return Fault(500, "the gateway failed; its log has the reason", code="internal_error")


def asked(head: bytes) -> tuple[str, str]:
    """(method, path without query) as far as the beginning of a request tells; empty strings where it does not."""
    found = _REQUEST_LINE.match(head)
    if found is None:
        return "", ""
    return found[1].decode(), found[2].decode().partition("?")[0]


def dialect_of_path(path: str) -> Dialect:
    """The dialect of whoever asks at `path`."""
    from gateway.protocols import anthropic, chat, gemini

    if path.startswith("/gemini") or "/v1beta" in path or "/v1alpha" in path:
        return gemini.DIALECT
    if path.startswith("/anthropic") or "/messages" in path:
        return anthropic.DIALECT
    return chat.DIALECT


def refusal(fault: Fault, path: str, request_id: str) -> bytes:
    """The whole HTTP response, after which the connection is closed."""
    from gateway.web.faults import fault_response

    mount = "/openai" if path.startswith("/openai/") else ""
    response = fault_response(
        dialect_of_path(path), fault, request_id, [("X-Request-Id", request_id), ("Connection", "close")], mount=mount
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    return f"HTTP/1.1 {response.status}\r\n{head}\r\n".encode("latin-1") + response.get_data()


def refuse(client: Any, address: Any, error: BaseException, head: bytes, application: Application | None) -> None:
    """Answers on the bare connection and notes the record. The caller closes. Raises OSError."""
    from gateway.monitoring.record import Record
    from gateway.web.request_ids import new_request_id

    fault = fault_of(error)
    method, path = asked(head)
    request_id = new_request_id()
    if application is not None:
        record = Record(
            at=time.time(),
            id=request_id,
            method=method or "?",
            path=path[:_PATH_SHOWN] or "?",
            client=str(address[0]) if isinstance(address, tuple) else "",
            key="",
            status=fault.status,
            seconds=0.0,
            error=fault.code or type(error).__name__,
        )
        application.gateway.recorder.note(record)
    client.sendall(refusal(fault, path, request_id))
