"""Output items as they stream in: reasoning, calls, and every item whole."""

from __future__ import annotations

import secrets
from typing import Any

from gateway.canon import events as ev
from gateway.canon.parts import Thinking, ToolCall
from gateway.protocols.responses.item_parts import CALLS, call_id_of, read_call, read_other, read_reasoning
from gateway.protocols.responses.message_reading import MessageReading, Reading, text_of


class ItemReading(MessageReading):
    """Every item: fed with the events of a stream, or with whole items alone."""

    def summary_part(self, event: dict[str, Any]) -> list[ev.Event]:
        found = self._of(event)[1]
        found.paragraph = found.thought == "summary"
        return []

    def summary_delta(self, event: dict[str, Any]) -> list[ev.Event]:
        return self._think(event, "summary")

    def reasoning_delta(self, event: dict[str, Any]) -> list[ev.Event]:
        return self._think(event, "content")

    def _think(self, event: dict[str, Any], source: str) -> list[ev.Event]:
        """A model that sends both its summary and its full text is heard once: what came first."""
        text = text_of(event.get("delta"))
        number, found = self._of(event)
        if not text or found.over or found.thought not in ("", source):
            return []
        found.thought = source
        events = self._open_thinking(number, found)
        index = self._parts.index_of((number, "thinking"))
        if index is None:
            return events
        if found.paragraph:
            found.paragraph = False
            text = "\n\n" + text
        return [*events, ev.ThinkingDelta(index, text)]

    def _open_thinking(self, number: int, found: Reading) -> list[ev.Event]:
        if found.thinking_open:
            return []
        found.thinking_open = True
        return self._parts.open((number, "thinking"), Thinking(""))

    def arguments_delta(self, event: dict[str, Any]) -> list[ev.Event]:
        number, found = self._of(event)
        index = self._parts.index_of((number, "call"))
        text = text_of(event.get("delta"))
        if index is None or not text:
            return []
        found.argued = True
        return [ev.ArgumentsDelta(index, text)]

    def arguments_done(self, event: dict[str, Any]) -> list[ev.Event]:
        number, found = self._of(event)
        index = self._parts.index_of((number, "call"))
        text = text_of(event.get("arguments", event.get("input")))
        if index is None or found.argued or not text:
            return []
        found.argued = True
        return [ev.ArgumentsDelta(index, text)]

    def _open_call(self, number: int, found: Reading) -> tuple[ToolCall, list[ev.Event]]:
        call = read_call(found.item)
        call.extras = {}
        whole = call.arguments
        call.arguments = ""
        if not call.id or call.id in self._call_ids:
            call.id = f"call_{secrets.token_hex(12)}"
        self._call_ids.add(call.id)
        if self._names is not None:
            call.name = self._names.from_wire(call.name)
        self.called = found.call_open = True
        return ToolCall(call.id, call.name, whole, freeform=call.freeform), self._parts.open((number, "call"), call)

    def added(self, event: dict[str, Any]) -> list[ev.Event]:
        item = event.get("item")
        if not isinstance(item, dict):
            return []
        number, found = self._of(event)
        found.item = item
        if item.get("type") in ("function_call", "custom_tool_call"):
            return self._open_call(number, found)[1]
        return []

    def done(self, event: dict[str, Any]) -> list[ev.Event]:
        item = event.get("item")
        if not isinstance(item, dict):
            return []
        return self.whole(self._of(event)[0], item)

    def final(self, output: list[Any]) -> list[ev.Event]:
        """The items of the final response; some servers count them otherwise than while streaming."""
        streamed = frozenset(self._call_ids)
        events: list[ev.Event] = []
        for position, item in enumerate(output):
            if not isinstance(item, dict):
                continue
            number = self._by_id.get(text_of(item.get("id")))
            if number is None:
                if item.get("type") in CALLS and call_id_of(item) in streamed:
                    continue
                taken = self._items.get(position)
                kind = item.get("type")
                renumbered = taken is not None and taken.item.get("type", kind) != kind
                number = max(self._items) + 1 if renumbered else position
            events += self.whole(number, item)
        return events

    def finish(self) -> list[ev.Event]:
        """Closes what the provider left open; a call that got no arguments gets an empty object."""
        events: list[ev.Event] = []
        for number, found in self._items.items():
            if found.call_open and not found.argued and self._parts.index_of((number, "call")) is not None:
                events += self._whole_call(number, found)
        return events + self._parts.stop_all()

    def whole(self, number: int, item: dict[str, Any]) -> list[ev.Event]:
        """A complete item: what of it was not said yet, and its end."""
        found = self._items.setdefault(number, Reading())
        if found.over:
            return []
        found.over = True
        found.item = item
        kind = item.get("type")
        if kind == "message":
            return self._whole_message(number, found)
        if kind == "reasoning":
            return self._whole_reasoning(number, found)
        if kind in CALLS:
            return self._whole_call(number, found)
        return self._parts.whole(read_other(item))

    def _whole_reasoning(self, number: int, found: Reading) -> list[ev.Event]:
        part, carried = read_reasoning(found.item)
        if carried is not None and carried.call_id is not None:
            carried = None
        events: list[ev.Event] = []
        if not found.thinking_open:
            if not part.text and carried is None:
                return []
            if carried is not None and carried.redacted:
                return self._parts.whole(Thinking(part.text, redacted=carried.signature))
            events += self._open_thinking(number, found)
            index = self._parts.index_of((number, "thinking"))
            if part.text and index is not None:
                events.append(ev.ThinkingDelta(index, part.text))
        index = self._parts.index_of((number, "thinking"))
        if index is None and part.signature is not None:
            # Text began before the thinking was sealed: the seal comes on a part of its own.
            events += self._parts.open((number, "thinking"), Thinking(""))
            index = self._parts.index_of((number, "thinking"))
        if index is not None and part.signature is not None:
            events.append(ev.SignatureDelta(index, part.signature))
        return events + self._parts.stop((number, "thinking"))

    def _whole_call(self, number: int, found: Reading) -> list[ev.Event]:
        events: list[ev.Event] = []
        if not found.call_open:
            call, events = self._open_call(number, found)
        else:
            call = read_call(found.item)
        index = self._parts.index_of((number, "call"))
        if index is None:
            return events
        if not found.argued and call.arguments:
            events.append(ev.ArgumentsDelta(index, call.arguments))
        return events + self._parts.stop((number, "call"))
