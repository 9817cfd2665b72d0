"""Events to a streamed Chat Completions answer.

https://platform.openai.com/docs/api-reference/chat-streaming
The role chunk comes first, then deltas, one finish chunk for every choice, the usage chunk where it was asked
for, `[DONE]`. Text goes between two prebuilt halves of a chunk.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from secrets import token_hex
from typing import Any

from gateway.canon import events as ev
from gateway.canon.parts import Media, Part, Refusal, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.chat.citations import write_annotation
from gateway.protocols.chat.client_tools import ClientTools
from gateway.protocols.chat.errors import mid_stream_error
from gateway.protocols.chat.finish import write_finish
from gateway.protocols.chat.shown_media import audio_object, in_words
from gateway.protocols.chat.streamed_calls import StreamedCalls
from gateway.protocols.chat.usage import write_usage
from gateway.protocols.dialect import Asked
from gateway.protocols.placed import moved
from gateway.protocols.token_logprobs import write_content
from gateway.protocols.wire_json import dumps_sse

DONE = b"data: [DONE]\n\n"


class _Choice:
    """One candidate: its half-built chunks and what it has said so far."""

    __slots__ = ("after", "before", "calls", "finished", "refused", "said", "text", "thinking")

    def __init__(self, number: int, head: bytes, tail: bytes, tools: ClientTools) -> None:
        self.before = head + b',"choices":[{"index":%d,"delta":' % number
        self.after = b',"logprobs":null,"finish_reason":null}]' + tail
        self.text = self.before + b'{"content":'
        self.thinking = self.before + b'{"reasoning_content":'
        self.calls = StreamedCalls(tools)
        self.refused = False
        self.finished = False
        self.said = 0  # characters of content

    def chunk(self, delta: dict[str, Any]) -> bytes:
        return self.before + dumps_sse(delta) + self.after


class ChatWriter:
    """See dialect.AnswerWriter."""

    keepalive = b": keep-alive\n\n"
    media_type = "text/event-stream"

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._tools = ClientTools.of(asked.body)
        self._choices: dict[int, _Choice] = {}
        self._homes: dict[int, tuple[_Choice, Part]] = {}
        self._texts: dict[int, tuple[bytes, bytes, _Choice]] = {}
        self._begun: dict[int, int] = {}
        self._usage: Usage | None = None
        self._head = b""
        self._tail = b""
        self._over = False

    def write(self, events: Iterable[ev.Event]) -> bytes:
        out: list[bytes] = []
        finishing = False
        for event in events:
            kind = type(event)
            if kind is ev.TextDelta:
                halves = self._texts.get(event.index)  # type: ignore[union-attr]
                if halves is not None and event.logprobs is None:  # type: ignore[union-attr]
                    halves[2].said += len(event.text)  # type: ignore[union-attr]
                    out.append(halves[0] + dumps_sse(event.text) + b"}" + halves[1])  # type: ignore[union-attr]
                    continue
            if self._over:
                break
            if kind is ev.Finish:
                finishing = True
            self._write(event, out)
        if finishing and not self._over and all(choice.finished for choice in self._choices.values()):
            self._end(out)
        return b"".join(out)

    def _write(self, event: ev.Event, out: list[bytes]) -> None:
        match event:
            case ev.Failure(fault):
                self._texts.clear()
                self._over = True
                out.append(mid_stream_error(fault))
            case ev.Start(created=created):
                self._open(created)
                self._choice(0, out)
            case ev.PartStart(index, part, number):
                self._start_part(index, part, self._choice(number, out), out)
            case ev.PartStop(index):
                self._texts.pop(index, None)
                self._begun.pop(index, None)
                home, part = self._homes.pop(index)
                if isinstance(part, ToolCall):
                    out += map(home.chunk, home.calls.stop(index))
            case ev.UsageUpdate(usage):
                self._usage = usage
            case ev.Finish():
                self._finish(event, out)
            case (
                ev.TextDelta(index=index)
                | ev.ThinkingDelta(index=index)
                | ev.SignatureDelta(index=index)
                | ev.ArgumentsDelta(index=index)
                | ev.Annotation(index=index)
            ):
                home, part = self._homes[index]
                self._fill(event, part, home, out)

    def _open(self, created: int | None) -> None:
        head = {
            "id": "chatcmpl-" + token_hex(12),
            "object": "chat.completion.chunk",
            "created": self._asked.created or created or int(time.time()),
            "model": self._asked.model,
        }
        self._head = b"data: " + dumps_sse(head)[:-1]
        self._tail = b',"usage":null}\n\n' if self._asked.include_usage else b"}\n\n"

    def _choice(self, number: int, out: list[bytes]) -> _Choice:
        choice = self._choices.get(number)
        if choice is None:
            if not self._head:
                self._open(None)
            choice = self._choices[number] = _Choice(number, self._head, self._tail, self._tools)
            out.append(choice.chunk({"role": "assistant", "content": ""}))
        return choice

    def _start_part(self, index: int, part: Part, home: _Choice, out: list[bytes]) -> None:
        self._homes[index] = (home, part)
        match part:
            case Text(text):
                self._texts[index] = (home.text, home.after, home)
                self._begun[index] = home.said
                home.said += len(text)
                if text:
                    out.append(home.chunk({"content": text}))
            case Refusal(text):
                home.refused = True
                if text:
                    out.append(home.chunk({"refusal": text}))
            case Thinking(text):
                if text and self._asked.shows_thinking:
                    out.append(home.chunk({"reasoning_content": text}))
            case ToolCall():
                home.calls.start(index, part)
            case Media(kind="audio", data=str()):
                out.append(home.chunk({"audio": audio_object(part)}))
            case Media():
                words = in_words(part)
                home.said += len(words)
                if words:
                    out.append(home.chunk({"content": words}))

    def _fill(self, event: ev.Event, part: Part, home: _Choice, out: list[bytes]) -> None:
        match event:
            case ev.ThinkingDelta(_, text):
                if self._asked.shows_thinking:
                    out.append(home.thinking + dumps_sse(text) + b"}" + home.after)
            case ev.ArgumentsDelta(index, text):
                out += map(home.chunk, home.calls.arguments(index, text))
            case ev.SignatureDelta(index, signature):
                if isinstance(part, ToolCall):
                    out += map(home.chunk, home.calls.sign(index, signature))
            case ev.TextDelta(_, text, logprobs):
                if isinstance(part, Refusal):
                    out.append(home.chunk({"refusal": text}))
                else:
                    home.said += len(text)
                    after = home.after.replace(
                        b'"logprobs":null', b'"logprobs":' + dumps_sse(write_content(logprobs)), 1
                    )
                    out.append(home.text + dumps_sse(text) + b"}" + after)
            case ev.Annotation(index, annotation):
                written = write_annotation(moved(annotation, self._begun.get(index, 0)))
                if written is not None:
                    out.append(home.chunk({"annotations": [written]}))

    def _finish(self, event: ev.Finish, out: list[bytes]) -> None:
        home = self._choice(event.choice, out)
        home.finished = True
        word = write_finish(event.reason, home.calls.seen, home.refused, self._tools.legacy)
        out.append(home.before + b'{},"logprobs":null,"finish_reason":"' + word.encode() + b'"}]' + self._tail)

    def _end(self, out: list[bytes]) -> None:
        self._over = True
        self._texts.clear()
        if self._asked.include_usage and self._usage is not None:
            usage = dumps_sse(write_usage(self._usage))
            out.append(self._head + b',"choices":[],"usage":' + usage + b"}\n\n")
        out.append(DONE)


def answer_writer(asked: Asked) -> ChatWriter:
    return ChatWriter(asked)
