"""Keeps a reader's open parts: from the provider's own numbering to ours, so that no reader counts for itself."""

from __future__ import annotations

from collections.abc import Hashable

from gateway.canon import events as ev
from gateway.canon.parts import Part, Refusal, Text, Thinking, ToolCall


class OpenParts:
    """Opens, fills and closes parts; every method returns the events that follow from it.

    `key` is whatever the provider tells its pieces apart with (a block index, a tool_call index, "text").
    Opening a prose part (text, thinking, refusal) first closes the one that is open in that choice.
    """

    def __init__(self) -> None:
        self._next = 0
        self._open: dict[Hashable, tuple[int, Part, int]] = {}

    def index_of(self, key: Hashable) -> int | None:
        entry = self._open.get(key)
        return None if entry is None else entry[0]

    def part_of(self, key: Hashable) -> Part | None:
        entry = self._open.get(key)
        return None if entry is None else entry[1]

    def open(self, key: Hashable, part: Part, choice: int = 0) -> list[ev.Event]:
        """A part under a key that is still open closes that one first."""
        events = self.stop(key)
        if isinstance(part, Text | Thinking | Refusal):
            events += self.stop_prose(choice)
        index, self._next = self._next, self._next + 1
        self._open[key] = (index, part, choice)
        events.append(ev.PartStart(index, part, choice))
        return events

    def whole(self, part: Part, choice: int = 0) -> list[ev.Event]:
        """A part that comes in one piece."""
        events = self.stop_prose(choice)
        index, self._next = self._next, self._next + 1
        return [*events, ev.PartStart(index, part, choice), ev.PartStop(index)]

    def stop(self, key: Hashable) -> list[ev.Event]:
        entry = self._open.pop(key, None)
        return [] if entry is None else [ev.PartStop(entry[0])]

    def stop_prose(self, choice: int = 0) -> list[ev.Event]:
        keys = [
            key
            for key, (_, part, theirs) in self._open.items()
            if theirs == choice and isinstance(part, Text | Thinking | Refusal)
        ]
        return [event for key in keys for event in self.stop(key)]

    def stop_all(self) -> list[ev.Event]:
        return [event for key in list(self._open) for event in self.stop(key)]

    def calls_seen(self, choice: int = 0) -> bool:
        """Whether a tool call is open in this choice."""
        return any(isinstance(part, ToolCall) and theirs == choice for _, part, theirs in self._open.values())
