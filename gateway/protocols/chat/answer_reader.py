"""A provider's streamed Chat Completions answer to events.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from typing import Any

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.opening import OpenParts
from gateway.canon.usage import Usage
from gateway.protocols.chat.answer_pieces import ChoicePieces
from gateway.protocols.chat.errors import broken_off, fault_in
from gateway.protocols.chat.finish import BROKEN, read_finish
from gateway.protocols.chat.usage import read_usage
from gateway.protocols.names import NameMap
from gateway.protocols.sse import SSEReader
from gateway.protocols.wire_json import loads_each

_DONE = b"[DONE]"

UNFINISHED = "The provider's answer ended before it was complete. Send the request again."


class ChatReader:
    """See dialect.AnswerReader. Finish is held until `[DONE]` or `close`, since usage follows it."""

    def __init__(self, names: NameMap | None = None) -> None:
        self.ending = False
        self.skipped = 0
        self._sse = SSEReader()
        self._names = names
        self._parts = OpenParts()
        self._choices: dict[int, ChoicePieces] = {}
        self._usage: Usage | None = None
        self._started = False
        self._over = False

    def feed(self, data: bytes) -> list[ev.Event]:
        return self._read(self._sse.feed(data))

    def close(self) -> list[ev.Event]:
        events = self._read(self._sse.close())
        return events if self._over else events + self._end()

    def _read(self, pairs: list[tuple[str, bytes]]) -> list[ev.Event]:
        events: list[ev.Event] = []
        done = next((place for place, (_, data) in enumerate(pairs) if data.strip() == _DONE), len(pairs))
        for (name, _), document in zip(pairs, loads_each([data for _, data in pairs[:done]]), strict=False):
            if self._over:
                return events
            if not isinstance(document, dict):
                self.skipped += 1
            elif (more := self._more_text(document)) is not None:
                events.append(more)
            else:
                events += self.document(document, name)
        if done < len(pairs) and not self._over:
            events += self._end()
        return events

    def _more_text(self, document: dict[str, Any]) -> ev.TextDelta | None:
        """The event of the commonest chunk: more text of a choice whose text is open, and nothing else."""
        choices = document.get("choices")
        if type(choices) is not list or len(choices) != 1 or type(choices[0]) is not dict:
            return None
        choice: dict[str, Any] = choices[0]
        delta = choice.get("delta")
        if type(delta) is not dict or len(delta) > 1 + ("role" in delta):
            return None
        words, number = delta.get("content"), choice.get("index")
        if type(words) is not str or not words or type(number) is not int or number not in self._choices:
            return None
        if choice.get("finish_reason") or choice.get("logprobs") is not None or choice.get("usage"):
            return None
        if document.get("usage") or document.get("error") is not None or document.get("object") == "error":
            return None
        return self._choices[number].more_text(words)

    def document(self, document: dict[str, Any], name: str = "") -> list[ev.Event]:
        """One chunk. A whole answer reads the same way, its `message` in the place of `delta`."""
        fault = fault_in(document, name)
        if fault is not None:
            return self._fail(fault)
        events: list[ev.Event] = [] if self._started else [self._start(document)]
        choices = document.get("choices")
        if isinstance(choices, list):
            for place, choice in enumerate(choices):
                if isinstance(choice, dict):
                    events += self._choice(choice, place)
                    if self._over:
                        return events
        usage = read_usage(document.get("usage"))
        if usage is not None:
            events += self._count(usage)
        return events

    def _start(self, document: dict[str, Any]) -> ev.Start:
        self._started = True
        id, model, created = document.get("id"), document.get("model"), document.get("created")
        return ev.Start(
            id if isinstance(id, str) else "",
            model if isinstance(model, str) else "",
            created if type(created) is int else None,
        )

    def _choice(self, choice: dict[str, Any], place: int) -> list[ev.Event]:
        number = choice.get("index")
        if type(number) is not int or number < 0:
            number = place
        pieces = self._choices.get(number)
        if pieces is None:
            pieces = self._choices[number] = ChoicePieces(number, self._parts, self._names)
            self.ending = False
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            delta = choice.get("message")
        events = pieces.piece(delta, choice.get("logprobs")) if isinstance(delta, dict) and delta else []
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish and pieces.finish is None:
            status = BROKEN.get(finish.lower())
            if status is not None:
                return events + self._fail(broken_off(finish, status, choice.get("error")))
            pieces.finish = finish
            matched = choice.get("stop_reason")  # vLLM and SGLang name the stop sequence here
            pieces.stop_sequence = matched if isinstance(matched, str) and matched else None
            events += pieces.close()
            self.ending = all(each.finish is not None for each in self._choices.values())
        usage = read_usage(choice.get("usage"))  # Moonshot
        return events if usage is None else events + self._count(usage)

    def _count(self, usage: Usage) -> list[ev.Event]:
        if usage == self._usage:
            return []
        self._usage = usage
        return [ev.UsageUpdate(usage)]

    def _end(self) -> list[ev.Event]:
        self._over = True
        events: list[ev.Event] = []
        if not self._choices or any(pieces.finish is None for pieces in self._choices.values()):
            return [ev.Failure(Fault(502, UNFINISHED, "upstream_error", from_upstream=True))]
        for pieces in self._choices.values():
            events += pieces.close()
            self.skipped += pieces.calls.nameless
        for number in sorted(self._choices):
            pieces = self._choices[number]
            raw = pieces.finish or ""
            reason = read_finish(raw, pieces.calls.seen, pieces.refused)
            events.append(ev.Finish(reason, raw, pieces.stop_sequence, number))
        self.ending = True
        return events

    def _fail(self, fault: Fault) -> list[ev.Event]:
        self._over = True
        return [ev.Failure(fault)]


def answer_reader(names: NameMap | None = None) -> ChatReader:
    return ChatReader(names)
