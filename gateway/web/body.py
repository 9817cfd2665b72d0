"""Request bodies: read within limits, decompressed within limits, and parsed into a JSON object."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Iterator
from typing import Any

from gateway.canon.fault import Fault
from gateway.errors import BadRequest, ClientGone, GatewayError
from gateway.protocols.wire_json import JSONDecodeError, loads

_PIECE = 1024 * 1024
_CHECKED = frozenset(
    (
        *("model", "stream", "previous_response_id", "conversation", "store"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample"),
    )
)
"""Fields that decide what a key is let do."""
_LEFT = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.EBADF)


def read_object(environ: dict[str, Any], limit: int) -> tuple[bytes, dict[str, Any]]:
    """(bytes, JSON object). Raises GatewayError 400, 408, 413 or 415, ClientGone. Duplicate keys: the last one wins."""
    # A web page may send these types (or none) anywhere without asking first; JSON it may not.
    if "HTTP_ORIGIN" in environ and "json" not in environ.get("CONTENT_TYPE", "").partition(";")[0].lower():
        raise GatewayError(
            Fault(415, "send the body as 'Content-Type: application/json'", code="unsupported_media_type")
        )
    raw = _read(environ, limit)
    if not raw or raw.isspace():
        raise BadRequest("the body is empty: send a JSON object")
    try:
        body = loads(raw)
    except JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadRequest(f"the body is not valid JSON: {error.msg} at {where}") from None
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    for name in body:
        # Providers written in Go read "Model" as model, and the last of both counts (encoding/json, Unmarshal).
        if name not in _CHECKED and (meant := name.casefold()) in _CHECKED:
            raise BadRequest(f"the field {meant} is written in small letters", param=meant)
    return raw, body


def _read(environ: dict[str, Any], limit: int) -> bytes:
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "deflate"):
        raise GatewayError(Fault(415, "Content-Encoding may be gzip, deflate or absent", code="unsupported_media_type"))
    length = _length(environ)
    if length is None and not _chunked(environ):
        return b""
    if length is not None and length > limit:
        raise _too_large(limit)
    raw = _received(environ["wsgi.input"], length, limit)
    return raw if encoding in ("", "identity") else _decompressed(raw, limit)


def _length(environ: dict[str, Any]) -> int | None:
    told = environ.get("CONTENT_LENGTH")
    if not told:
        return None
    if not (told.isascii() and told.isdigit()) or len(told) > 18:
        raise BadRequest("Content-Length is not a number of bytes")
    return int(told)


def _chunked(environ: dict[str, Any]) -> bool:
    return bool(environ.get("wsgi.input_terminated")) or "HTTP_TRANSFER_ENCODING" in environ


def _received(stream: Any, length: int | None, limit: int) -> bytes:
    """All of the body. Memory is taken as bytes arrive, not as Content-Length promises."""
    pieces: list[bytes] = []
    size = 0
    wanted = length if length is not None else limit + 1
    try:
        while size < wanted and (piece := stream.read(min(_PIECE, wanted - size))):
            pieces.append(piece)
            size += len(piece)
    except TimeoutError:
        raise GatewayError(
            Fault(408, "the body did not arrive in time ([server] body_timeout_s)", code="request_timeout")
        ) from None
    except OSError as error:
        if error.errno in _LEFT:
            raise ClientGone from None
        raise BadRequest("the body ended before its last chunk") from None
    except Exception:  # each server has its own class for a chunk it cannot read
        raise BadRequest("the body's chunks are malformed") from None
    if size > limit:
        raise _too_large(limit)
    if length is not None and size < length:
        raise BadRequest("the body ended before its Content-Length")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _decompressed(raw: bytes, limit: int) -> bytes:
    """Measured first and kept only if it fits: a bomb takes the memory of one piece."""
    if sum(map(len, _inflated(raw, limit))) > limit:
        raise _too_large(limit)
    return b"".join(_inflated(raw, limit))


def _inflated(raw: bytes, limit: int) -> Iterator[bytes]:
    """The decompressed pieces, up to the first beyond `limit`. Raises BadRequest."""
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    size, rest = 0, raw
    try:
        while size <= limit and not decoder.eof:
            piece = decoder.decompress(rest, _PIECE)
            if not piece and not decoder.eof:
                raise BadRequest("the compressed body is cut short")
            size, rest = size + len(piece), decoder.unconsumed_tail
            yield piece
    except zlib.error:
        raise BadRequest("the body is not what its Content-Encoding says") from None


def _too_large(limit: int) -> GatewayError:
    megabytes = limit // (1024 * 1024)
    return GatewayError(
        Fault(413, f"the body is larger than {megabytes} MB ([server] max_body_mb)", code="request_too_large")
    )
