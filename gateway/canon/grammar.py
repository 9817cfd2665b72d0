"""The legal order of events, as a table tests hold every reader to.

(nothing)  Start                                  -> open
open       PartStart, deltas of open parts, PartStop, UsageUpdate -> open
open       Finish (no part of that choice open)   -> ending
ending     Finish of another choice               -> ending
any        Failure                                -> over
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.canon import events as ev
from gateway.canon.parts import Part, Refusal, Text, Thinking, ToolCall

_FITS: dict[type, tuple[type, ...]] = {
    ev.TextDelta: (Text, Refusal),
    ev.ThinkingDelta: (Thinking,),
    ev.SignatureDelta: (Thinking, ToolCall),
    ev.ArgumentsDelta: (ToolCall,),
    ev.Annotation: (Text,),
}

_NEXT: dict[str, dict[type, str]] = {
    "nothing": {ev.Start: "open", ev.Failure: "over"},
    "open": {
        **dict.fromkeys((ev.PartStart, ev.PartStop, ev.UsageUpdate, *_FITS), "open"),
        ev.Finish: "ending",
        ev.Failure: "over",
    },
    "ending": {ev.Finish: "ending", ev.Failure: "over"},
    "over": {},
}


class BadGrammar(AssertionError):
    """An event came where it may not."""


class Grammar:
    """Feeds on events and raises BadGrammar at the first that breaks the rules."""

    def __init__(self) -> None:
        self.state = "nothing"
        self._open: dict[int, tuple[Part, int]] = {}
        self._highest = -1
        self._begun: set[int] = set()
        self._finished: set[int] = set()

    def feed(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            following = _NEXT[self.state].get(type(event))
            if following is None:
                raise BadGrammar(f"{type(event).__name__} in state {self.state!r}")
            self._check(event)
            self.state = following

    def _check(self, event: ev.Event) -> None:
        match event:
            case ev.PartStart(index, part, choice):
                if index <= self._highest:
                    raise BadGrammar(f"part index {index} after {self._highest}")
                prose = (Text, Thinking, Refusal)
                if isinstance(part, prose) and any(
                    isinstance(other, prose) and theirs == choice for other, theirs in self._open.values()
                ):
                    raise BadGrammar(f"part {index} opened while another prose part is open")
                self._highest = index
                self._begun.add(choice)
                self._open[index] = (part, choice)
            case ev.PartStop(index):
                if self._open.pop(index, None) is None:
                    raise BadGrammar(f"part {index} stopped but not open")
            case ev.Finish(choice=choice):
                if choice in self._finished or any(theirs == choice for _, theirs in self._open.values()):
                    raise BadGrammar(f"choice {choice} finished twice or with a part open")
                self._finished.add(choice)
            case (
                ev.TextDelta(index=index)
                | ev.ThinkingDelta(index=index)
                | ev.SignatureDelta(index=index)
                | ev.ArgumentsDelta(index=index)
                | ev.Annotation(index=index)
            ):
                opened = self._open.get(index)
                if opened is None or not isinstance(opened[0], _FITS[type(event)]):
                    raise BadGrammar(f"{type(event).__name__} for part {index}, which is not open for it")

    def close(self) -> None:
        """The stream is over: it must have ended in a Finish for every choice, or in a Failure."""
        if self.state not in ("ending", "over"):
            raise BadGrammar(f"stream ended in state {self.state!r}")
        if self.state == "ending" and self._begun - self._finished:
            raise BadGrammar(f"choices {sorted(self._begun - self._finished)} never finished")


def check(events: Iterable[ev.Event]) -> None:
    """Raises BadGrammar unless `events` is one complete legal answer."""
    grammar = Grammar()
    grammar.feed(events)
    grammar.close()
