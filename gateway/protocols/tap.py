"""Watching a stream that passes through unchanged: only the events that matter are read.

Until the first content every event is read; after it only those that hold one of the dialect's marker bytes (inside
a JSON string those bytes cannot stand unescaped, and what a marker finds is parsed before it is believed). An event
whose data is not JSON is taken out, as the readers skip it: most SDKs die of one.
"""

from __future__ import annotations

import re

from gateway.canon import events as ev
from gateway.protocols.dialect import AnswerReader, Dialect
from gateway.protocols.sse import LARGE, Blocks, events_of, places_of
from gateway.protocols.wire_json import AT_ONCE, JSONDecodeError, loads_told

_BETWEEN = re.compile(rb"\n\n(?:event:[^\n]*\n)?data: ?")
_DONE = b"[DONE]"
_LAST = b"data: [DONE]\n\n"
_GLANCE = 1024
"""Bytes of a stream's beginning that are read before it is asked again whether its text has begun."""


class Tap:
    """`feed` gives (bytes for the client, events read on the way). Partial events are held until they are whole.

    `drop_usage` takes out the one event that carries nothing but usage (asked for by us, not by the client).
    `garbled` says that an event began as a JSON object and is none, so that content may be lost with it: what `feed`
    gave ends before it, and `tolerate` gives what came after it. From then on such events are silently left out.
    """

    def __init__(self, dialect: Dialect, *, drop_usage: bool = False) -> None:
        self.reader: AnswerReader = dialect.answer_reader(None)
        self.committed = False
        self.garbled = False
        self._tolerant = False
        self._later = b""
        self._blocks = Blocks()
        self._markers = dialect.markers
        self._end = dialect.end
        self._usage_event = dialect.usage_event if drop_usage else None

    @property
    def ending(self) -> bool:
        return self.reader.ending

    def feed(self, data: bytes) -> tuple[bytes, list[ev.Event]]:
        whole = self._blocks.feed(data)
        return self._read(whole) if whole else (b"", [])

    def tolerate(self) -> tuple[bytes, list[ev.Event]]:
        self.garbled, self._tolerant = False, True
        later, self._later = self._later, b""
        return self._read(later) if later else (b"", [])

    def close(self) -> tuple[bytes, list[ev.Event]]:
        """The end of the upstream's bytes: closes with Finish, or with a Failure if the answer is not whole. A finish
        that was not followed by the dialect's end mark gets it."""
        out: bytes = b""
        events: list[ev.Event] = []
        self._tolerant = True
        rest = self._blocks.close()
        if rest:
            out, events = self._read(rest.rstrip(b"\n") + b"\n\n")
        closing = self.reader.close()
        if closing and isinstance(closing[-1], ev.Finish):
            out += self._end
        return out, [*events, *closing]

    def _read(self, whole: bytes) -> tuple[bytes, list[ev.Event]]:
        if not _sound(whole):
            whole = self._sifted(whole)
            if not whole:
                return b"", []
        if self.committed:
            interesting = self._interesting(whole)
            if not interesting:
                return whole, []
            events = self.reader.feed(interesting)
        else:
            events = self._opening(whole)
        if self._usage_event is not None and b'"usage"' in whole:
            whole = self._without_usage(whole)
        return whole, events

    def _opening(self, whole: bytes) -> list[ev.Event]:
        """Every event up to the first text, then the interesting ones: as if that text had come by itself."""
        events: list[ev.Event] = []
        at = 0
        while at < len(whole):
            found = whole.find(b"\n\n", at + _GLANCE)
            end = found + 2 if found >= 0 else len(whole)
            events += self.reader.feed(whole[at:end])
            at = end
            if any(isinstance(event, ev.TextDelta) and event.text for event in events):
                interesting = self._interesting(whole[at:])
                return [*events, *self.reader.feed(interesting)] if interesting else events
        return events

    def _interesting(self, whole: bytes) -> bytes:
        """The events that hold a marker."""
        places: set[tuple[int, int]] = set()
        for marker in self._markers:
            at = whole.find(marker)
            while at >= 0:
                before = whole.rfind(b"\n\n", 0, at)
                end = whole.find(b"\n\n", at) + 2
                places.add((before + 2 if before >= 0 else 0, end))
                at = whole.find(marker, end)
        return b"".join(whole[start:end] for start, end in sorted(places))

    def _sifted(self, whole: bytes) -> bytes:
        """`whole` without the events whose data is not JSON; its part before a garbled one where that matters."""
        kept = []
        blocks = whole[:-2].split(b"\n\n")
        for number, block in enumerate(blocks):
            if is_garbled(block) and not self._tolerant:
                self.garbled = True
                self._later = b"".join(each + b"\n\n" for each in blocks[number + 1 :])
                break
            if all(data.strip() in (b"", _DONE) or _is_json(data) for _, data in events_of(block)):
                kept.append(block + b"\n\n")
        return b"".join(kept)

    def _without_usage(self, whole: bytes) -> bytes:
        is_usage = self._usage_event
        assert is_usage is not None
        blocks = whole.removesuffix(b"\n\n").split(b"\n\n")
        return b"".join(block + b"\n\n" for block in blocks if not any(is_usage(data) for _, data in events_of(block)))


def is_garbled(block: bytes) -> bool:
    """Whether an event's data begins as a JSON object and is none."""
    return any(data.lstrip().startswith(b"{") and not _is_json(data) for _, data in events_of(block))


def _sound(whole: bytes) -> bool:
    """Whether every event is JSON, found out in one go; False may also mean that it holds something else."""
    if whole.endswith(_LAST):
        whole = whole[: -len(_LAST)]
        if not whole:
            return True
    if len(whole) > LARGE:
        places = places_of(whole)
        with memoryview(whole) as view:
            return places is not None and all(_is_json(view[start:end]) for _, start, end in places)
    first, *rest = _BETWEEN.split(b"\n\n" + whole)
    return first == b"" and all(
        _is_json(b"[" + b",".join(rest[start : start + AT_ONCE]) + b"]") for start in range(0, len(rest), AT_ONCE)
    )


def _is_json(data: bytes | memoryview) -> bool:
    try:
        loads_told(data)
    except (JSONDecodeError, RecursionError):
        return False
    return True
