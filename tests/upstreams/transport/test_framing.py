from __future__ import annotations

import pytest

from gateway.upstreams.transport.faults import Cut, ProtocolFault
from gateway.upstreams.transport.framing import Chunked, Empty, Framing, Length, UntilClose, framing_for
from gateway.upstreams.transport.head import Head

WIRE = b'5\r\nhello\r\n1;name="v"\r\n \r\nA \r\n0123456789\r\n0\r\nX-T: 1\r\nY: 2\r\n\r\n'
BODY = b"hello 0123456789"


def feed(framing: Framing, *pieces: bytes) -> bytes:
    return b"".join(framing.feed(piece) for piece in pieces)


def test_chunked_whole() -> None:
    framing = Chunked()
    assert framing.feed(WIRE) == BODY
    assert framing.done and not framing.surplus


@pytest.mark.parametrize("at", range(1, len(WIRE)))
def test_chunked_split_anywhere(at: int) -> None:
    framing = Chunked()
    assert feed(framing, WIRE[:at]) + feed(framing, WIRE[at:]) == BODY
    assert framing.done and not framing.surplus


def test_chunked_byte_by_byte_gives_each_byte_at_once() -> None:
    framing = Chunked()
    pieces = [framing.feed(WIRE[i : i + 1]) for i in range(len(WIRE))]
    assert b"".join(pieces) == BODY and max(map(len, pieces)) == 1
    assert framing.done


def test_chunked_part_of_a_chunk_is_not_held_back() -> None:
    framing = Chunked()
    assert framing.feed(b"a\r\n012") == b"012"
    assert framing.feed(b"345") == b"345"


@pytest.mark.parametrize(
    "wire",
    [
        b"x\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n",
        b"5\nhello\r\n",
        b"\r\n",
        b"5\r\nhelloX\r\n",
        b"5\r\nhello\nX",
        b"1234567890abcdef0\r\n",
        b"5" + b" " * 5000,
    ],
)
def test_chunked_broken(wire: bytes) -> None:
    with pytest.raises(Cut):
        feed(Chunked(), wire)


@pytest.mark.parametrize("at", range(len(WIRE)))
def test_chunked_end_of_connection_anywhere_is_a_cut(at: int) -> None:
    framing = Chunked()
    framing.feed(WIRE[:at])
    with pytest.raises(Cut):
        framing.eof()


def test_chunked_bytes_after_the_end_are_surplus() -> None:
    framing = Chunked()
    assert feed(framing, WIRE + b"H") == BODY
    assert framing.surplus


@pytest.mark.parametrize("trailers", [b"X: y\r\n" * 300, b"X: " + b"y" * 70000 + b"\r\n", b"X" * 70000])
def test_chunked_endless_trailers(trailers: bytes) -> None:
    with pytest.raises(Cut):
        feed(Chunked(), b"0\r\n", trailers)


def test_length() -> None:
    framing = Length(5)
    assert feed(framing, b"he", b"llo") == b"hello"
    assert framing.done and not framing.surplus
    framing.eof()


def test_length_short_and_long() -> None:
    framing = Length(5)
    framing.feed(b"hell")
    with pytest.raises(Cut):
        framing.eof()
    assert framing.feed(b"oHTTP/1.1") == b"o"
    assert framing.done and framing.surplus


def head(status: int = 200, minor: int = 1, **fields: str) -> Head:
    return Head(minor, status, "", {name.replace("_", "-"): value for name, value in fields.items()})


@pytest.mark.parametrize(
    ("method", "answer", "kind"),
    [
        ("POST", head(content_length="5"), Length),
        ("POST", head(content_length="5, 5"), Length),
        ("POST", head(content_length="0"), Empty),
        ("POST", head(transfer_encoding="Chunked"), Chunked),
        ("POST", head(), UntilClose),
        ("POST", head(minor=0), UntilClose),
        ("HEAD", head(content_length="5"), Empty),
        ("HEAD", head(transfer_encoding="chunked"), Empty),
        ("POST", head(204), Empty),
        ("POST", head(304, content_length="5"), Empty),
    ],
)
def test_which_framing(method: str, answer: Head, kind: type) -> None:
    assert type(framing_for(method, answer)) is kind


@pytest.mark.parametrize(
    "answer",
    [
        head(content_length="5", transfer_encoding="chunked"),
        head(content_length="5, 6"),
        head(content_length="-5"),
        head(content_length="5a"),
        head(content_length="\xb2"),
        head(content_length=""),
        head(transfer_encoding="gzip, chunked"),
        head(transfer_encoding="identity"),
        head(minor=0, transfer_encoding="chunked"),
    ],
)
def test_contradictions(answer: Head) -> None:
    with pytest.raises(ProtocolFault):
        framing_for("POST", answer)
