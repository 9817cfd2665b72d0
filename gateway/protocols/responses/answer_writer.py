"""Events to a Responses stream, event for event as the API sends it (behaviours AM-S6).

https://platform.openai.com/docs/api-reference/responses-streaming
Items stand one after another: while one is being written, events of other open parts wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.canon import events as ev
from gateway.canon.parts import Refusal, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.responses.call_output import CallItem
from gateway.protocols.responses.item_output import Item, MessageItem, Out, ReasoningItem, WholeItem
from gateway.protocols.responses.response_object import ResponseObject, ending, failure
from gateway.protocols.responses.tool_names import called_tools


class ResponsesWriter:
    """See dialect.AnswerWriter. `document` holds the final response object once the answer has ended; a `silent` writer
    writes nothing else."""

    keepalive = b": keep-alive\n\n"
    media_type = "text/event-stream"

    def __init__(self, asked: Asked, *, silent: bool = False) -> None:
        self._asked = asked
        self._response = ResponseObject(asked)
        self._tools = called_tools(asked.body)
        self._out = Out(silent=silent, passed_on=asked.passed_on)
        self._opened = False
        self._over = False
        self._item: Item | None = None
        self._live: int | None = None
        self._waiting: dict[int, list[ev.Event]] = {}
        self._ignored: set[int] = set()
        self._usage: Usage | None = None
        self.document = b""

    def write(self, events: Iterable[ev.Event]) -> bytes:
        for event in events:
            if self._over:
                break
            if type(event) is ev.TextDelta and event.index == self._live and type(self._item) is MessageItem:
                self._item.text(event.text, event.logprobs)
            else:
                self._write(event)
        return self._out.take()

    def _write(self, event: ev.Event) -> None:
        if not self._opened:
            self._opened = True
            if isinstance(event, ev.Start) and event.id.startswith("resp_"):
                self._response = ResponseObject(self._asked, event.id)
            for name in (b"response.created", b"response.in_progress"):
                self._out.response(name, self._response.stage("in_progress", []))
        match event:
            case ev.UsageUpdate(usage):
                self._usage = usage
            case ev.Finish():
                if event.choice == 0:
                    self._finish(event)
            case ev.Failure(fault):
                error = failure(fault)
                output = self._out.items
                self._end(b"response.failed", self._response.stage("failed", output, self._usage, error=error))
            case ev.Start():
                pass
            case ev.PartStart() if event.choice != 0:
                self._ignored.add(event.index)
            case _:
                if event.index not in self._ignored:
                    self._part(event)

    def _part(self, event: Any) -> None:
        index = event.index
        if self._live is None:
            self._begin(event)
        elif index == self._live:
            self._apply(event)
        else:
            self._waiting.setdefault(index, []).append(event)

    def _begin(self, event: ev.PartStart) -> None:
        """The part's item; texts that follow one another share one message."""
        self._live = event.index
        part = event.part
        if isinstance(part, Text | Refusal):
            if not (isinstance(self._item, MessageItem) and self._item.takes(part)):
                self._close()
                self._item = MessageItem(self._out, part)
            self._item.open(part)
            return
        self._close()
        self._item = self._new_item(part)

    def _new_item(self, part: Any) -> Item:
        if isinstance(part, Thinking):
            return ReasoningItem(self._out, part, self._asked.shows_thinking)
        if isinstance(part, ToolCall):
            return CallItem(self._out, part, self._tools.get(part.name))
        return WholeItem(self._out, part)

    def _apply(self, event: Any) -> None:
        item = self._item
        assert item is not None
        match event:
            case ev.TextDelta(_, text, logprobs):
                item.text(text, logprobs)
            case ev.ThinkingDelta(_, text) | ev.ArgumentsDelta(_, text):
                item.text(text, None)
            case ev.SignatureDelta(_, signature):
                item.sign(signature)
            case ev.Annotation(_, annotation):
                item.annotate(annotation)
            case ev.PartStop():
                item.stop()
                self._live = None
                self._next()

    def _next(self) -> None:
        """The part that has waited longest takes its turn with all it has said so far."""
        while self._live is None and self._waiting:
            index = min(self._waiting)
            events = self._waiting.pop(index)
            self._begin(events[0])  # type: ignore[arg-type]
            for event in events[1:]:
                self._apply(event)

    def _close(self) -> None:
        if self._item is not None:
            self._item.close()
            self._item = None

    def _finish(self, finish: ev.Finish) -> None:
        refused = isinstance(self._item, MessageItem) and self._item.refused
        status, reason = ending(finish, refused or self._out.refused)
        self._close()
        if status == "incomplete":
            self._out.cut_last()
        usage = self._usage or Usage(input=self._asked.prompt_tokens)
        document = self._response.stage(status, self._out.items, usage, incomplete=reason)
        self._end(b"response." + status.encode(), document)

    def _end(self, name: bytes, document: bytes) -> None:
        self._over = True
        self.document = document
        self._out.response(name, document)
