"""One streamed attempt, from the first upstream byte to the last: the two commit points live here.

Content (text, a tool call, media, or thinking shown to this client) is the first point: before it any fault raises
AttemptFailed and another account may answer invisibly. The first bytes that leave are the second: normally they are
that content, but when the upstream stays silent for `keepalive_s` a keep-alive goes out early.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.fold import unfold
from gateway.canon.parts import Media, Opaque, Refusal, Text, Thinking, ToolCall
from gateway.errors import Draining
from gateway.protocols.dialect import AnswerWriter
from gateway.protocols.sse import EventTooLarge
from gateway.relay.attempt import Attempt
from gateway.relay.conduit import Conduit, Passing, Translating
from gateway.relay.plan import AttemptFailed
from gateway.relay.whole import empty_response, is_empty, read_document_answer
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Silence, TransportFault

ENDING_GRACE_S = 2.0
"""How long an upstream that has said its finish may take to send usage and close."""


class CutAfterContent(Exception):
    """The answer broke after the client had seen content. `unsent` are bytes that are still to be sent before anything
    else; `final`: it must not go on from elsewhere (a drain)."""

    def __init__(self, fault: Fault, conduit: Conduit, unsent: bytes = b"", *, final: bool = False) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.conduit = conduit
        self.unsent = unsent
        self.final = final


class StreamPump:
    """Pumps one attempt. `writer` is the client's answer writer for this attempt (also of its keep-alives).

    `elsewhere(conduit)` says whether another account could give this answer, from its beginning or from where it is.
    """

    def __init__(self, attempt: Attempt, writer: AnswerWriter, elsewhere: Callable[[Conduit], bool]) -> None:
        self.attempt = attempt
        self.writer = writer
        self.settings = attempt.settings
        self.outcome = attempt.call.outcome
        self._elsewhere = elsewhere
        self._deadline = attempt.deadline
        self._limits = attempt.upstream.limits
        self._first_by = attempt.started + self._limits.first_content
        self._hold_until: float | None = None
        self._content = False
        self._progress = False
        self._finishes: list[ev.Finish] = []

    def run(self, exchange: Exchange) -> Iterator[bytes]:
        """Raises AttemptFailed before content, CutAfterContent after it, ClientGone, Draining."""
        kind = (exchange.headers.get("content-type") or "").lower()
        if kind.startswith("application/json"):
            return self._from_whole(exchange)
        if kind.startswith("text/html"):
            raise AttemptFailed(Fault(502, "the provider answered with a web page", code="upstream_error"))
        return self._pump(exchange)

    def _pump(self, exchange: Exchange) -> Iterator[bytes]:
        attempt, keepalive = self.attempt, self.settings.keepalive_s
        conduit: Conduit
        if attempt.native:
            conduit = Passing(attempt.dialect, drop_usage=attempt.drop_usage)
        else:
            conduit = Translating(attempt.dialect, attempt.names, self.writer)
        read, clock = exchange.read, time.monotonic
        now = last_byte = last_sent = clock()
        held: list[bytes] = []
        while True:
            wake = min(self._patience(conduit, last_byte), last_sent + keepalive)
            if held and self._hold_until is not None:
                wake = min(wake, self._hold_until)
            data: bytes | None
            try:
                data = read(max(wake - now, 0.001))
            except Silence as silence:
                data = None
                now = clock()
                if now >= self._patience(conduit, last_byte):
                    if not conduit.ending:
                        raise self._broken(silence, conduit) from None
                    data = b""
            except TransportFault as fault:
                if not conduit.ending:
                    raise self._broken(fault, conduit) from None
                data, now = b"", clock()
            else:
                now = last_byte = clock()
            if data is not None:
                out = self._pass(conduit, data, now)
                if not data:
                    yield from self._end(conduit, held, out)
                    return
                if conduit.committed:
                    if out:
                        yield out
                        last_sent = now
                elif out:
                    held.append(out)
                if now >= self._patience(conduit, last_byte) and not conduit.ending:
                    raise self._broken(Silence("its time is up"), conduit)
            if held and (self._content or self._hold_over(now)):
                yield self._commit(conduit, held)
                last_sent = now
            elif now >= last_sent + keepalive:
                yield self.writer.keepalive
                last_sent = now

    def _pass(self, conduit: Conduit, data: bytes, now: float) -> bytes:
        """What the client may have of `data` (b"": the upstream's end)."""
        try:
            out, events = conduit.feed(data) if data else conduit.close()
        except EventTooLarge as large:
            raise self._failed(Fault(502, str(large), code="upstream_error"), conduit) from None
        if events:
            self._stop_at_failure(events, conduit, data, out, now)
        if conduit.garbled:
            if self._elsewhere(conduit):
                garbled = Fault(502, "the provider sent an event that is not JSON", code="upstream_error")
                raise self._failed(garbled, conduit, out)
            more, events = conduit.tolerate()
            out += more
            self._stop_at_failure(events, conduit, data, out, now)
        return out

    def _stop_at_failure(self, events: list[ev.Event], conduit: Conduit, data: bytes, out: bytes, now: float) -> None:
        failure = self._look(events, now)
        if failure is not None:
            failure.from_upstream = failure.from_upstream or bool(data)
            raise self._failed(failure, conduit, out)

    def _look(self, events: list[ev.Event], now: float) -> Fault | None:
        """Notes what the events mean for commit, usage and finish; gives the fault of a Failure."""
        self.attempt.hear(events)
        for event in events:
            match event:
                case ev.TextDelta(text=text) | ev.ArgumentsDelta(text=text):
                    if text:
                        self._content = True
                        break
                case ev.ThinkingDelta(text=text):
                    self._progress = True
                    if text and self._hold_until is None and self.attempt.shows_thinking:
                        self._hold_until = now + self.settings.hold_thinking_s
                case ev.PartStart(part=part):
                    if isinstance(part, Thinking):
                        self._progress = True
                    elif isinstance(part, ToolCall | Media | Opaque) or (
                        isinstance(part, Text | Refusal) and part.text
                    ):
                        self._content = True
                        break
                case _:
                    pass
        for event in reversed(events):
            match event:
                case ev.Failure(fault):
                    return fault
                case ev.UsageUpdate(usage):
                    self.outcome.usage = usage
                    break
                case ev.Finish():
                    self._finishes.append(event)
                    self.outcome.finish = event.reason
                case _:
                    pass
        return None

    def _patience(self, conduit: Conduit, last_byte: float) -> float:
        """Until when the upstream may go on as it does."""
        until = min(last_byte + self._limits.idle, self._deadline)
        if conduit.ending:
            return min(until, last_byte + ENDING_GRACE_S)
        if not (self._content or self._progress):
            return min(until, self._first_by)
        return until

    def _hold_over(self, now: float) -> bool:
        """Whether thinking has been held back for long enough."""
        return self._hold_until is not None and now >= self._hold_until

    def _commit(self, conduit: Conduit, held: list[bytes]) -> bytes:
        self._content = conduit.committed = True
        self.outcome.account = self.attempt.lease.account.label
        self.outcome.first_content_s = time.monotonic() - self.attempt.call.started
        if self.attempt.call.placement is not None:
            self.attempt.call.placement.settle()
        out = b"".join(held)
        held.clear()
        return out

    def _end(self, conduit: Conduit, held: list[bytes], out: bytes) -> Iterator[bytes]:
        if not self._content and all(finish.reason in ("stop", "other") for finish in self._finishes):
            raise AttemptFailed(empty_response())
        if not conduit.committed:
            out = self._commit(conduit, [*held, out])
        if out:
            yield out

    def _from_whole(self, exchange: Exchange) -> Iterator[bytes]:
        """Some hosts answer a streamed request whole; the client still gets its stream."""
        attempt, outcome = self.attempt, self.outcome
        answer = read_document_answer(attempt, exchange)
        if is_empty(answer):
            raise AttemptFailed(empty_response())
        outcome.usage, outcome.mode = answer.usage, "translated"
        outcome.finish = answer.choices[0].finish.reason
        outcome.account = attempt.lease.account.label
        outcome.first_content_s = time.monotonic() - attempt.call.started
        yield self.writer.write(unfold(answer))

    def _broken(self, fault: TransportFault, conduit: Conduit) -> Exception:
        try:
            return self._failed(self.attempt.broken(fault).fault, conduit)
        except Draining as draining:
            if not conduit.committed:
                raise
            return CutAfterContent(draining.fault, conduit, final=True)

    def _failed(self, fault: Fault, conduit: Conduit, out: bytes = b"") -> Exception:
        if not conduit.committed:
            return AttemptFailed(fault)
        return CutAfterContent(fault, conduit, out)
