"""The iterable under a response that leaves piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import ClientGone
from gateway.web.entry import Entry
from gateway.web.watch import Watch


class Stream:
    """The response iterable: closing it, however it comes about, closes the upstream and notes the record."""

    def __init__(self, first: bytes, chunks: Iterator[bytes], watching: Watch, entry: Entry) -> None:
        self._first: bytes | None = first
        self._chunks = chunks
        self._watching = watching
        self._entry = entry

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        if first is not None:
            self._entry.sent = len(first)
            return first
        try:
            chunk = next(self._chunks)
            self._entry.sent += len(chunk)
            return chunk
        except ClientGone:
            raise StopIteration from None

    def close(self) -> None:
        self._watching.stop()
        call = self._entry.call
        assert call is not None
        self._entry.gateway.running.pop(call.live, None)
        self._chunks.close()  # type: ignore[attr-defined]
        if not call.outcome.ended:
            call.outcome.ended = "cancelled"
        self._entry.close(200)
