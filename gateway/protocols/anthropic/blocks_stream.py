"""One part of an answer on its way to content_block_start, deltas and content_block_stop."""

from __future__ import annotations

from typing import Any

from gateway.canon import events as ev
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall
from gateway.protocols.anthropic.blocks_answer import call_block, call_seal, media_text
from gateway.protocols.anthropic.citations import write_citation
from gateway.protocols.anthropic.fields import AUTHOR, CALL_SEAL, LATE_SEAL, NAME, own
from gateway.protocols.sealing import seal
from gateway.protocols.wire_json import dumps, dumps_sse


class StreamBlock:
    """Collects deltas with `add` and writes with `pour` what may be written by now."""

    live_text = False

    def __init__(self) -> None:
        self.wire_index = -1
        self.stopped = False
        self._closed = False

    def add(self, event: ev.Event) -> None:
        """A delta of this part."""

    def stop(self) -> None:
        self.stopped = True

    def pour(self, next_index: int, out: list[bytes]) -> int:
        """Appends wire events to `out`; gives the next free block index."""
        return next_index

    def delta_prefix(self, kind: str, field: str) -> bytes:
        delta = f'"delta":{{"type":"{kind}","{field}":'
        head = f'{{"type":"content_block_delta","index":{self.wire_index},{delta}'
        return b"event: content_block_delta\ndata: " + head.encode()

    def _delta(self, kind: str, field: str, value: Any) -> bytes:
        return self.delta_prefix(kind, field) + dumps_sse(value) + b"}}\n\n"

    def _open(self, block: dict[str, Any], next_index: int, out: list[bytes]) -> int:
        self.wire_index = next_index
        document = {"type": "content_block_start", "index": next_index, "content_block": block}
        out.append(b"event: content_block_start\ndata: " + dumps_sse(document) + b"\n\n")
        return next_index + 1

    def _close(self, out: list[bytes]) -> None:
        self._closed = True
        document = {"type": "content_block_stop", "index": self.wire_index}
        out.append(b"event: content_block_stop\ndata: " + dumps_sse(document) + b"\n\n")


class TextBlock(StreamBlock):
    live_text = True

    def __init__(self, text: str, fields: dict[str, Any]) -> None:
        super().__init__()
        self._fields = fields
        self._pending: list[ev.Event] = [ev.TextDelta(0, text)] if text else []

    def add(self, event: ev.Event) -> None:
        self._pending.append(event)

    def pour(self, next_index: int, out: list[bytes]) -> int:
        if self.wire_index < 0:
            next_index = self._open({"type": "text", "text": "", **self._fields}, next_index, out)
        for event in self._pending:
            if isinstance(event, ev.TextDelta):
                out.append(self._delta("text_delta", "text", event.text))
            elif isinstance(event, ev.Annotation):
                citation = write_citation(event.annotation)
                if citation is not None:
                    out.append(self._delta("citations_delta", "citation", citation))
        self._pending.clear()
        if self.stopped and not self._closed:
            self._close(out)
        return next_index


class ThinkingBlock(StreamBlock):
    """Hidden thinking keeps its signature: as with `display: omitted` the text is left out."""

    def __init__(self, part: Thinking, shown: bool) -> None:
        super().__init__()
        self._shown = shown
        self._pending = [part.text] if part.text and shown else []
        self._signature = part.signature

    def add(self, event: ev.Event) -> None:
        if isinstance(event, ev.ThinkingDelta) and self._shown:
            self._pending.append(event.text)
        elif isinstance(event, ev.SignatureDelta):
            self._signature = event.signature

    def pour(self, next_index: int, out: list[bytes]) -> int:
        if self.wire_index < 0:
            if not self._pending and self._signature is None:
                return next_index
            next_index = self._open({"type": "thinking", "thinking": "", "signature": ""}, next_index, out)
        out.extend(self._delta("thinking_delta", "thinking", text) for text in self._pending)
        self._pending.clear()
        if self.stopped and not self._closed:
            if self._signature is not None:
                out.append(self._delta("signature_delta", "signature", seal(self._signature, AUTHOR)))
            self._close(out)
        return next_index


class CallBlock(StreamBlock):
    """Opens with the first arguments: a foreign signature, which stands before it, has come by then."""

    def __init__(self, part: ToolCall) -> None:
        super().__init__()
        self._call = part
        self._pending = [part.arguments] if part.arguments else []
        self._seal: Signature | None = part.signature
        self._heard = False

    def add(self, event: ev.Event) -> None:
        if isinstance(event, ev.ArgumentsDelta) and event.text:
            self._pending.append(event.text)
        elif isinstance(event, ev.SignatureDelta):
            self._seal = event.signature

    def pour(self, next_index: int, out: list[bytes]) -> int:
        freeform = self._call.freeform
        if not self.stopped and (freeform or not self._pending):
            return next_index
        if self.wire_index < 0:
            next_index = self._say_seal(CALL_SEAL, next_index, out)
            next_index = self._open(call_block(self._call, {}), next_index, out)
        if freeform and not self._closed:
            self._pending = [dumps({"input": "".join(self._pending)}).decode()]
        out.extend(self._delta("input_json_delta", "partial_json", text) for text in self._pending)
        self._heard = self._heard or bool(self._pending)
        self._pending.clear()
        if self.stopped and not self._closed:
            if not self._heard:
                out.append(self._delta("input_json_delta", "partial_json", "{}"))
            self._close(out)
            next_index = self._say_seal(LATE_SEAL, next_index, out)
        return next_index

    def _say_seal(self, mark: str, next_index: int, out: list[bytes]) -> int:
        if self._seal is None:
            return next_index
        sealed = WholeBlock(call_seal(self._seal, mark))
        self._seal = None
        sealed.stop()
        return sealed.pour(next_index, out)


class WholeBlock(StreamBlock):
    """Complete when it starts. Input and seals go out as deltas, where the SDKs look for them."""

    def __init__(self, block: dict[str, Any]) -> None:
        super().__init__()
        self._block = block

    def pour(self, next_index: int, out: list[bytes]) -> int:
        if self._closed:
            return next_index
        block = self._block
        given = block.get("input")
        if isinstance(given, dict):
            next_index = self._open({**block, "input": {}}, next_index, out)
            out.append(self._delta("input_json_delta", "partial_json", dumps(given).decode()))
        elif block.get("type") == "thinking":
            next_index = self._open({**block, "signature": ""}, next_index, out)
            out.append(self._delta("signature_delta", "signature", block["signature"]))
        else:
            next_index = self._open(block, next_index, out)
        self._close(out)
        return next_index


def stream_block(part: Part, shows_thinking: bool) -> StreamBlock:
    """A StreamBlock of no effect for what this dialect cannot say."""
    match part:
        case Text():
            return TextBlock(part.text, own(part.extras))
        case Refusal(text):
            return TextBlock(text, {})
        case Thinking(redacted=Signature() as redacted):
            return WholeBlock({"type": "redacted_thinking", "data": seal(redacted, AUTHOR)})
        case Thinking():
            return ThinkingBlock(part, shows_thinking)
        case ToolCall():
            return CallBlock(part)
        case Opaque(dialect, raw) if dialect == NAME:
            return WholeBlock(raw)
        case Media():
            return TextBlock(media_text(part), {})
    return StreamBlock()
