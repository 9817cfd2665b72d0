"""Output items as they stream in, kept apart by output_index; here the messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.canon import events as ev
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Opaque, Part, Refusal, Text
from gateway.protocols.names import NameMap
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.token_logprobs import read_entries


@dataclass(slots=True)
class Reading:
    """What is known of one output item: its wire object, which content parts spoke, how thinking came."""

    item: dict[str, Any] = field(default_factory=dict)
    spoken: set[int] = field(default_factory=set)
    thought: str = ""
    thinking_open: bool = False
    paragraph: bool = False
    argued: bool = False
    call_open: bool = False
    over: bool = False


def index_of(event: dict[str, Any], name: str) -> int:
    """`output_index` or `content_index`; some servers leave them out or send them as text."""
    value = event.get(name)
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


class MessageReading:
    """Messages: texts and refusals, by output_index and content_index."""

    def __init__(self, parts: OpenParts, names: NameMap | None) -> None:
        self.called = False
        self.refused = False
        self._parts = parts
        self._names = names
        self._items: dict[int, Reading] = {}
        self._by_id: dict[str, int] = {}
        self._call_ids: set[str] = set()

    def _of(self, event: dict[str, Any]) -> tuple[int, Reading]:
        """The item of an event: by output_index, or by the item's id where the index is missing."""
        item = event.get("item")
        identity = text_of(item.get("id") if isinstance(item, dict) else event.get("item_id"))
        if "output_index" in event:
            number = index_of(event, "output_index")
            if identity:
                self._by_id.setdefault(identity, number)
        else:
            number = self._by_id.setdefault(identity, len(self._by_id))
        return number, self._items.setdefault(number, Reading())

    def text_delta(self, event: dict[str, Any]) -> list[ev.Event]:
        text = event.get("delta")
        if not isinstance(text, str) or not text:
            return []
        index, opened = self._prose(event, refusal=False)
        logprobs = event.get("logprobs")
        return [*opened, ev.TextDelta(index, text, read_entries(logprobs))]

    def refusal_delta(self, event: dict[str, Any]) -> list[ev.Event]:
        text = text_of(event.get("delta"))
        if not text:
            return []
        index, opened = self._prose(event, refusal=True)
        return [*opened, ev.TextDelta(index, text)]

    def annotation(self, event: dict[str, Any]) -> list[ev.Event]:
        note = event.get("annotation")
        if not isinstance(note, dict):
            return []
        index, opened = self._prose(event, refusal=False)
        return [*opened, ev.Annotation(index, note)]

    def text_done(self, event: dict[str, Any]) -> list[ev.Event]:
        return self._unsaid(event, text_of(event.get("text")), refusal=False)

    def refusal_done(self, event: dict[str, Any]) -> list[ev.Event]:
        return self._unsaid(event, text_of(event.get("refusal")), refusal=True)

    def content_part(self, event: dict[str, Any]) -> list[ev.Event]:
        part = event.get("part")
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("output_text", "refusal"):
            return self._prose(event, refusal=kind == "refusal")[1]
        return []

    def content_part_done(self, event: dict[str, Any]) -> list[ev.Event]:
        number, found = self._of(event)
        content = index_of(event, "content_index")
        part = event.get("part")
        events = self._whole_content(number, content, part) if content not in found.spoken else []
        return events + self._parts.stop((number, content))

    def _prose(self, event: dict[str, Any], refusal: bool) -> tuple[int, list[ev.Event]]:
        number, found = self._of(event)
        content = index_of(event, "content_index")
        found.spoken.add(content)
        return self._opened(number, content, found, refusal)

    def _opened(self, number: int, content: int, found: Reading, refusal: bool) -> tuple[int, list[ev.Event]]:
        key = (number, content)
        index = self._parts.index_of(key)
        wanted = Refusal if refusal else Text
        if index is not None and isinstance(self._parts.part_of(key), wanted):
            return index, []
        part: Part = Refusal("") if refusal else Text("", extras=_own(found.item, number))
        self.refused = self.refused or refusal
        events = self._parts.open(key, part)
        index = self._parts.index_of(key)
        assert index is not None
        return index, events

    def _unsaid(self, event: dict[str, Any], text: str, refusal: bool) -> list[ev.Event]:
        """The whole text of a part whose deltas never came."""
        number, found = self._of(event)
        content = index_of(event, "content_index")
        if not text or (content in found.spoken and self._parts.index_of((number, content)) is None):
            return []
        if content in found.spoken:
            return []
        index, opened = self._prose(event, refusal)
        return [*opened, ev.TextDelta(index, text)]

    def _whole_content(self, number: int, content: int, part: Any) -> list[ev.Event]:
        if not isinstance(part, dict) or part.get("type") not in ("output_text", "text", "refusal"):
            return [] if not isinstance(part, dict) or part.get("type") == "reasoning_text" else self._unknown(part)
        found = self._items[number]
        found.spoken.add(content)
        refusal = part["type"] == "refusal"
        index, events = self._opened(number, content, found, refusal)
        text = text_of(part.get("refusal" if refusal else "text"))
        if text:
            events.append(ev.TextDelta(index, text, None if refusal else read_entries(part.get("logprobs"))))
        notes = part.get("annotations")
        if not refusal and isinstance(notes, list):
            events += [ev.Annotation(index, note) for note in notes if isinstance(note, dict)]
        return events + self._parts.stop((number, content))

    def _unknown(self, part: dict[str, Any]) -> list[ev.Event]:
        return self._parts.whole(Opaque(OWN, part)) if isinstance(part.get("type"), str) else []

    def _whole_message(self, number: int, found: Reading) -> list[ev.Event]:
        events: list[ev.Event] = []
        content = found.item.get("content")
        if isinstance(content, str):
            content = [{"type": "output_text", "text": content}]
        for place, part in enumerate(content if isinstance(content, list) else []):
            if place not in found.spoken:
                events += self._whole_content(number, place, part)
            events += self._parts.stop((number, place))
        return events


def _own(item: dict[str, Any], number: int) -> dict[str, dict[str, Any]]:
    """`phase`, "commentary" or "final_answer", which this API wants back with the message; `id` and `output_index`,
    under which a stream that passed through and broke is carried on."""
    known: dict[str, Any] = {name: item[name] for name in ("id", "phase") if isinstance(item.get(name), str)}
    if "id" in known and number:
        known["output_index"] = number
    return {OWN: known} if known else {}
