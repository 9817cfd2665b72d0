"""A provider's answer as it should have been told: its events are changed between its reader and everybody else."""

from __future__ import annotations

from collections.abc import Callable

from gateway.canon import events as ev
from gateway.protocols.dialect import AnswerReader


class Retold:
    """See dialect.AnswerReader; `tell` is given what `reader` read."""

    def __init__(self, reader: AnswerReader, tell: Callable[[list[ev.Event]], list[ev.Event]]) -> None:
        self.ending = False
        self.skipped = 0
        self._reader = reader
        self._tell = tell

    def feed(self, data: bytes) -> list[ev.Event]:
        return self._told(self._reader.feed(data))

    def close(self) -> list[ev.Event]:
        return self._told(self._reader.close())

    def _told(self, events: list[ev.Event]) -> list[ev.Event]:
        self.ending, self.skipped = self._reader.ending, self._reader.skipped
        return self._tell(events)
