"""Pieces of one choice of an answer (a `delta`, or a whole `message`) to events.

Besides OpenAI's own fields: `reasoning_content` (DeepSeek and most others), `reasoning`, `reasoning_details`
and `images` (OpenRouter), `content` as a list (Mistral), `extra_content` (Gemini's compatible endpoint).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.canon import events as ev
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Media, Refusal, Text, Thinking
from gateway.protocols.chat.answer_calls import Calls
from gateway.protocols.chat.citations import read_annotation
from gateway.protocols.chat.data_url import media_url_complaint
from gateway.protocols.chat.part_reader import media_of_url
from gateway.protocols.names import NameMap
from gateway.protocols.placed import moved
from gateway.protocols.token_logprobs import read_entries

_ORDINARY = frozenset({"role", "content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call"})

_SPOKEN = ("data", "transcript")


class ChoicePieces:
    """Everything one choice says, in order. `finish` is the provider's own word once it was told."""

    def __init__(self, number: int, parts: OpenParts, names: NameMap | None) -> None:
        self.number = number
        self.finish: str | None = None
        self.stop_sequence: str | None = None
        self.refused = False
        self.calls = Calls(number, parts, names)
        self._parts = parts
        self._text = (number, "text")
        self._said = self._begun = 0  # characters of text, in all and before the open part
        self._sounding = False
        self._audio: dict[str, list[str]] = {}
        self._told: dict[str, Any] = {}

    def piece(self, delta: dict[str, Any], logprobs: Any = None) -> list[ev.Event]:
        content = delta.get("content")
        events: list[ev.Event] = []
        for field, thought in _thoughts(delta):
            events += self._thought(thought, field)
        if content:
            if type(content) is str:
                events += self._say(content, logprobs)
            else:
                for kind, words in _listed(content):
                    events += self._thought(words, "content") if kind == "thinking" else self._say(words, None)
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            events += self._refuse(refusal)
        if not _ORDINARY.issuperset(delta):
            for annotation in _dicts(delta.get("annotations")):
                events += self._annotate(annotation)
            for image in _dicts(delta.get("images")):
                events += self._picture(image)
            if isinstance(delta.get("audio"), dict):
                self._hear(delta["audio"])
        if "tool_calls" in delta or "function_call" in delta:
            events += self.calls.pieces(delta)
        return events

    def more_text(self, words: str) -> ev.TextDelta | None:
        """More for the text that is open; None when none is."""
        index = self._parts.index_of(self._text)
        if index is None:
            return None
        self._said += len(words)
        return ev.TextDelta(index, words)

    def close(self) -> list[ev.Event]:
        """All parts of this choice come to their end."""
        events = self._parts.stop_prose(self.number)
        events += self.calls.close()
        if self._sounding:
            self._sounding = False
            told = {**self._told, "transcript": "".join(self._audio.get("transcript", ()))}
            media = Media("audio", data="".join(self._audio.get("data", ())), extras={"chat": {"audio": told}})
            events += self._parts.whole(media, self.number)
        return events

    def _say(self, words: str, logprobs: Any) -> list[ev.Event]:
        index = self._parts.index_of(self._text)
        begun, self._said = self._said, self._said + len(words)
        if index is not None and logprobs is None:
            return [ev.TextDelta(index, words)]
        events: list[ev.Event] = []
        if index is None:
            self._begun = begun
            events = self._parts.open(self._text, Text(""), self.number)
            index = self._parts.index_of(self._text)
            assert index is not None
        events.append(ev.TextDelta(index, words, read_entries(logprobs)))
        return events

    def _thought(self, words: str, field: str) -> list[ev.Event]:
        key = (self.number, "thinking")
        events: list[ev.Event] = []
        if self._parts.index_of(key) is None:
            extras = {"chat": {"field": field if field in ("reasoning", "reasoning_content") else "reasoning_content"}}
            events = self._parts.open(key, Thinking("", extras=extras), self.number)
        index = self._parts.index_of(key)
        assert index is not None
        return [*events, ev.ThinkingDelta(index, words)]

    def _refuse(self, words: str) -> list[ev.Event]:
        key = (self.number, "refusal")
        self.refused = True
        events: list[ev.Event] = []
        if self._parts.index_of(key) is None:
            events = self._parts.open(key, Refusal(""), self.number)
        index = self._parts.index_of(key)
        assert index is not None
        return [*events, ev.TextDelta(index, words)]

    def _annotate(self, annotation: dict[str, Any]) -> list[ev.Event]:
        events: list[ev.Event] = []
        if self._parts.index_of(self._text) is None:
            self._begun = self._said
            events = self._parts.open(self._text, Text(""), self.number)
        index = self._parts.index_of(self._text)
        assert index is not None
        return [*events, ev.Annotation(index, moved(read_annotation(annotation), -self._begun))]

    def _picture(self, image: dict[str, Any]) -> list[ev.Event]:
        holder = image.get("image_url")
        url = holder.get("url") if isinstance(holder, dict) else holder
        if not isinstance(url, str) or media_url_complaint(url):
            return []
        media = media_of_url(url)
        media.extras = {"chat": {"images": True}}
        return self._parts.whole(media, self.number)

    def _hear(self, audio: dict[str, Any]) -> None:
        """Sound comes in pieces and is one part at the end."""
        self._sounding = True
        for field, value in audio.items():
            if field in _SPOKEN:
                if isinstance(value, str):
                    self._audio.setdefault(field, []).append(value)
            elif value is not None:
                self._told[field] = value


def _thoughts(delta: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """OpenRouter says the same in `reasoning` and `reasoning_details`: the first that speaks is heard."""
    for field in ("reasoning_content", "reasoning"):
        thought = delta.get(field)
        if isinstance(thought, str) and thought:
            yield field, thought
            return
    if "reasoning_details" in delta:
        for detail in _dicts(delta["reasoning_details"]):
            words = detail.get("text") or detail.get("summary")
            if isinstance(words, str) and words:
                yield "reasoning_details", words


def _listed(content: Any) -> Iterator[tuple[str, str]]:
    """("text" or "thinking", words) of a content that is no string."""
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, str):
            yield "text", item
        elif isinstance(item, dict):
            kind = "thinking" if item.get("type") == "thinking" else "text"
            words = item.get("thinking") if kind == "thinking" else item.get("text")
            if isinstance(words, list):
                words = "".join(str(inner["text"]) for inner in _dicts(words) if inner.get("text"))
            if isinstance(words, str) and words:
                yield kind, words


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
