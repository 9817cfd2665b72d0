"""Output items as they are written, from `added` to `done`: messages, reasoning, and what comes whole."""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking
from gateway.protocols.responses.carried import carry_thinking
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.part_writer import flat_annotation
from gateway.protocols.responses.response_object import new_id
from gateway.protocols.wire_json import dumps_sse


class Out:
    """Events with their sequence numbers, and the items that are done. A `silent` one keeps the items only; where the
    provider's events were `passed_on`, items have its numbers."""

    def __init__(self, *, silent: bool = False, passed_on: bool = False) -> None:
        self.silent = silent
        self.passed_on = passed_on
        self.items: list[dict[str, Any]] = []
        self.refused = False
        self.sequence = 0
        self._chunks: list[bytes] = []
        self._added = 0

    def take(self) -> bytes:
        written = b"".join(self._chunks)
        self._chunks.clear()
        return written

    def raw(self, chunk: bytes) -> None:
        """One event whose sequence number the caller has counted."""
        self._chunks.append(chunk)

    def event(self, name: str, fields: dict[str, Any]) -> None:
        if self.silent:
            return
        document = dumps_sse({"type": name, "sequence_number": self.sequence, **fields})
        self.sequence += 1
        self._chunks.append(b"event: %s\ndata: %s\n\n" % (name.encode(), document))

    def response(self, name: bytes, document: bytes) -> None:
        if self.silent:
            return
        self._chunks.append(
            b'event: %s\ndata: {"type":"%s","sequence_number":%d,"response":%s}\n\n'
            % (name, name, self.sequence, document)
        )
        self.sequence += 1

    def add(self, item: dict[str, Any], at_least: int = 0) -> int:
        """Announces an item; its output_index."""
        index = max(self._added, at_least)
        self._added = index + 1
        self.event("response.output_item.added", {"output_index": index, "item": item})
        return index

    def done(self, index: int, item: dict[str, Any]) -> None:
        self.items.append(item)
        self.event("response.output_item.done", {"output_index": index, "item": item})

    def cut_last(self) -> None:
        """The last message of an incomplete response is incomplete itself."""
        if self.items and self.items[-1].get("type") == "message":
            self.items[-1] = {**self.items[-1], "status": "incomplete"}


class Item:
    """`stop` ends a part of the item, `close` the item; what an item type cannot carry is passed over."""

    def text(self, text: str, logprobs: Any) -> None:
        pass

    def sign(self, signature: Signature) -> None:
        pass

    def annotate(self, annotation: dict[str, Any]) -> None:
        pass

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


class MessageItem(Item):
    """A message: its content parts are the texts and refusals that follow one another."""

    def __init__(self, out: Out, first: Text | Refusal) -> None:
        self._out = out
        own = first.extras.get(OWN, {})
        self._id = own.get("id") or new_id("msg_")
        self._phase = _phase(first)
        self._content: list[dict[str, Any]] = []
        self._index = out.add(self._item("in_progress"), own.get("output_index", 0) if out.passed_on else 0)
        self.refused = False

    def _item(self, status: str) -> dict[str, Any]:
        item = {
            "id": self._id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": self._content,
        }
        if self._phase is not None:
            item["phase"] = self._phase
        return item

    def takes(self, part: Text | Refusal) -> bool:
        return _phase(part) == self._phase

    def open(self, part: Text | Refusal) -> None:
        self._refusal = isinstance(part, Refusal)
        self.refused = self.refused or self._refusal
        self._texts: list[str] = []
        self._annotations: list[dict[str, Any]] = []
        self._logprobs: list[Any] = []
        self._place = {"item_id": self._id, "output_index": self._index, "content_index": len(self._content)}
        self._out.event("response.content_part.added", {**self._place, "part": self._part("")})
        name = b"response.refusal.delta" if self._refusal else b"response.output_text.delta"
        place = dumps_sse(self._place)[1:-1]
        self._before = b'event: %s\ndata: {"type":"%s","sequence_number":' % (name, name)
        self._middle = b"," + place + b',"delta":'
        self._after = b"}\n\n" if self._refusal else b',"logprobs":[]}\n\n'
        if part.text:
            self.text(part.text, None)
        if isinstance(part, Text):
            for annotation in part.annotations:
                self.annotate(annotation)

    def text(self, text: str, logprobs: Any) -> None:
        self._texts.append(text)
        out = self._out
        after = self._after
        if logprobs and not self._refusal:
            self._logprobs += logprobs
            if out.silent:
                return
            after = b',"logprobs":' + dumps_sse(logprobs) + b"}\n\n"
        if out.silent:
            return
        out.raw(b"%s%d%s%s%s" % (self._before, out.sequence, self._middle, dumps_sse(text), after))
        out.sequence += 1

    def annotate(self, annotation: dict[str, Any]) -> None:
        note = flat_annotation(annotation)
        fields = {**self._place, "annotation_index": len(self._annotations), "annotation": note}
        self._out.event("response.output_text.annotation.added", fields)
        self._annotations.append(note)

    def _part(self, text: str) -> dict[str, Any]:
        if self._refusal:
            return {"type": "refusal", "refusal": text}
        return {
            "type": "output_text",
            "text": text,
            "annotations": list(self._annotations),
            "logprobs": list(self._logprobs),
        }

    def stop(self) -> None:
        text = "".join(self._texts)
        part = self._part(text)
        if self._refusal:
            self._out.event("response.refusal.done", {**self._place, "refusal": text})
        else:
            fields = {**self._place, "text": text, "logprobs": self._logprobs}
            self._out.event("response.output_text.done", fields)
        self._out.event("response.content_part.done", {**self._place, "part": part})
        self._content.append(part)

    def close(self) -> None:
        self._out.refused = self._out.refused or self.refused
        self._out.done(self._index, self._item("completed"))


def _phase(part: Text | Refusal) -> str | None:
    own = part.extras.get(OWN, {})
    phase = own.get("phase")
    return phase if isinstance(phase, str) else None


class ReasoningItem(Item):
    """A reasoning item, announced with its first text or seal: thinking that shows nothing leaves no item."""

    def __init__(self, out: Out, part: Thinking, shown: bool) -> None:
        self._out = out
        self._id = new_id("rs_")
        self._shown = shown
        self._seal = Thinking("", part.signature, part.redacted)
        self._texts: list[str] = []
        self._index: int | None = None
        if part.text:
            self.text(part.text, None)

    def _announce(self) -> int:
        if self._index is None:
            self._index = self._out.add({"id": self._id, "type": "reasoning", "summary": []})
        return self._index

    def text(self, text: str, logprobs: Any) -> None:
        if not self._shown or not text:
            return
        place = {"item_id": self._id, "output_index": self._announce(), "summary_index": 0}
        if not self._texts:
            part = {"type": "summary_text", "text": ""}
            self._out.event("response.reasoning_summary_part.added", {**place, "part": part})
        self._texts.append(text)
        self._out.event("response.reasoning_summary_text.delta", {**place, "delta": text})

    def sign(self, signature: Signature) -> None:
        self._seal.signature = signature

    def stop(self) -> None:
        sealed = carry_thinking(self._seal)
        if not self._texts and sealed is None:
            return
        index = self._announce()
        summary: list[dict[str, Any]] = []
        if self._texts:
            text = "".join(self._texts)
            place = {"item_id": self._id, "output_index": index, "summary_index": 0}
            part = {"type": "summary_text", "text": text}
            self._out.event("response.reasoning_summary_text.done", {**place, "text": text})
            self._out.event("response.reasoning_summary_part.done", {**place, "part": part})
            summary.append(part)
        item: dict[str, Any] = {"id": self._id, "type": "reasoning", "summary": summary}
        if sealed is not None:
            item["encrypted_content"] = sealed
        self._out.done(index, item)


class WholeItem(Item):
    """A part that comes in one piece: a picture, or an item of this API no other knows."""

    def __init__(self, out: Out, part: Part) -> None:
        item = _whole(part)
        if item is not None:
            out.done(out.add(item), item)


def _whole(part: Part) -> dict[str, Any] | None:
    if isinstance(part, Opaque):
        return part.raw if part.dialect == OWN else None
    if not isinstance(part, Media):
        return None
    raw = part.extras.get(OWN, {}).get("raw")
    if raw is not None:
        return dict(raw)
    if part.kind == "image" and part.data is not None:
        item = {
            "id": new_id("ig_"),
            "type": "image_generation_call",
            "status": "completed",
            "result": part.data,
        }
        form = (part.mime or "").removeprefix("image/")
        return {**item, "output_format": form} if form in ("png", "webp", "jpeg", "gif") else item
    link = part.url or part.file_id
    if link is None:
        return None
    text = {"type": "output_text", "text": f"[{part.name or part.kind}]({link})", "annotations": []}
    message = {"id": new_id("msg_"), "type": "message", "status": "completed", "role": "assistant"}
    return {**message, "content": [text]}
