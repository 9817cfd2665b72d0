"""From upstream bytes to client bytes, one conduit an attempt: translated, or passed through under a tap.

Both give what the client may be sent and the events that were read on the way, and keep the upstream's bytes so that
a broken answer can be read again from its beginning. A Failure is never among what they give the client: the relay
decides about it.
"""

from __future__ import annotations

from typing import Protocol

from gateway.canon import events as ev
from gateway.protocols.dialect import AnswerReader, AnswerWriter, Dialect
from gateway.protocols.names import NameMap
from gateway.protocols.sse import Blocks
from gateway.protocols.tap import Tap, is_garbled

MEMORY_LIMIT = 8 * 1024 * 1024


class Conduit(Protocol):
    """`committed` is set by the pump once content went to the client. `garbled` says that an event is no JSON though
    it began as an object, so that content may be missing: what `feed` gave ends before it, and `tolerate` gives what
    came after it."""

    committed: bool

    @property
    def ending(self) -> bool: ...

    @property
    def garbled(self) -> bool: ...

    def tolerate(self) -> tuple[bytes, list[ev.Event]]: ...

    def feed(self, data: bytes) -> tuple[bytes, list[ev.Event]]: ...

    def close(self) -> tuple[bytes, list[ev.Event]]: ...

    def history(self) -> list[ev.Event] | None:
        """All events so far, read anew; None when there was too much to keep."""
        ...

    def catch_up(self, writer: AnswerWriter) -> bytes:
        """After a break: `writer` stands where the client stands, and what was read but not sent is given."""
        ...


class _Memory:
    """The upstream's bytes so far, up to MEMORY_LIMIT."""

    def __init__(self, dialect: Dialect, names: NameMap | None) -> None:
        self._dialect = dialect
        self._names = names
        self._pieces: list[bytes] | None = []
        self._size = 0
        self._sound: bytes | None = None

    def keep(self, data: bytes) -> None:
        if self._pieces is not None:
            self._pieces.append(data)
            self._size += len(data)
            if self._size > MEMORY_LIMIT:
                self._pieces = None

    def end_before_garbled(self) -> bool:
        """Whether a garbled event is among the bytes; if so, `history` ends before it until `go_on`."""
        if self._pieces is None:
            return False
        blocks = Blocks()
        sound: list[bytes] = []
        for block in b"".join(blocks.feed(piece) for piece in self._pieces).split(b"\n\n"):
            if is_garbled(block):
                self._sound = b"".join(sound)
                return True
            sound.append(block + b"\n\n")
        return False

    def go_on(self) -> None:
        self._sound = None

    def history(self, count: int | None = None) -> list[ev.Event] | None:
        """The events of the first `count` pieces."""
        if self._pieces is None:
            return None
        reader = self._dialect.answer_reader(self._names)
        pieces = self._pieces[:count] if self._sound is None else [self._sound]
        return [event for piece in pieces for event in reader.feed(piece)]


class Translating:
    def __init__(self, dialect: Dialect, names: NameMap | None, writer: AnswerWriter) -> None:
        self.committed = False
        self._reader: AnswerReader = dialect.answer_reader(names)
        self._writer = writer
        self._memory = _Memory(dialect, names)
        self._given = 0
        self._later: list[ev.Event] | None = None
        self._tolerant = False

    @property
    def ending(self) -> bool:
        return self._reader.ending

    @property
    def garbled(self) -> bool:
        return self._later is not None

    def feed(self, data: bytes) -> tuple[bytes, list[ev.Event]]:
        self._memory.keep(data)
        events = self._reader.feed(data)
        if self._reader.skipped and not self._tolerant and self._memory.end_before_garbled():
            before = max(len(self._memory.history() or ()) - self._given, 0)
            events, self._later = events[:before], events[before:]
        self._given += len(events)
        return self._written(events), events

    def tolerate(self) -> tuple[bytes, list[ev.Event]]:
        self._tolerant = True
        self._memory.go_on()
        events, self._later = self._later or [], None
        return self._written(events), events

    def close(self) -> tuple[bytes, list[ev.Event]]:
        events = self._reader.close()
        return self._written(events), events

    def history(self) -> list[ev.Event] | None:
        return self._memory.history()

    def catch_up(self, writer: AnswerWriter) -> bytes:
        return b""

    def _written(self, events: list[ev.Event]) -> bytes:
        if events and isinstance(events[-1], ev.Failure):
            return self._writer.write(events[:-1])
        return self._writer.write(events) if events else b""


class Passing:
    def __init__(self, dialect: Dialect, *, drop_usage: bool) -> None:
        self._tap = Tap(dialect, drop_usage=drop_usage)
        self._memory = _Memory(dialect, None)
        self._fed = 0
        self._said = 0

    @property
    def committed(self) -> bool:
        return self._tap.committed

    @committed.setter
    def committed(self, value: bool) -> None:
        self._tap.committed = value

    @property
    def ending(self) -> bool:
        return self._tap.ending

    @property
    def garbled(self) -> bool:
        return self._tap.garbled

    def feed(self, data: bytes) -> tuple[bytes, list[ev.Event]]:
        self._memory.keep(data)
        out, events = self._tap.feed(data)
        self._fed += 1
        if self._tap.garbled:
            self._memory.end_before_garbled()
        return self._judged(out, events)

    def tolerate(self) -> tuple[bytes, list[ev.Event]]:
        self._memory.go_on()
        return self._judged(*self._tap.tolerate())

    def _judged(self, out: bytes, events: list[ev.Event]) -> tuple[bytes, list[ev.Event]]:
        if events and isinstance(events[-1], ev.Failure):
            # The upstream's own error event is among the bytes; whether the client sees one is not decided yet.
            return b"", events
        self._said = self._fed
        return out, events

    def close(self) -> tuple[bytes, list[ev.Event]]:
        out, events = self._tap.close()
        return (b"" if events and isinstance(events[-1], ev.Failure) else out), events

    def history(self) -> list[ev.Event] | None:
        return self._memory.history()

    def catch_up(self, writer: AnswerWriter) -> bytes:
        said, read = self._memory.history(self._said), self._memory.history()
        if said is None or read is None:
            return b""
        writer.write(event for event in said if not isinstance(event, ev.Finish | ev.Failure))
        return writer.write(event for event in read[len(said) :] if not isinstance(event, ev.Finish | ev.Failure))
