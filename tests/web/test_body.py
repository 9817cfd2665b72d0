from __future__ import annotations

import errno
import gzip
import io
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from gateway.errors import ClientGone, GatewayError
from gateway.web.body import read_object

LIMIT = 1024 * 1024


def environ(body: bytes | Any = b"", **more: Any) -> dict[str, Any]:
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    told = {"CONTENT_LENGTH": str(len(body))} if isinstance(body, bytes) else {}
    return {"wsgi.input": stream, **told, **more}


class Raising:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int) -> bytes:
        raise self.error


class Endless:
    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int) -> bytes:
        self.given += size
        return b" " * size


def refused(told: dict[str, Any], limit: int = LIMIT) -> tuple[int, str | None]:
    with pytest.raises(GatewayError) as caught:
        read_object(told, limit)
    return caught.value.fault.status, caught.value.fault.code


def test_an_object_and_its_bytes() -> None:
    assert read_object(environ(b' {"a": 1, "a": 2}'), LIMIT) == (b' {"a": 1, "a": 2}', {"a": 2})


@pytest.mark.parametrize("body", [b"", b"  \n", b"[]", b"null", b'"x"', b"7", b'{"a":', b"\xff\xfe", b'{"a": NaN}'])
def test_what_is_no_object_is_400(body: bytes) -> None:
    assert refused(environ(body))[0] == 400


def test_the_place_of_a_mistake_is_told() -> None:
    with pytest.raises(GatewayError, match="line 2 column"):
        read_object(environ(b'{"a": 1,\n "b" 2}'), LIMIT)


@pytest.mark.parametrize("told", ["abc", "-1", "+5", "1e3", "²", "9" * 5000, "5 5"])
def test_a_length_that_is_no_number_is_400(told: str) -> None:
    assert refused(environ(b"{}", CONTENT_LENGTH=told))[0] == 400


def test_a_length_over_the_limit_is_refused_without_reading() -> None:
    stream = Endless()
    assert refused(environ(stream, CONTENT_LENGTH=str(LIMIT + 1))) == (413, "request_too_large")
    assert stream.given == 0


def test_a_body_at_the_limit_is_read() -> None:
    body = b'{"a": 1}'.ljust(LIMIT)
    assert read_object(environ(body), LIMIT)[1] == {"a": 1}


def test_an_endless_chunked_body_is_413_soon() -> None:
    stream = Endless()
    assert refused(environ(stream, HTTP_TRANSFER_ENCODING="chunked")) == (413, "request_too_large")
    assert stream.given <= LIMIT + 1


def test_a_body_shorter_than_its_length_is_400() -> None:
    assert refused(environ(b"{}", CONTENT_LENGTH="3"))[0] == 400


def test_no_length_and_no_chunks_is_not_waited_for() -> None:
    assert refused({"wsgi.input": Raising(AssertionError())})[0] == 400


def test_a_late_body_is_408() -> None:
    assert refused(environ(Raising(TimeoutError()), CONTENT_LENGTH="5")) == (408, "request_timeout")


@pytest.mark.parametrize("error", [OSError("cut"), ValueError("bad chunk")])
def test_broken_chunks_are_400(error: Exception) -> None:
    assert refused(environ(Raising(error), HTTP_TRANSFER_ENCODING="chunked"))[0] == 400


def test_a_client_that_left_is_not_an_error_of_its_request() -> None:
    with pytest.raises(ClientGone):
        read_object(environ(Raising(OSError(errno.ECONNRESET, "reset")), CONTENT_LENGTH="5"), LIMIT)


@pytest.mark.parametrize("packed", [gzip.compress(b'{"a": 1}'), zlib.compress(b'{"a": 1}')], ids=["gzip", "deflate"])
def test_compressed_bodies(packed: bytes) -> None:
    encoding = "gzip" if packed[:2] == b"\x1f\x8b" else "deflate"
    assert read_object(environ(packed, HTTP_CONTENT_ENCODING=encoding), LIMIT)[1] == {"a": 1}


def test_compressed_bodies_that_are_not_what_they_say() -> None:
    assert refused(environ(b"{}", HTTP_CONTENT_ENCODING="gzip"))[0] == 400
    assert refused(environ(gzip.compress(b'{"a": 1}')[:-4], HTTP_CONTENT_ENCODING="gzip"))[0] == 400
    assert refused(environ(b"{}", HTTP_CONTENT_ENCODING="br")) == (415, "unsupported_media_type")


def test_a_bomb_is_413() -> None:
    assert refused(environ(gzip.compress(b" " * (4 * LIMIT)), HTTP_CONTENT_ENCODING="gzip"))[0] == 413


def test_a_bomb_takes_no_more_memory_than_a_piece() -> None:
    bomb = gzip.compress(b" " * (64 * LIMIT))
    tracemalloc.start()
    try:
        assert refused(environ(bomb, HTTP_CONTENT_ENCODING="gzip"), 48 * LIMIT)[0] == 413
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


def test_a_compressed_body_of_many_pieces_is_whole() -> None:
    text = "".join(map(str, range(600_000)))
    packed = gzip.compress(json.dumps({"a": text}).encode())
    assert read_object(environ(packed, HTTP_CONTENT_ENCODING="gzip"), 8 * LIMIT)[1] == {"a": text}


def test_other_content_types_only_where_no_browser_asks() -> None:
    assert read_object(environ(b"{}", CONTENT_TYPE="text/plain"), LIMIT)[1] == {}
    assert refused(environ(b"{}", CONTENT_TYPE="text/plain", HTTP_ORIGIN="https://a.example"))[0] == 415
