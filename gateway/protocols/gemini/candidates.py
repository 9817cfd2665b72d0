"""Candidates to events, the same way for a stream's chunks and for a whole answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from gateway.canon import events as ev
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Media, Opaque, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import count
from gateway.protocols.gemini.finish import UNSPECIFIED, read_finish
from gateway.protocols.gemini.grounding import annotations_of
from gateway.protocols.gemini.logprobs import read_logprobs
from gateway.protocols.gemini.partial_calls import PartialCall
from gateway.protocols.gemini.parts_reader import read_media
from gateway.protocols.gemini.shown_code import read_code
from gateway.protocols.gemini.signatures import AUTHOR
from gateway.protocols.gemini.usage import read_usage
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import dumps


@dataclass(slots=True)
class _Choice:
    finish: str | None = None
    calls: bool = False
    texts: list[str] = field(default_factory=list)
    before: int = 0
    text_signature: str | None = None
    grounding: dict[str, Any] | None = None
    citations: list[dict[str, Any]] = field(default_factory=list)
    url_context: dict[str, Any] | None = None
    partial: PartialCall | None = None


class Candidates:
    """`chunk` for every response object, `end` for the Finish events."""

    def __init__(self, names: NameMap | None) -> None:
        self._names = names
        self._parts = OpenParts()
        self._choices: dict[int, _Choice] = {}
        self._ids: set[str] = set()
        self._blocked: str | None = None
        self.started = False
        self._usage: dict[str, Any] | None = None
        self._told: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Every choice that was begun has its finish reason, and there is at least one."""
        if not self._choices:
            return self._blocked is not None
        return all(choice.finish is not None for choice in self._choices.values())

    @property
    def begun(self) -> bool:
        """There is a candidate or a reason why there is none."""
        return bool(self._choices) or self._blocked is not None

    def chunk(self, chunk: dict[str, Any]) -> list[ev.Event]:
        events: list[ev.Event] = []
        if not self.started:
            self.started = True
            events.append(ev.Start(str(chunk.get("responseId") or ""), str(chunk.get("modelVersion") or "")))
        raw = chunk.get("usageMetadata")
        if isinstance(raw, dict):
            self._usage = raw
            if self._told is None:
                events += self.last_usage()
        candidates = chunk.get("candidates")
        if self._more_text(candidates, events) and "promptFeedback" not in chunk:
            return events
        if isinstance(candidates, dict):
            candidates = [candidates]
        if isinstance(candidates, list):
            for place, candidate in enumerate(candidates):
                if isinstance(candidate, dict):
                    self._candidate(candidate, place, events)
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._blocked = str(feedback["blockReason"])
        return events

    def end(self) -> list[ev.Event]:
        """What is still open, the last usage, and Finish for every choice."""
        if not self._choices and self._blocked is not None:
            return [*self.last_usage(), ev.Finish("content_filter", self._blocked)]
        events: list[ev.Event] = []
        for number, choice in self._choices.items():
            self._end_partial(choice, number, events)
            self._annotate(choice, number, events)
            self._sign_text(choice, number, events)
        events += self._parts.stop_all()
        events += self.last_usage()
        for number, choice in sorted(self._choices.items()):
            events.append(read_finish(choice.finish or UNSPECIFIED, number, choice.calls))
        return events

    def last_usage(self) -> list[ev.Event]:
        """Every chunk carries the running usage; the first is told at once, the last at the end."""
        if self._usage is None or self._usage == self._told:
            return []
        self._told = self._usage
        return [ev.UsageUpdate(read_usage(self._usage))]

    def _more_text(self, candidates: Any, events: list[ev.Event]) -> bool:
        """Whether this is the commonest chunk, and done with: more text for the part that is open, and nothing else."""
        if type(candidates) is not list or len(candidates) != 1:
            return False
        candidate = candidates[0]
        if type(candidate) is not dict or type(content := candidate.get("content")) is not dict:
            return False
        number, parts = candidate.get("index", 0), content.get("parts")
        if len(candidate) > 1 + ("index" in candidate) or type(number) is not int:
            return False
        if type(parts) is not list or len(parts) != 1 or type(parts[0]) is not dict or len(parts[0]) != 1:
            return False
        text, index = parts[0].get("text"), self._parts.index_of(("text", number))
        if type(text) is not str or not text or index is None:
            return False
        choice = self._choices[number]
        if choice.text_signature is not None:
            return False
        choice.texts.append(text)
        events.append(ev.TextDelta(index, text))
        return True

    def _candidate(self, candidate: dict[str, Any], place: int, events: list[ev.Event]) -> None:
        told = candidate.get("index")
        number = place if told is None else count(told)
        choice = self._choices.get(number)
        if choice is None:
            choice = self._choices[number] = _Choice()
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else content
        if isinstance(parts, dict):
            parts = [parts]
        if isinstance(parts, list):
            logprobs = read_logprobs(candidate["logprobsResult"]) if "logprobsResult" in candidate else None
            for part in filter(lambda each: isinstance(each, dict), parts):
                self._part(part, choice, number, logprobs, events)
                logprobs = None if part.get("text") and not part.get("thought") else logprobs
        if len(candidate) > 2 or "finishReason" in candidate or "index" not in candidate:
            self._metadata(candidate, choice)

    def _metadata(self, candidate: dict[str, Any], choice: _Choice) -> None:
        grounding = candidate.get("groundingMetadata")
        if isinstance(grounding, dict) and grounding:
            choice.grounding = {**(choice.grounding or {}), **grounding}
        cited = candidate.get("citationMetadata")
        if isinstance(cited, dict):
            sources = cited.get("citations") or cited.get("citationSources")
            choice.citations += sources if isinstance(sources, list) else []
        urls = candidate.get("urlContextMetadata")
        if isinstance(urls, dict) and urls:
            choice.url_context = urls
        reason = candidate.get("finishReason")
        if reason and reason != UNSPECIFIED:
            choice.finish = str(reason)

    def _part(self, part: dict[str, Any], choice: _Choice, number: int, logprobs: Any, events: list[ev.Event]) -> None:
        text = part.get("text")
        signature = part.get("thoughtSignature")
        if isinstance(text, str) or (signature and len(part) == 1):
            if part.get("thought"):
                self._thought(text or "", signature, choice, number, events)
                return
            if text:
                self._text(text, choice, number, logprobs, events)
            if signature:
                choice.text_signature = str(signature)
            return
        call = part.get("functionCall")
        if isinstance(call, dict):
            self._call(call, signature, choice, number, events)
            return
        whole = read_media(part) or read_code(part) or (Opaque("gemini", part) if _meaningful(part) else None)
        hollow = isinstance(whole, Media) and not (whole.data or whole.url or whole.file_id)
        if whole is not None and not hollow:
            self._sign_text(choice, number, events)
            events += self._parts.whole(whole, number)

    def _text(self, text: str, choice: _Choice, number: int, logprobs: Any, events: list[ev.Event]) -> None:
        if choice.text_signature is not None:
            self._sign_text(choice, number, events)
        key = ("text", number)
        index = self._parts.index_of(key)
        if index is None:
            choice.before = sum(map(len, choice.texts))
            events += self._parts.open(key, Text(""), number)
            index = self._parts.index_of(key)
            assert index is not None
        choice.texts.append(text)
        events.append(ev.TextDelta(index, text, logprobs))

    def _thought(self, text: str, signature: Any, choice: _Choice, number: int, events: list[ev.Event]) -> None:
        self._sign_text(choice, number, events)
        key = ("thought", number)
        index = self._parts.index_of(key)
        if index is None:
            if not text and not signature:
                return
            events += self._parts.open(key, Thinking("", extras={"gemini": {"thought": True}}), number)
            index = self._parts.index_of(key)
            assert index is not None
        if text:
            events.append(ev.ThinkingDelta(index, text))
        if signature:
            events.append(ev.SignatureDelta(index, Signature(AUTHOR, str(signature))))
            events += self._parts.stop(key)

    def _call(self, call: dict[str, Any], signature: Any, choice: _Choice, number: int, events: list[ev.Event]) -> None:
        if choice.partial is not None and not call.get("name"):
            choice.partial.add(call)
            if not call.get("willContinue"):
                self._end_partial(choice, number, events)
            return
        self._end_partial(choice, number, events)
        if call.get("willContinue") or call.get("partialArgs"):
            choice.partial = PartialCall(call, signature)
            if not call.get("willContinue"):
                self._end_partial(choice, number, events)
            return
        self._whole_call(call, signature, choice, number, events)

    def _end_partial(self, choice: _Choice, number: int, events: list[ev.Event]) -> None:
        partial, choice.partial = choice.partial, None
        if partial is not None:
            self._whole_call(partial.whole(), partial.signature, choice, number, events)

    def _whole_call(
        self, call: dict[str, Any], signature: Any, choice: _Choice, number: int, events: list[ev.Event]
    ) -> None:
        self._sign_text(choice, number, events)
        choice.calls = True
        given = call.get("id")
        if not isinstance(given, str) or not given or given in self._ids:
            given = "call_" + secrets.token_hex(12)
        self._ids.add(given)
        name = str(call.get("name") or "")
        if self._names is not None:
            name = self._names.from_wire(name)
        key = ("call", given)
        events += self._parts.stop_prose(number)
        events += self._parts.open(key, ToolCall(given, name), number)
        index = self._parts.index_of(key)
        assert index is not None
        if signature:
            events.append(ev.SignatureDelta(index, Signature(AUTHOR, str(signature))))
        events.append(ev.ArgumentsDelta(index, arguments_text(call.get("args"))))
        events += self._parts.stop(key)

    def _sign_text(self, choice: _Choice, number: int, events: list[ev.Event]) -> None:
        """A signature that stood on text, as an empty Thinking behind it.

        It is held until the text is over, since annotations of the last chunk must still reach the text part.
        """
        value, choice.text_signature = choice.text_signature, None
        if value is None:
            return
        key = ("signature", number)
        events += self._parts.open(key, Thinking("", extras={"gemini": {"on": "text"}}), number)
        index = self._parts.index_of(key)
        assert index is not None
        events.append(ev.SignatureDelta(index, Signature(AUTHOR, value)))
        events += self._parts.stop(key)

    def _annotate(self, choice: _Choice, number: int, events: list[ev.Event]) -> None:
        if not (choice.grounding or choice.citations or choice.url_context):
            return
        key = ("text", number)
        if self._parts.index_of(key) is None:
            choice.before = sum(map(len, choice.texts))
            events += self._parts.open(key, Text(""), number)
        index, part = self._parts.index_of(key), self._parts.part_of(key)
        assert index is not None and isinstance(part, Text)
        kept = {
            "groundingMetadata": choice.grounding,
            "citationMetadata": {"citations": choice.citations} if choice.citations else None,
            "urlContextMetadata": choice.url_context,
        }
        part.extras["gemini"] = {name: value for name, value in kept.items() if value}
        found = annotations_of(choice.grounding, choice.citations, "".join(choice.texts), choice.before)
        events.extend(ev.Annotation(index, annotation) for annotation in found)


def _meaningful(part: dict[str, Any]) -> bool:
    plain = ("text", "thought", "thoughtSignature")
    return any(value is not None and key not in plain for key, value in part.items())


def arguments_text(args: Any) -> str:
    """JSON text of an object; text that is one already stays."""
    if isinstance(args, str):
        return args if args.strip().startswith("{") else "{}"
    return dumps(args).decode() if isinstance(args, dict) else "{}"
