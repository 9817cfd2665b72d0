"""A provider's stream of message events to ours (https://docs.anthropic.com/en/api/messages-streaming)."""

from __future__ import annotations

from typing import Any

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Part, Refusal, Signature, Text, Thinking, ToolCall
from gateway.protocols.anthropic.blocks_answer import input_text, read_call, read_text
from gateway.protocols.anthropic.citations import citations_of, read_citation
from gateway.protocols.anthropic.errors import fault_of
from gateway.protocols.anthropic.fields import AUTHOR
from gateway.protocols.anthropic.open_block import OpenBlock
from gateway.protocols.anthropic.stop_reasons import explanation, read_finish
from gateway.protocols.anthropic.usage import merged, read_usage
from gateway.protocols.names import NameMap
from gateway.protocols.sse import EventTooLarge, SSEReader
from gateway.protocols.wire_json import JSONDecodeError, loads_told

CUT = "the provider's answer ended before it was complete"


class AnswerReader:
    """See dialect.AnswerReader. Blocks of one index follow one another; indexes may repeat or be missing."""

    def __init__(self, names: NameMap | None = None) -> None:
        self.ending = False
        self.skipped = 0
        self._names = names
        self._sse = SSEReader()
        self._parts = OpenParts()
        self._held: dict[int, OpenBlock] = {}
        self._started = False
        self._over = False
        self._usage: dict[str, Any] = {}
        self._finish: ev.Finish | None = None
        self._calls = False
        self._taken: set[str] = set()
        self._last = -1

    def feed(self, data: bytes) -> list[ev.Event]:
        events: list[ev.Event] = []
        if self._over:
            return events
        try:
            pairs = self._sse.feed(data)
        except EventTooLarge as error:
            return self._fail(_broken(str(error)))
        for name, raw in pairs:
            self._read(name, raw, events)
        return events

    def close(self) -> list[ev.Event]:
        """Finish if a stop reason was seen, else a Failure; nothing when the answer is already over."""
        events: list[ev.Event] = []
        if not self._over:
            for name, raw in self._sse.close():
                self._read(name, raw, events)
        self._settle(events)
        return events

    def _settle(self, events: list[ev.Event]) -> None:
        if not self._over:
            events += self._end() if self._finish is not None else self._fail(_broken(CUT))

    def _read(self, name: str, raw: bytes, events: list[ev.Event]) -> None:
        if self._over:
            return
        try:
            event = loads_told(raw)
        except JSONDecodeError:
            if raw.strip() != b"[DONE]":
                self.skipped += 1
            return
        if not isinstance(event, dict):
            self.skipped += 1
            return
        kind = _word(event.get("type")) or name
        if kind == "content_block_delta":
            self._delta(event, events)
        elif kind == "error" or (event.get("error") is not None and kind not in _HANDLERS):
            events += self._fail(fault_of(event) or _broken("the provider sent an error"))
        else:
            handler = _HANDLERS.get(kind)
            if handler is not None:
                handler(self, event, events)

    def _fail(self, fault: Fault) -> list[ev.Event]:
        self._over = True
        return [ev.Failure(fault)]

    def _start(self, events: list[ev.Event]) -> None:
        if not self._started:
            self._started = True
            events.append(ev.Start())

    def _message_start(self, event: dict[str, Any], events: list[ev.Event]) -> None:
        message = event.get("message")
        if self._started or not isinstance(message, dict):
            return
        self._started = True
        events.append(ev.Start(_word(message.get("id")), _word(message.get("model"))))
        self._told_usage(message.get("usage"), events)

    def _told_usage(self, told: Any, events: list[ev.Event]) -> None:
        if isinstance(told, dict) and told:
            self._usage = merged(self._usage, told)
            events.append(ev.UsageUpdate(read_usage(self._usage)))

    def _block_start(self, event: dict[str, Any], events: list[ev.Event]) -> None:
        block = event.get("content_block")
        if not isinstance(block, dict):
            self.skipped += 1
            return
        self._start(events)
        index = event.get("index")
        index = index if type(index) is int else self._last + 1
        self._last = index
        self._stop_but_calls(index, events)
        held = self._held[index] = OpenBlock()
        match block.get("type"):
            case "text":
                events += self._parts.open(index, read_text(block))
                self._text(index, block.get("text"), events)
                held.citations += citations_of(block)
            case "thinking":
                events += self._parts.open(index, Thinking(""))
                self._thought(index, block.get("thinking"), events)
                self._signature(index, block.get("signature"), events)
            case "tool_use":
                self._calls = True
                events += self._parts.open(index, read_call(block, self._names, self._taken))
                held.start_input = block.get("input")
            case _:
                held.raw = block

    def _delta(self, event: dict[str, Any], events: list[ev.Event]) -> None:
        delta, index = event.get("delta"), event.get("index")
        if not isinstance(delta, dict):
            return
        if type(index) is not int:
            index = max(self._last, 0)
        held = self._held.get(index)
        if held is not None and held.raw is not None:
            held.grow(delta)
            return
        match delta.get("type"):
            case "text_delta":
                self._prose(index, Text, events)
                self._text(index, delta.get("text"), events)
            case "input_json_delta":
                part = self._parts.index_of(index)
                text = delta.get("partial_json")
                if isinstance(text, dict):
                    text = input_text(text)
                if part is None or not isinstance(text, str) or held is None:
                    self.skipped += 1
                elif text and isinstance(self._parts.part_of(index), ToolCall):
                    held.heard = True
                    events.append(ev.ArgumentsDelta(part, text))
            case "thinking_delta":
                self._prose(index, Thinking, events)
                self._thought(index, delta.get("thinking"), events)
            case "signature_delta":
                self._prose(index, Thinking, events)
                self._signature(index, delta.get("signature"), events)
            case "citations_delta":
                if held is not None:
                    held.citations.append(delta.get("citation"))

    def _prose(self, index: int, kind: type[Text] | type[Thinking], events: list[ev.Event]) -> None:
        """A delta for a block that is not open (its start was lost) opens one."""
        if not isinstance(self._parts.part_of(index), kind):
            self._start(events)
            self._stop_but_calls(index, events)
            self._last = max(self._last, index)
            self._held[index] = OpenBlock()
            events += self._parts.open(index, kind(""))

    def _text(self, index: int, text: Any, events: list[ev.Event]) -> None:
        part = self._parts.index_of(index)
        if part is not None and isinstance(text, str) and text:
            self._held[index].length += len(text)
            events.append(ev.TextDelta(part, text))

    def _thought(self, index: int, text: Any, events: list[ev.Event]) -> None:
        part = self._parts.index_of(index)
        if part is not None and isinstance(text, str) and text:
            events.append(ev.ThinkingDelta(part, text))

    def _signature(self, index: int, value: Any, events: list[ev.Event]) -> None:
        part = self._parts.index_of(index)
        if part is not None and isinstance(value, str) and value:
            events.append(ev.SignatureDelta(part, Signature(AUTHOR, value)))

    def _block_stop(self, event: dict[str, Any], events: list[ev.Event]) -> None:
        index = event.get("index")
        index = index if type(index) is int else self._last
        held = self._held.pop(index, None)
        if held is None:
            return
        if held.raw is not None:
            events += self._parts.whole(held.whole())
            return
        number, part = self._parts.index_of(index), self._parts.part_of(index)
        if number is None:
            return
        self._say_held(number, part, held, events)
        events += self._parts.stop(index)

    def _say_held(self, number: int, part: Part | None, held: OpenBlock, events: list[ev.Event]) -> None:
        if isinstance(part, ToolCall) and not held.heard:
            events.append(ev.ArgumentsDelta(number, input_text(held.start_input)))
        for citation in held.citations:
            annotation = read_citation(citation, held.length)
            if annotation is not None and isinstance(part, Text):
                events.append(ev.Annotation(number, annotation))

    def _message_delta(self, event: dict[str, Any], events: list[ev.Event]) -> None:
        self._start(events)
        delta = event.get("delta")
        self._told_usage(event.get("usage"), events)
        if not isinstance(delta, dict) or not isinstance(delta.get("stop_reason"), str):
            return
        self.ending = True
        self._finish = read_finish(delta["stop_reason"], delta.get("stop_sequence"))
        said = explanation(delta.get("stop_details"))
        if said:
            self._stop_all(events)
            events += self._parts.open("refusal", Refusal(""))
            events.append(ev.TextDelta(self._parts.index_of("refusal") or 0, said))

    def _message_stop(self, event: dict[str, Any], events: list[ev.Event]) -> None:
        """The end; some servers forget the stop reason before it. A block that is still open then was cut: relays that
        lost their provider close what they send properly."""
        if self._finish is None and self._last >= 0 and not self._held:
            self._finish = ev.Finish("tool_calls" if self._calls else "stop")
        if self._finish is not None or self._held:
            self._settle(events)

    def _stop_but_calls(self, index: int, events: list[ev.Event]) -> None:
        """A block begins: whatever should have stopped before it stops now. Some servers interleave calls."""
        for other in list(self._held):
            if other == index or not isinstance(self._parts.part_of(other), ToolCall):
                self._block_stop({"index": other}, events)

    def _stop_all(self, events: list[ev.Event]) -> None:
        for index in list(self._held):
            self._block_stop({"index": index}, events)
        events += self._parts.stop_all()

    def _end(self) -> list[ev.Event]:
        events: list[ev.Event] = []
        self._start(events)
        self._stop_all(events)
        self.ending = self._over = True
        assert self._finish is not None
        events.append(self._finish)
        return events


_HANDLERS = {
    "message_start": AnswerReader._message_start,
    "content_block_start": AnswerReader._block_start,
    "content_block_stop": AnswerReader._block_stop,
    "message_delta": AnswerReader._message_delta,
    "message_stop": AnswerReader._message_stop,
}


def _broken(message: str) -> Fault:
    return Fault(502, message, code="upstream_error", from_upstream=True)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
