"""A provider's Responses stream to events. https://platform.openai.com/docs/api-reference/responses-streaming

The reader leans on no single event: what the deltas did not bring, the item's `done` or the final response
does, since compatible servers leave out one or the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.opening import OpenParts
from gateway.protocols.names import NameMap
from gateway.protocols.openai_errors import fault_of
from gateway.protocols.responses.item_reading import ItemReading
from gateway.protocols.responses.usage import read_usage
from gateway.protocols.sse import EventTooLarge, SSEReader
from gateway.protocols.wire_json import JSONDecodeError, loads_told

_ENDS = (
    "response.completed",
    "response.incomplete",
    "response.failed",
    "response.cancelled",
    "response.done",
)
_REASONS: dict[str, ev.FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ResponsesReader:
    """See dialect.AnswerReader."""

    def __init__(self, names: NameMap | None = None) -> None:
        self.ending = False
        self.skipped = 0
        self._sse = SSEReader()
        self._items = ItemReading(OpenParts(), names)
        self._started = False
        self._over = False
        items = self._items
        self._readers: dict[str, Callable[[dict[str, Any]], list[ev.Event]]] = {
            "response.output_text.delta": items.text_delta,
            "response.refusal.delta": items.refusal_delta,
            "response.reasoning_summary_text.delta": items.summary_delta,
            "response.reasoning_summary_part.added": items.summary_part,
            "response.reasoning_text.delta": items.reasoning_delta,
            "response.function_call_arguments.delta": items.arguments_delta,
            "response.custom_tool_call_input.delta": items.arguments_delta,
            "response.function_call_arguments.done": items.arguments_done,
            "response.custom_tool_call_input.done": items.arguments_done,
            "response.output_text.annotation.added": items.annotation,
            "response.output_text.done": items.text_done,
            "response.refusal.done": items.refusal_done,
            "response.content_part.added": items.content_part,
            "response.content_part.done": items.content_part_done,
            "response.output_item.added": items.added,
            "response.output_item.done": items.done,
        }

    def feed(self, data: bytes) -> list[ev.Event]:
        try:
            found = self._sse.feed(data)
        except EventTooLarge as error:
            return [] if self._over else self._fail(Fault(502, str(error), code="upstream_error", from_upstream=True))
        return self._read(found)

    def close(self) -> list[ev.Event]:
        events = self._read(self._sse.close())
        if not self._over:
            reason = "an event of it could not be read" if self.skipped else "it has no end"
            message = f"the provider's answer broke off: {reason}"
            events += self._fail(Fault(502, message, code="upstream_error", from_upstream=True))
        return events

    def _read(self, found: list[tuple[str, bytes]]) -> list[ev.Event]:
        events: list[ev.Event] = []
        for name, data in found:
            if self._over or data == b"[DONE]":
                continue
            try:
                document = loads_told(data)
            except JSONDecodeError:
                self.skipped += 1
                continue
            if isinstance(document, dict):
                events += self._event(name, document)
            else:
                self.skipped += 1
        return events

    def _event(self, name: str, document: dict[str, Any]) -> list[ev.Event]:
        kind = document.get("type")
        if not isinstance(kind, str):
            kind = name
        reader = self._readers.get(kind)
        if reader is not None:
            return self._start({}) + reader(document)
        response = document.get("response")
        if kind in _ENDS and isinstance(response, dict):
            return self._start(response) + self._end(kind, response)
        if kind == "error" or (document.get("error") is not None and not isinstance(response, dict)):
            error = document.get("error")
            return self._fail(fault_of(document if error is None else error))
        if isinstance(response, dict):
            return self._start(response)
        return []

    def _start(self, response: dict[str, Any]) -> list[ev.Event]:
        if self._started:
            return []
        self._started = True
        identity, model, created = response.get("id"), response.get("model"), response.get("created_at")
        return [
            ev.Start(
                identity if isinstance(identity, str) else "",
                model if isinstance(model, str) else "",
                int(created) if isinstance(created, int | float) and not isinstance(created, bool) else None,
            )
        ]

    def _fail(self, fault: Fault) -> list[ev.Event]:
        self._over = True
        return [ev.Failure(fault)]

    def _end(self, kind: str, response: dict[str, Any]) -> list[ev.Event]:
        status = response.get("status")
        if kind in ("response.failed", "response.cancelled") or response.get("error") is not None:
            return self._fail(fault_of(response.get("error") or f"the provider's answer was {status or kind}"))
        output = response.get("output")
        events = self._items.final(output) if isinstance(output, list) else []
        events += self._items.finish()
        usage = read_usage(response.get("usage"))
        if usage is not None:
            events.append(ev.UsageUpdate(usage))
        self.ending = self._over = True
        events.append(finish_of(response, kind, self._items.called, self._items.refused))
        return events


def finish_of(response: dict[str, Any], kind: str, called: bool, refused: bool) -> ev.Finish:
    """The Finish of a response that did not fail; `raw` is the incomplete reason, else the status."""
    if kind == "response.incomplete" or response.get("status") == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        word = reason if isinstance(reason, str) else "incomplete"
        return ev.Finish(_REASONS.get(word, "other"), word)
    if called:
        return ev.Finish("tool_calls", "completed")
    return ev.Finish("refusal" if refused else "stop", "completed")
