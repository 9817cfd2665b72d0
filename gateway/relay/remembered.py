"""Thought signatures by call id, for clients that drop them on the tool turn (Cline, the AI SDK's chat providers).

Second of three steps: what the client itself brings back comes first (gateway.protocols.sealing), what no one knows is
left to the upstream's dialect. Remembered is what sealed a tool call: the signature on the call (Gemini) and the sealed
thinking that led to it (Anthropic, whose signature is worth nothing without its text). It is put back into a history
only when the upstream's dialect is of the same author.

Call ids are random and long with every provider that signs, so they are not scoped by client; the tool's name must
agree as well. https://ai.google.dev/gemini-api/docs/thought-signatures,
https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#preserving-thinking-blocks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer
from gateway.canon.dialogue import Dialogue, Turn
from gateway.canon.fold import unfold
from gateway.canon.parts import Part, Signature, Thinking, ToolCall
from gateway.protocols.wire_json import JSONDecodeError, TooDeep, dumps, loads
from gateway.state.store import Store

SPACE = "signatures"
TTL_S = 24 * 3600.0
AUTHORS = frozenset({"anthropic", "gemini"})
"""Whose seals any account can give back. OpenAI's open only for the organisation that made them, and are never
required."""
ENTRY_LIMIT = 1024 * 1024
CALLS_LIMIT = 500
"""How many calls of one history are looked up, the newest ones."""
SETTLE_S = 0.5


@dataclass(slots=True)
class _Thought:
    """Sealed thinking. `ahead`: other content stood between it and the call."""

    part: Thinking
    texts: list[str]
    ahead: bool = False

    def author(self) -> str | None:
        seal = self.part.redacted or self.part.signature
        return seal.author if seal is not None else None


@dataclass(slots=True)
class _Sealed:
    """What sealed one tool call."""

    id: str
    name: str
    signature: Signature | None = None
    thoughts: list[_Thought] = field(default_factory=list)


class Remembered:
    """One per gateway. Never raises; waits for the disk only at the end of an answer that had something to remember.
    Without the store it knows nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def listener(self, *, complete: bool) -> Listener:
        """For the events of one answer as they come. Not `complete`: some events are left out (a stream that passes
        through), so that thinking cannot be had whole and only signatures of calls are remembered."""
        return Listener(self, complete)

    def hear_answer(self, answer: Answer) -> None:
        """A whole answer."""
        if any(isinstance(part, ToolCall) for choice in answer.choices for part in choice.parts):
            Listener(self, True)(unfold(answer))

    def settle(self) -> None:
        """Waits, at most SETTLE_S, until what was kept can be read by all workers and outlives this one: the client
        may come back the moment it knows that its answer is over."""
        if not self._store.why:
            self._store.flush(SETTLE_S)

    def keep(self, sealed: _Sealed) -> bool:
        """Whether there was anything to keep."""
        thoughts = [each for each in sealed.thoughts if each.author() in AUTHORS]
        signature = sealed.signature if sealed.signature is not None and sealed.signature.author in AUTHORS else None
        if not thoughts and signature is None:
            return False
        document = {
            "name": sealed.name,
            "signature": _written(signature),
            "thoughts": [
                {
                    "text": "".join(each.texts),
                    "signature": _written(each.part.signature),
                    "redacted": _written(each.part.redacted),
                    "extras": each.part.extras,
                    "ahead": each.ahead,
                }
                for each in thoughts
            ],
        }
        try:
            value = dumps(document)
        except (TooDeep, TypeError):
            return False
        if len(value) > ENTRY_LIMIT:
            return False
        self._store.put(SPACE, _key(sealed.id), value, TTL_S)
        return True

    def put_back(self, dialogue: Dialogue, author: str) -> Dialogue:
        """The dialogue with what is remembered of its unsealed calls, for an upstream whose signatures are `author`'s.
        The given one is left as it is."""
        if author not in AUTHORS:
            return dialogue
        wanted = [call for turn in dialogue.turns if turn.role == "assistant" for call in _unsealed(turn.parts, author)]
        if not wanted:
            return dialogue
        found = self._store.get_many(SPACE, [_key(call) for call in wanted[-CALLS_LIMIT:]])
        if not found:
            return dialogue
        calls = set(wanted)
        turns = []
        for turn in dialogue.turns:
            known = {
                part.id: sealed
                for part in turn.parts
                if isinstance(part, ToolCall)
                and part.id in calls
                and (value := found.get(_key(part.id))) is not None
                and (sealed := _read(part, value)) is not None
            }
            turns.append(replace(turn, parts=_sealed(turn, known, author)) if known else turn)
        return replace(dialogue, turns=turns)


class Listener:
    """Takes the events of one answer, in their order, in any portions. What was kept is settled at its Finish."""

    __slots__ = ("_complete", "_kept", "_open", "_remembered", "_thoughts")

    def __init__(self, remembered: Remembered, complete: bool) -> None:
        self._remembered = remembered
        self._complete = complete
        self._kept = False
        self._open: dict[int, _Thought | _Sealed] = {}
        self._thoughts: dict[int, list[_Thought]] = {}

    def __call__(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            kind = type(event)
            if kind is ev.TextDelta or kind is ev.ArgumentsDelta:
                continue
            if isinstance(event, ev.ThinkingDelta):
                thought = self._open.get(event.index)
                if isinstance(thought, _Thought):
                    thought.texts.append(event.text)
            elif isinstance(event, ev.SignatureDelta):
                self._signed(event)
            elif isinstance(event, ev.PartStart):
                self._started(event)
            elif self._kept and isinstance(event, ev.Finish):
                self._kept = False
                self._remembered.settle()

    def _started(self, event: ev.PartStart) -> None:
        part = event.part
        if isinstance(part, Thinking):
            if self._complete:
                thought = self._open[event.index] = _Thought(replace(part), [part.text])
                self._thoughts.setdefault(event.choice, []).append(thought)
        elif isinstance(part, ToolCall):
            thoughts = [each for each in self._thoughts.pop(event.choice, ()) if each.author() is not None]
            sealed = self._open[event.index] = _Sealed(part.id, part.name, part.signature, thoughts)
            self._kept = self._remembered.keep(sealed) or self._kept
        else:
            for each in self._thoughts.get(event.choice, ()):
                each.ahead = True

    def _signed(self, event: ev.SignatureDelta) -> None:
        signed = self._open.get(event.index)
        if isinstance(signed, _Thought):
            signed.part.signature = event.signature
        elif signed is not None:
            signed.signature = event.signature
            self._kept = self._remembered.keep(signed) or self._kept


def _unsealed(parts: Sequence[Part], author: str) -> list[str]:
    """Ids of the calls that bring no seal: neither on themselves nor on thinking of `author` since the call before."""
    found: list[str] = []
    sealed = False
    for part in parts:
        if isinstance(part, ToolCall):
            if part.signature is None and not sealed:
                found.append(part.id)
            sealed = False
        elif isinstance(part, Thinking):
            seal = part.redacted or part.signature
            sealed = sealed or (seal is not None and seal.author == author)
    return found


def _sealed(turn: Turn, known: dict[str, _Sealed], author: str) -> list[Part]:
    """The parts of a turn with the seals of `author` on the `known` calls."""
    parts: list[Part] = []
    begin = 0
    for part in turn.parts:
        if isinstance(part, ToolCall):
            sealed = known.get(part.id)
            if sealed is not None:
                thoughts = [each for each in sealed.thoughts if each.author() == author]
                if thoughts:
                    # What the client kept of the thinking is its bare text, which no author takes back.
                    between = [each for each in parts[begin:] if not _bare(each)]
                    ahead = [each.part for each in thoughts if each.ahead]
                    parts[begin:] = [*ahead, *between, *(each.part for each in thoughts if not each.ahead)]
                if sealed.signature is not None and sealed.signature.author == author:
                    part = replace(part, signature=sealed.signature)
            parts.append(part)
            begin = len(parts)
        else:
            parts.append(part)
    return parts


def _bare(part: Part) -> bool:
    return isinstance(part, Thinking) and part.signature is None and part.redacted is None


def _key(call_id: str) -> str:
    """Ids of any length and content make a key of a bounded one."""
    if len(call_id) <= 128 and call_id.isascii() and call_id.isprintable():
        return call_id
    return "sha256:" + hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()


def _written(signature: Signature | None) -> list[str] | None:
    return None if signature is None else [signature.author, signature.value]


def _read(call: ToolCall, value: bytes) -> _Sealed | None:
    """None for what another version wrote in another way, or for another tool's call."""
    try:
        document = loads(value)
        if document["name"] != call.name:
            return None
        return _Sealed(call.id, call.name, _signature(document["signature"]), list(map(_thought, document["thoughts"])))
    except (JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _thought(document: dict[str, Any]) -> _Thought:
    part = Thinking(
        document["text"], _signature(document["signature"]), _signature(document["redacted"]), document["extras"]
    )
    return _Thought(part, [part.text], document["ahead"])


def _signature(told: list[str] | None) -> Signature | None:
    if told is None:
        return None
    author, value = told
    return Signature(author, value)
