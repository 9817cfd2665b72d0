"""Going on after a cut. Verified: the request is made again elsewhere, and only if the new text begins with exactly
what the client has, the stream goes on from there. Carried on (`resume = "continue"`): a model that goes on from a
trailing assistant message is asked to do that with what the client has; if it will not, it is asked to verify.

Possible while plain text is open and nothing else (no tool call, no media) was sent. The new answer's thinking is not
shown a second time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.fold import unfold
from gateway.canon.parts import Text, Thinking
from gateway.errors import BadRequest
from gateway.protocols.dialect import AnswerReader, AnswerWriter
from gateway.protocols.sse import EventTooLarge
from gateway.relay.attempt import Attempt
from gateway.relay.conduit import Conduit
from gateway.relay.plan import AttemptFailed
from gateway.relay.stream import ENDING_GRACE_S
from gateway.relay.whole import read_document_answer
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Silence, TransportFault

SHORTEST = 24
"""Characters of text from which a model is asked to carry on. A new answer that begins with as many of the old one's is
taken for that answer told again."""


def open_text(conduit: Conduit) -> tuple[int, str] | None:
    """(index, text) of the text part that is open, if only text and thinking came before; else None."""
    texts: dict[int, list[str]] = {}
    opened: int | None = None
    for event in conduit.history() or ():
        match event:
            case ev.PartStart(index, part):
                if texts or not isinstance(part, Text | Thinking):
                    return None
                if isinstance(part, Text):
                    texts[index] = [part.text]
                    opened = index
            case ev.TextDelta(index, text) if index in texts:
                texts[index].append(text)
            case ev.PartStop(index) if index == opened:
                opened = None
            case _:
                pass
    return None if opened is None else (opened, "".join(texts[opened]))


class Resume:
    """Goes on from `text`, all that was sent of part `index`, with `writer`, which stands where the client stands.

    `went_on` once bytes of a new answer have left: from then on there is no other try.
    """

    def __init__(self, writer: AnswerWriter, index: int, text: str, keepalive_s: float, carry_on: bool) -> None:
        self.went_on = False
        self._carry_on = carry_on and len(text) >= SHORTEST
        self._writer = writer
        self._index = index
        self._text = text
        self._keepalive_s = keepalive_s

    def run(self, attempt: Attempt) -> Iterator[bytes]:
        """The rest of the answer. Raises AttemptFailed when this one cannot go on from what was sent, ClientGone,
        Draining."""
        exchange = self._carried_on(attempt) if self._carry_on and attempt.profile.carries_on else None
        rest = _Rest(self._index, self._text, carried_on=exchange is not None)
        exchange = exchange or attempt.open()
        outcome = attempt.call.outcome
        for events in self._events(attempt, exchange):
            if events is None:
                yield self._writer.keepalive
                continue
            attempt.hear(events)
            for event in events:
                match event:
                    case ev.Failure(fault):
                        raise AttemptFailed(fault)
                    case ev.UsageUpdate(usage):
                        outcome.usage = usage
                    case ev.Finish(reason):
                        outcome.finish = reason
                    case _:
                        pass
            out = self._writer.write(rest.after(events))
            if out:
                self.went_on = True
                yield out
        if not rest.matched:
            raise AttemptFailed(_mismatch())

    def _carried_on(self, attempt: Attempt) -> Exchange | None:
        """None when the provider will not take the request that ends with the text."""
        try:
            # Anthropic refuses a last assistant message that ends with white space.
            return attempt.carry_on(self._text.rstrip())
        except BadRequest:
            return None
        except AttemptFailed as failure:
            if failure.fault.status not in (400, 422):
                raise
            return None

    def _events(self, attempt: Attempt, exchange: Exchange) -> Iterator[list[ev.Event] | None]:
        """The new answer's events as they come; None where a keep-alive is due."""
        if (exchange.headers.get("content-type") or "").lower().startswith("application/json"):
            yield unfold(read_document_answer(attempt, exchange))
            return
        reader, limits = attempt.dialect.answer_reader(attempt.names), attempt.upstream.limits
        last_sent = time.monotonic()
        until = first_by = attempt.started + limits.first_content
        begun = False
        while True:
            until = min(until, attempt.deadline)
            try:
                data = exchange.read(max(min(until, last_sent + self._keepalive_s) - time.monotonic(), 0.001))
            except Silence as silence:
                if time.monotonic() < until:
                    last_sent = time.monotonic()
                    yield None
                    continue
                if not reader.ending:
                    raise attempt.broken(silence) from None
                data = b""
            except TransportFault as fault:
                if not reader.ending:
                    raise attempt.broken(fault) from None
                data = b""
            now = last_sent = time.monotonic()
            events = _read(reader, data)
            if events:
                yield events
            if not data:
                return
            begun = begun or any(isinstance(event, ev.TextDelta | ev.ThinkingDelta) for event in events)
            if reader.ending:
                until = now + ENDING_GRACE_S
            else:
                until = now + limits.idle if begun else first_by


def _read(reader: AnswerReader, data: bytes) -> list[ev.Event]:
    try:
        return reader.feed(data) if data else reader.close()
    except EventTooLarge as large:
        raise AttemptFailed(Fault(502, str(large), code="upstream_error")) from None


class _Rest:
    """What of a new answer comes after the text that was sent, under part numbers that go on from the client's.

    `carried_on` says that the answer was asked to begin there; it may have begun anew all the same.
    """

    def __init__(self, index: int, text: str, *, carried_on: bool = False) -> None:
        self.matched = False
        self._index = index
        self._text = text
        self._carried_on = carried_on
        self._ahead = len(text)
        self._mine: int | None = None
        self._seen = ""
        self._pending: list[ev.Event] = []
        self._skipped: set[int] = set()

    def after(self, events: list[ev.Event]) -> list[ev.Event]:
        """Nothing until all of the sent text has come again, or it is clear that the answer goes on from there. Raises
        AttemptFailed as soon as it does neither."""
        if self.matched:
            return self._renumbered(events)
        self._pending += events
        if not any(self._clear(event) for event in events):
            return []
        self.matched = True
        rest = self._renumbered(self._pending)
        return rest if self._mine is not None else [ev.PartStop(self._index), *rest]

    def _clear(self, event: ev.Event) -> bool:
        """Whether with this event it is clear from where the answer goes on."""
        match event:
            case ev.PartStart(index, Text(text)) if self._mine is None:
                self._mine = index
                self._seen = text
            case ev.TextDelta(index, text) if index == self._mine:
                self._seen += text
            case ev.PartStart(_, part) if not isinstance(part, Thinking):
                return self._differs()
            case ev.Finish() if self._carried_on:
                return self._differs()
            case _:
                return False
        if _alike(self._seen, self._text) < min(len(self._seen), len(self._text)):
            return self._differs()
        return len(self._seen) >= len(self._text)

    def _differs(self) -> bool:
        """True where the answer is not the old one told again because it goes on from it."""
        if not self._carried_on or _alike(self._seen, self._text) >= SHORTEST:
            raise AttemptFailed(_mismatch())
        # The white space that ends the sent text was kept from the provider, which may say it (again).
        unasked = self._text[len(self._text.rstrip()) :]
        self._ahead = _alike(self._seen, unasked)
        return True

    def _renumbered(self, events: list[ev.Event]) -> list[ev.Event]:
        rest: list[ev.Event] = []
        for event in events:
            match event:
                case ev.Start():
                    pass
                case ev.PartStart(index, part):
                    if isinstance(part, Thinking):
                        self._skipped.add(index)
                    elif index != self._mine:
                        rest.append(ev.PartStart(self._number(index), part, event.choice))
                    elif isinstance(part, Text) and part.text:
                        rest += self._new_text(part.text, None)
                case ev.TextDelta(index, text) if index == self._mine:
                    rest += self._new_text(text, event.logprobs)
                case ev.TextDelta(index, text):
                    rest.append(ev.TextDelta(self._number(index), text, event.logprobs))
                case ev.ThinkingDelta(index) | ev.SignatureDelta(index) | ev.PartStop(index) if index in self._skipped:
                    pass
                case ev.ArgumentsDelta(index, text):
                    rest.append(ev.ArgumentsDelta(self._number(index), text))
                case ev.SignatureDelta(index, signature):
                    rest.append(ev.SignatureDelta(self._number(index), signature))
                case ev.Annotation(index, annotation):
                    rest.append(ev.Annotation(self._number(index), annotation))
                case ev.PartStop(index):
                    rest.append(ev.PartStop(self._number(index)))
                case _:
                    rest.append(event)
        return rest

    def _new_text(self, text: str, logprobs: list[dict[str, Any]] | None) -> list[ev.Event]:
        cut = min(len(text), self._ahead)
        self._ahead -= cut
        return [ev.TextDelta(self._index, text[cut:], logprobs)] if text[cut:] else []

    def _number(self, index: int) -> int:
        return self._index if index == self._mine else self._index + 1 + index


def _alike(one: str, other: str) -> int:
    """How many characters the two have in common from their beginning."""
    shared = min(len(one), len(other))
    if one[:shared] == other[:shared]:
        return shared
    return next(at for at in range(shared) if one[at] != other[at])


def _mismatch() -> Fault:
    return Fault(502, "another answer did not begin with what was sent", code="upstream_error")
