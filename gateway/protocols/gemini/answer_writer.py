"""Events to a streamed answer: SSE (`alt=sse`) or one JSON array.

https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from gateway.canon import events as ev
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.gemini.answer_parts import (
    call_part,
    grounding_of,
    media_part,
    on_text,
    signature_part,
    was_cut,
)
from gateway.protocols.gemini.errors import error_document
from gateway.protocols.gemini.finish import CUT_CALL, write_finish
from gateway.protocols.gemini.grounding import write_grounding
from gateway.protocols.gemini.logprobs import write_logprobs
from gateway.protocols.gemini.shown_code import own_part
from gateway.protocols.gemini.usage import write_usage
from gateway.protocols.placed import moved
from gateway.protocols.wire_json import dumps_sse


def new_response_id() -> str:
    return secrets.token_urlsafe(16)


class GeminiWriter:
    """Chunks are whole responses; the last of a choice carries finishReason and usageMetadata together."""

    def __init__(self, asked: Asked) -> None:
        self._array = asked.framing == "array"
        # A comment line crashes google-genai and Gemini CLI; an empty line, or space in the array, does not.
        self.keepalive = b" " if self._array else b"\n"
        self.media_type = "application/json" if self._array else "text/event-stream"
        self._shows = asked.shows_thinking
        self._tail = {"modelVersion": asked.model, "responseId": new_response_id()}
        tail = dumps_sse(self._tail)[1:]
        self._begin, self._end = (b"", b"") if self._array else (b"data: ", b"\n\n")
        self._text_end = b'}]},"index":0}],' + tail + self._end
        self._text_begin = self._begin + b'{"candidates":[{"content":{"role":"model","parts":[{"text":'
        self._thought_end = b',"thought":true' + self._text_end
        self._parts: dict[int, tuple[Part, int]] = {}
        self._arguments: dict[int, list[str]] = {}
        self._texts: dict[int, list[str]] = {}
        self._begun: dict[int, int] = {}
        self._metadata: dict[int, dict[str, Any]] = {}
        self._annotations: dict[int, list[dict[str, Any]]] = {}
        self._choices: set[int] = set()
        self._finished: set[int] = set()
        self._cut: set[int] = set()
        self._usage: Usage | None = None
        self._first = True
        self._over = False

    def write(self, events: Iterable[ev.Event]) -> bytes:
        chunks: list[bytes] = []
        for event in events:
            kind = type(event)
            if kind is ev.TextDelta:
                self._text(event, chunks)  # type: ignore[arg-type]
            elif not self._over:
                self._other(event, chunks)
        if self._array:
            return self._framed(chunks)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _framed(self, chunks: list[bytes]) -> bytes:
        out = b""
        if chunks:
            out = (b"[" if self._first else b",\r\n") + b",\r\n".join(chunks)
            self._first = False
            if self._over or (self._finished and self._choices <= self._finished):
                out += b"]"
        return out

    def _text(self, event: ev.TextDelta, chunks: list[bytes]) -> None:
        if self._over or not event.text:
            return
        part, choice = self._parts[event.index]
        if part.extras and isinstance(part, Text) and own_part(part) is not None:  # type: ignore[union-attr]
            return
        self._texts[choice].append(event.text)
        if choice == 0 and event.logprobs is None:
            chunks.append(self._text_begin + dumps_sse(event.text) + self._text_end)
            return
        more = {"logprobsResult": told} if (told := write_logprobs(event.logprobs)) else {}
        self._chunk(choice, [{"text": event.text}], chunks, more)

    def _other(self, event: ev.Event, chunks: list[bytes]) -> None:
        match event:
            case ev.ThinkingDelta(index, text):
                part, choice = self._parts[index]
                if not self._shows or not text:
                    return
                if choice == 0:
                    chunks.append(self._text_begin + dumps_sse(text) + self._thought_end)
                else:
                    self._chunk(choice, [{"text": text, "thought": True}], chunks)
            case ev.ArgumentsDelta(index, text):
                self._arguments[index].append(text)
            case ev.PartStart(index, part, choice):
                self._start(index, part, choice, chunks)
            case ev.PartStop(index):
                self._stop(index, chunks)
            case ev.SignatureDelta(index, signature):
                signed, choice = self._parts[index]
                if isinstance(signed, ToolCall):
                    self._parts[index] = (_call(signed, signed.arguments, signature), choice)
                elif isinstance(signed, Thinking):
                    alone = signature_part(Thinking("", signature, extras=signed.extras))
                    if alone is not None and (self._shows or on_text(signed)):
                        self._chunk(choice, [alone], chunks)
            case ev.Annotation(index, annotation):
                choice = self._parts[index][1]
                self._annotations.setdefault(choice, []).append(moved(annotation, self._begun.get(index, 0)))
            case ev.UsageUpdate(usage):
                self._usage = usage
            case ev.Finish():
                self._finish(event, chunks)
            case ev.Failure(fault):
                self._over = True
                error = dumps_sse({"error": error_document(fault)})
                chunks.append(self._begin + error + self._end)

    def _start(self, index: int, part: Part, choice: int, chunks: list[bytes]) -> None:
        self._parts[index] = (part, choice)
        self._choices.add(choice)
        self._texts.setdefault(choice, [])
        match part:
            case Text() if (own := own_part(part)) is not None:
                self._chunk(choice, [own], chunks)
            case Text(text) | Refusal(text):
                begun = self._begun[index] = sum(map(len, self._texts[choice]))
                if text:
                    self._texts[choice].append(text)
                    self._chunk(choice, [{"text": text}], chunks)
                if isinstance(part, Text):
                    self._annotations.setdefault(choice, []).extend(moved(each, begun) for each in part.annotations)
            case Thinking(text):
                if text and self._shows:
                    self._chunk(choice, [{"text": text, "thought": True}], chunks)
                alone = signature_part(part)
                if alone is not None and (self._shows or on_text(part)):
                    self._chunk(choice, [alone], chunks)
            case ToolCall():
                self._arguments[index] = []
            case Media():
                self._chunk(choice, [media_part(part)], chunks)
            case Opaque("gemini", raw):
                self._chunk(choice, [raw], chunks)

    def _stop(self, index: int, chunks: list[bytes]) -> None:
        part, choice = self._parts.pop(index)
        if isinstance(part, ToolCall):
            arguments = part.arguments + "".join(self._arguments.pop(index))
            call = _call(part, arguments, part.signature)
            if was_cut(call):
                self._cut.add(choice)
            else:
                self._chunk(choice, [call_part(call)], chunks)
        elif isinstance(part, Text) and part.extras:
            self._metadata.setdefault(choice, {}).update(grounding_of(part))

    def _finish(self, finish: ev.Finish, chunks: list[bytes]) -> None:
        choice = finish.choice
        self._choices.add(choice)
        self._finished.add(choice)
        reason = write_finish(finish)
        if reason == "STOP" and choice in self._cut:
            reason = CUT_CALL
        more = {"finishReason": reason, **self._metadata.get(choice, {})}
        if not self._metadata.get(choice) and self._annotations.get(choice):
            grounding = write_grounding(self._annotations[choice], "".join(self._texts.get(choice, [])))
            if grounding is not None:
                more["groundingMetadata"] = grounding
        outside = {"usageMetadata": write_usage(self._usage)} if self._usage is not None else {}
        self._chunk(choice, [{"text": ""}], chunks, more, outside)

    def _chunk(
        self,
        choice: int,
        parts: list[dict[str, Any]],
        chunks: list[bytes],
        more: dict[str, Any] | None = None,
        outside: dict[str, Any] | None = None,
    ) -> None:
        candidate = {"content": {"role": "model", "parts": parts}, **(more or {}), "index": choice}
        chunk = {"candidates": [candidate], **(outside or {}), **self._tail}
        chunks.append(self._begin + dumps_sse(chunk) + self._end)


def _call(call: ToolCall, arguments: str, signature: Any) -> ToolCall:
    return ToolCall(call.id, call.name, arguments, signature, call.freeform)
