"""Watching a stream that passes through unchanged: only the events that matter are read.

Until the first content every event is read; after it only those that hold one of the dialect's marker bytes (inside
a JSON string those bytes cannot stand unescaped, and what a marker finds is parsed before it is believed). An event
whose data is not JSON is taken out, as the readers skip it: most SDKs die of one.
"""

from __future__ import annotations

import re

from gateway.canon import events as ev
from gateway.protocols.dialect import AnswerReader, Dialect
from gateway.protocols.sse import Blocks, events_of
from gateway.protocols.wire_json import JSONDecodeError, loads

_BETWEEN = re.compile(rb"\n\n(?:event:[^\n]*\n)?data: ?")
_DONE = b"[DONE]"


class Tap:
    """`feed` gives (bytes for the client, events read on the way). Partial events are held until they are whole.

    `drop_usage` takes out the one event that carries nothing but usage (asked for by us, not by the client).
    `garbled` counts events that began as a JSON object and are none: content may be lost with them.
    """

    def __init__(self, dialect: Dialect, *, drop_usage: bool = False) -> None:
        self.reader: AnswerReader = dialect.answer_reader(None)
        self.committed = False
        self.garbled = 0
        self._blocks = Blocks()
        self._markers = dialect.markers
        self._usage_event = dialect.usage_event if drop_usage else None

    @property
    def ending(self) -> bool:
        return self.reader.ending

    def feed(self, data: bytes) -> tuple[bytes, list[ev.Event]]:
        whole = self._blocks.feed(data)
        return self._read(whole) if whole else (b"", [])

    def close(self) -> tuple[bytes, list[ev.Event]]:
        """The end of the upstream's bytes: closes with Finish, or with a Failure if the answer is not whole."""
        out: bytes = b""
        events: list[ev.Event] = []
        rest = self._blocks.close()
        if rest:
            out, events = self._read(rest.rstrip(b"\n") + b"\n\n")
        return out, [*events, *self.reader.close()]

    def _read(self, whole: bytes) -> tuple[bytes, list[ev.Event]]:
        if not _sound(whole):
            whole = self._sifted(whole)
        if self.committed:
            if not any(marker in whole for marker in self._markers):
                return whole, []
            interesting = b"".join(
                block + b"\n\n" for block in whole.split(b"\n\n") if any(m in block for m in self._markers)
            )
            events = self.reader.feed(interesting)
        else:
            events = self.reader.feed(whole)
        if self._usage_event is not None and b'"usage"' in whole:
            whole = self._without_usage(whole)
        return whole, events

    def _sifted(self, whole: bytes) -> bytes:
        """`whole` without the events whose data is not JSON."""
        kept = []
        for block in whole[:-2].split(b"\n\n"):
            for _, data in events_of(block):
                data = data.strip()
                if data not in (b"", _DONE) and not _is_json(data):
                    self.garbled += data.startswith(b"{")
                    break
            else:
                kept.append(block + b"\n\n")
        return b"".join(kept)

    def _without_usage(self, whole: bytes) -> bytes:
        is_usage = self._usage_event
        assert is_usage is not None
        blocks = whole.removesuffix(b"\n\n").split(b"\n\n")
        return b"".join(
            block + b"\n\n" for block in blocks if not any(is_usage(data) for _, data in events_of(block))
        )


def _sound(whole: bytes) -> bool:
    """Whether every event is JSON, found out in one go; False may also mean that it holds something else."""
    first, *rest = _BETWEEN.split(b"\n\n" + whole)
    return first == b"" and _is_json(b"[" + b",".join(rest) + b"]")


def _is_json(data: bytes) -> bool:
    try:
        loads(data)
    except (JSONDecodeError, RecursionError):
        return False
    return True
