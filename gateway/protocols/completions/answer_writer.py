"""Events, or a whole answer, to `text_completion`.

https://platform.openai.com/docs/api-reference/completions/object
There is no role and no delta: a choice holds a piece of text. Thinking is never part of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from secrets import token_hex
from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.parts import Media, Part, Refusal, Text
from gateway.canon.usage import Usage
from gateway.protocols.chat.answer_writer import DONE
from gateway.protocols.chat.errors import mid_stream_error
from gateway.protocols.chat.finish import write_finish
from gateway.protocols.chat.shown_media import in_words
from gateway.protocols.chat.usage import write_usage
from gateway.protocols.dialect import Asked
from gateway.protocols.wire_json import dumps, dumps_sse


class CompletionWriter:
    """See dialect.AnswerWriter."""

    keepalive = b": keep-alive\n\n"
    media_type = "text/event-stream"

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._texts: dict[int, tuple[bytes, int]] = {}
        self._seen: set[int] = set()
        self._finished: set[int] = set()
        self._refused: set[int] = set()
        self._usage: Usage | None = None
        self._head = b""
        self._tail = b',"usage":null}\n\n' if asked.include_usage else b"}\n\n"
        self._over = False

    def write(self, events: Iterable[ev.Event]) -> bytes:
        out: list[bytes] = []
        finishing = False
        for event in events:
            if self._over:
                break
            match event:
                case ev.TextDelta(index, text):
                    before, number = self._texts[index]
                    out.append(
                        before + dumps_sse(text) + b',"index":%d,"logprobs":null,"finish_reason":null}]' % number
                    )
                    out.append(self._tail)
                case ev.Start(created=created):
                    self._head = b"data: " + dumps_sse(_head(self._asked, created))[:-1] + b',"choices":'
                case ev.PartStart(index, part, number):
                    self._seen.add(number)
                    if isinstance(part, Refusal):
                        self._refused.add(number)
                    if isinstance(part, Text | Refusal):
                        self._texts[index] = (self._head + b'[{"text":', number)
                    words = _words(part)
                    if words:
                        out.append(self._chunk(words, number, None))
                case ev.UsageUpdate(usage):
                    self._usage = usage
                case ev.Finish(reason, choice=number):
                    finishing = True
                    self._finished.add(number)
                    out.append(self._chunk("", number, write_finish(reason, False, number in self._refused)))
                case ev.Failure(fault):
                    self._over = True
                    out.append(mid_stream_error(fault))
        if finishing and not self._over and self._seen <= self._finished:
            self._over = True
            if self._asked.include_usage and self._usage is not None:
                out.append(self._head + b'[],"usage":' + dumps_sse(write_usage(self._usage)) + b"}\n\n")
            out.append(DONE)
        return b"".join(out)

    def _chunk(self, text: str, number: int, finish: str | None) -> bytes:
        return self._head + dumps_sse([_choice(text, number, finish)]) + self._tail


def answer_writer(asked: Asked) -> CompletionWriter:
    return CompletionWriter(asked)


def write_answer(answer: Answer, asked: Asked) -> bytes:
    document = _head(asked, answer.created)
    document["choices"] = [_write_choice(choice, place) for place, choice in enumerate(answer.choices)]
    if answer.usage is not None:
        document["usage"] = write_usage(answer.usage)
    return dumps(document)


def _write_choice(choice: Choice, place: int) -> dict[str, Any]:
    refused = any(isinstance(part, Refusal) for part in choice.parts)
    finish = write_finish(choice.finish.reason, False, refused)
    return _choice("".join(map(_words, choice.parts)), choice.finish.choice or place, finish)


def _head(asked: Asked, created: int | None) -> dict[str, Any]:
    return {
        "id": "cmpl-" + token_hex(14),
        "object": "text_completion",
        "created": asked.created or created or int(time.time()),
        "model": asked.model,
    }


def _choice(text: str, number: int, finish: str | None) -> dict[str, Any]:
    return {"text": text, "index": number, "logprobs": None, "finish_reason": finish}


def _words(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text):
            return text
        case Media():
            return in_words(part)
    return ""
