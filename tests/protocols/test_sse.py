from __future__ import annotations

import pytest

from gateway.protocols import sse
from gateway.protocols.sse import Blocks, EventTooLarge, SSEReader, data_event, events_of, named_event

TEXT = "Grüße, 世界 🌍 line\u2028para\u2029nel\u0085end"
PLAIN = (
    f'data: {{"a": "{TEXT}"}}\n\nevent: delta\ndata: {{"b":1}}\n\n: ping\n\ndata:no space\n\ndata: [DONE]\n\n'.encode()
)
MEANT = [("", f'{{"a": "{TEXT}"}}'.encode()), ("delta", b'{"b":1}'), ("", b"no space"), ("", b"[DONE]")]

STREAMS = {
    "lf": (PLAIN, MEANT),
    "crlf": (PLAIN.replace(b"\n", b"\r\n"), MEANT),
    "cr": (PLAIN.replace(b"\n", b"\r"), MEANT),
    "mixed": (b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r", [("", b"a\nb\nc"), ("", b"d")]),
    "bom": (b"\xef\xbb\xbf" + PLAIN, MEANT),
    "bom in the middle": (b"data: \xef\xbb\xbfa\n\n", [("", b"\xef\xbb\xbfa")]),
    "several data lines": (b"data: a\ndata:\ndata:  b\n\n", [("", b"a\n\n b")]),
    "other fields": (b"id: 7\nretry: 10\nevent: e\ndata: x\nnonsense\n\n", [("e", b"x")]),
    "event without data": (b"event: ping\n\ndata: x\n\n", [("", b"x")]),
    "data without colon": (b"data\n\n", [("", b"")]),
    "comments inside": (b": one\ndata: x\n: two\n\n", [("", b"x")]),
    "many blank lines": (b"\n\n\ndata: x\n\n\n\n\ndata: y\n\n\n", [("", b"x"), ("", b"y")]),
    "last without blank line": (b"data: x\n\ndata: y\n", [("", b"x"), ("", b"y")]),
    "last without line end": (b"data: x\n\nevent: e\ndata: y", [("", b"x"), ("e", b"y")]),
    "nothing": (b"", []),
    "only blank lines": (b"\r\n\r\n\n", []),
    "only a bom": (b"\xef\xbb\xbf", []),
    "half a bom": (b"\xef\xbb", []),
}


@pytest.mark.parametrize(("raw", "meant"), STREAMS.values(), ids=STREAMS)
def test_every_split(raw: bytes, meant: list[tuple[str, bytes]]) -> None:
    for at in range(len(raw) + 1):
        reader = SSEReader()
        assert [*reader.feed(raw[:at]), *reader.feed(raw[at:]), *reader.close()] == meant, at


@pytest.mark.parametrize(("raw", "meant"), STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_small_pieces_and_empty_ones(raw: bytes, meant: list[tuple[str, bytes]], size: int) -> None:
    reader = SSEReader()
    found = []
    for at in range(0, len(raw), size):
        found += reader.feed(raw[at : at + size])
        found += reader.feed(b"")
    assert [*found, *reader.close()] == meant


@pytest.mark.parametrize(("raw", "meant"), STREAMS.values(), ids=STREAMS)
def test_large_blocks_are_read_the_same(
    monkeypatch: pytest.MonkeyPatch, raw: bytes, meant: list[tuple[str, bytes]]
) -> None:
    monkeypatch.setattr(sse, "LARGE", -1)
    reader = SSEReader()
    assert [*reader.feed(raw), *reader.close()] == meant


def test_an_event_is_handed_over_with_its_last_byte() -> None:
    reader = SSEReader()
    assert reader.feed(b"data: x\r\n\r") == [("", b"x")]
    assert reader.feed(b"\ndata: y\n") == []
    assert reader.feed(b"\n") == [("", b"y")]


def test_ten_thousand_events_in_one_packet() -> None:
    assert len(SSEReader().feed(b"data: {}\n\n" * 10_000)) == 10_000


def test_close_gives_the_rest_once() -> None:
    reader = SSEReader()
    reader.feed(b"data: x")
    assert reader.close() == [("", b"x")] and reader.close() == []


def test_an_endless_event_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1000)
    blocks = Blocks()
    with pytest.raises(EventTooLarge):
        for _ in range(100):
            blocks.feed(b"x" * 100)


def test_what_is_written_is_read() -> None:
    assert events_of(data_event(b"{}") + named_event(b"ping", b"[]")) == [("", b"{}"), ("ping", b"[]")]
