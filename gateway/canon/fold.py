"""From events to the whole answer, and back."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall


class Broken(Exception):
    """The stream that was folded ended in a Failure (or did not end at all)."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Folder:
    """Folds events as they come; `answer()` when the Finish events have been added."""

    def __init__(self) -> None:
        self._answer = Answer()
        self._parts: dict[int, Part] = {}
        self._texts: dict[int, list[str]] = {}
        self._choice_of: dict[int, int] = {}
        self._logprobs: dict[int, list[dict[str, Any]]] = {}
        self._finishes: dict[int, ev.Finish] = {}

    def add(self, events: Iterable[ev.Event]) -> None:
        """Raises Broken on a Failure."""
        for event in events:
            match event:
                case ev.TextDelta(index, text) | ev.ThinkingDelta(index, text) | ev.ArgumentsDelta(index, text):
                    self._texts[index].append(text)
                    if type(event) is ev.TextDelta and event.logprobs:
                        self._logprobs.setdefault(index, []).extend(event.logprobs)
                case ev.PartStart(index, part, choice):
                    self._parts[index] = copy(part)
                    self._texts[index] = []
                    self._choice_of[index] = choice
                case ev.SignatureDelta(index, signature):
                    signed = self._parts[index]
                    if isinstance(signed, Thinking | ToolCall):
                        signed.signature = signature
                case ev.Annotation(index, annotation):
                    text_part = self._parts[index]
                    if isinstance(text_part, Text):
                        text_part.annotations = [*text_part.annotations, annotation]
                case ev.PartStop():
                    pass
                case ev.UsageUpdate(usage):
                    self._answer.usage = usage
                case ev.Start(id, model, created):
                    self._answer.id, self._answer.model, self._answer.created = id, model, created
                case ev.Finish():
                    self._finishes[event.choice] = event
                case ev.Failure(fault):
                    raise Broken(fault)

    def answer(self) -> Answer:
        """Raises Broken when a choice has not finished."""
        if not self._finishes:
            raise Broken(Fault(502, "the provider's answer ended before it was complete", code="upstream_error"))
        by_choice: dict[int, list[Part]] = {number: [] for number in sorted(self._finishes)}
        for index in sorted(self._parts):
            by_choice.setdefault(self._choice_of[index], []).append(self._whole(index))
        choices = []
        for number, parts in sorted(by_choice.items()):
            finish = self._finishes.get(number)
            if finish is None:
                raise Broken(Fault(502, f"choice {number} of the provider's answer never ended", code="upstream_error"))
            choices.append(Choice(parts, finish))
        self._answer.choices = choices
        return self._answer

    def _whole(self, index: int) -> Part:
        part = copy(self._parts[index])
        more = "".join(self._texts[index])
        if isinstance(part, Text | Thinking | Refusal):
            part.text += more
            if isinstance(part, Text) and index in self._logprobs:
                part.logprobs = self._logprobs[index]
        elif isinstance(part, ToolCall):
            part.arguments += more
        return part


def fold(events: Iterable[ev.Event]) -> Answer:
    """The whole answer of a complete list of events; raises Broken on a Failure or a missing end."""
    folder = Folder()
    folder.add(events)
    return folder.answer()


def unfold(answer: Answer) -> list[ev.Event]:
    """The events a provider would have sent to say `answer`."""
    events: list[ev.Event] = [ev.Start(answer.id, answer.model, answer.created)]
    finishes = [choice.finish for choice in answer.choices]
    if len({finish.choice for finish in finishes}) < len(finishes):
        finishes = [replace(finish, choice=number) for number, finish in enumerate(finishes)]
    index = 0
    for choice, finish in zip(answer.choices, finishes, strict=True):
        for part in choice.parts:
            events.extend(_unfold_part(part, index, finish.choice))
            index += 1
    if answer.usage is not None:
        events.append(ev.UsageUpdate(answer.usage))
    events.extend(finishes)
    return events


def _unfold_part(part: Part, index: int, choice: int) -> list[ev.Event]:
    events: list[ev.Event] = []
    opened = copy(part)
    match opened:
        case Text(text):
            logprobs, opened.text, opened.annotations, opened.logprobs = opened.logprobs, "", [], None
            events.append(ev.PartStart(index, opened, choice))
            if text:
                events.append(ev.TextDelta(index, text, logprobs))
            if isinstance(part, Text):
                events.extend(ev.Annotation(index, annotation) for annotation in part.annotations)
        case Refusal(text):
            opened.text = ""
            events.append(ev.PartStart(index, opened, choice))
            if text:
                events.append(ev.TextDelta(index, text))
        case Thinking(text, signature):
            opened.text, opened.signature = "", None
            events.append(ev.PartStart(index, opened, choice))
            if text:
                events.append(ev.ThinkingDelta(index, text))
            if signature is not None:
                events.append(ev.SignatureDelta(index, signature))
        case ToolCall(_, _, arguments, signature):
            opened.arguments, opened.signature = "", None
            events.append(ev.PartStart(index, opened, choice))
            if signature is not None:
                events.append(ev.SignatureDelta(index, signature))
            if arguments:
                events.append(ev.ArgumentsDelta(index, arguments))
        case Media() | Opaque():
            events.append(ev.PartStart(index, opened, choice))
    events.append(ev.PartStop(index))
    return events
