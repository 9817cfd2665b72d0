from __future__ import annotations

import gzip
import zlib

import pytest

from gateway.upstreams.transport.coding import MAX_OUTPUT, Coding, Deflate, Gzip, coding_for
from gateway.upstreams.transport.faults import Cut, ProtocolFault

TEXT = b"data: one\n\n" * 3 + bytes(range(256))


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()


FORMS = {
    "gzip": (Gzip, gzip.compress(TEXT)),
    "two members": (Gzip, gzip.compress(TEXT[:20]) + gzip.compress(TEXT[20:])),
    "padded": (Gzip, gzip.compress(TEXT) + b"\0\0\0"),
    "deflate": (Deflate, zlib.compress(TEXT)),
    "bare deflate": (Deflate, raw_deflate(TEXT)),
}


def drain(coding: Coding, data: bytes) -> bytes:
    out = [coding.feed(data)]
    while coding.pending:
        out.append(coding.feed(b""))
    return b"".join(out)


@pytest.mark.parametrize("form", FORMS)
def test_split_anywhere(form: str) -> None:
    kind, wire = FORMS[form]
    for at in range(len(wire) + 1):
        coding = kind()
        assert drain(coding, wire[:at]) + drain(coding, wire[at:]) == TEXT, at
        coding.end()


@pytest.mark.parametrize("form", FORMS)
def test_byte_by_byte(form: str) -> None:
    kind, wire = FORMS[form]
    coding = kind()
    assert b"".join(drain(coding, wire[i : i + 1]) for i in range(len(wire))) == TEXT
    coding.end()


def test_flushed_bytes_go_out_at_once() -> None:
    made = zlib.compressobj(wbits=31)
    coding = Gzip()
    for text in (b"data: 1\n\n", b"data: 2\n\n"):
        assert coding.feed(made.compress(text) + made.flush(zlib.Z_SYNC_FLUSH)) == text


@pytest.mark.parametrize("form", ["gzip", "deflate", "bare deflate"])
def test_early_end(form: str) -> None:
    kind, wire = FORMS[form]
    for at in range(1, len(wire)):
        coding = kind()
        drain(coding, wire[:at])
        with pytest.raises(Cut):
            coding.end()


def test_damage() -> None:
    with pytest.raises(Cut):
        Gzip().feed(b"this is not gzip")
    wire = bytearray(gzip.compress(TEXT))
    wire[-6] ^= 1
    with pytest.raises(Cut):
        Gzip().feed(bytes(wire))


@pytest.mark.parametrize("size", [MAX_OUTPUT - 1, MAX_OUTPUT, MAX_OUTPUT + 1, 5 * MAX_OUTPUT])
def test_a_bomb_comes_in_bounded_pieces(size: int) -> None:
    coding = Gzip()
    pieces = [coding.feed(gzip.compress(bytes(size)))]
    while coding.pending:
        pieces.append(coding.feed(b""))
    assert sum(map(len, pieces)) == size and max(map(len, pieces)) <= MAX_OUTPUT
    coding.end()


def test_which_coding() -> None:
    assert coding_for(None) is None and coding_for("identity") is None
    assert type(coding_for("GZip")) is Gzip and type(coding_for("x-gzip")) is Gzip
    assert type(coding_for("deflate")) is Deflate
    for other in ("br", "gzip, gzip", "zstd"):
        with pytest.raises(ProtocolFault):
            coding_for(other)
