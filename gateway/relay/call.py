"""One client request on its way through the relay, and what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gateway.canon.dialogue import Dialogue, Loss, PictureWish
from gateway.canon.pairing import paired
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Dialect
from gateway.protocols.losses import in_words
from gateway.relay.preset import Preset
from gateway.relay.stored import History
from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.call import Call as Waiting

if TYPE_CHECKING:
    from gateway.relay.affinity import Placement
    from gateway.relay.keeper import Keeper

Mode = Literal["passthrough", "wrapped", "translated"]


class Live:
    """The running upstream call of a request, so that somebody else can end it: the client's leaving, or a drain."""

    __slots__ = ("_calls", "_current", "_lock", "reason", "rested")

    def __init__(self) -> None:
        self.reason = ""
        self.rested = 0.0
        """Seconds of pauses before an account was asked again."""
        self._calls: list[Abortable] = []
        self._current: Abortable | None = None
        self._lock = threading.Lock()

    def attach(self, current: Abortable) -> None:
        """The call that is running from now on."""
        with self._lock:
            self._current = current
            self._calls.append(current)
            aborted = bool(self.reason)
        if aborted:
            current.abort()

    def waited(self) -> float | None:
        """Seconds spent waiting for providers, pauses included; None where a call does not tell."""
        waited = self.rested
        for call in self._calls:
            if not isinstance(call, Waiting) or not call.tells:
                return None
            waited += call.waited
        return waited

    def abort(self, reason: Literal["client", "draining"]) -> None:
        """Wakes whoever waits for the upstream. The first reason counts."""
        with self._lock:
            if not self.reason:
                self.reason = reason
            current = self._current
        if current is not None:
            current.abort()


@dataclass(slots=True)
class Attempted:
    """One line of the record: who was tried and what came of it. `began` is time.monotonic(); `provider` the word for
    the upstream's kind, `span` the id of the attempt, both for traces."""

    upstream: str
    account: str
    model: str
    use: str
    outcome: str = ""
    status: int = 0
    seconds: float = 0.0
    began: float = 0.0
    provider: str = ""
    span: str = ""


@dataclass(slots=True)
class Outcome:
    """What headers and the record tell of an answer. `account` is None when headers had to go out before it was
    known; `estimated` says that the provider of an answer told no usage and `usage` is a guess; `affinity` whether the
    account the conversation belongs to has it, "" where there was no choice; `provider_request_id` is what the provider
    calls the request, `trace` its place in a trace as `traceparent` words it, "" for none."""

    mapped_model: str = ""
    upstream: str = ""
    account: str | None = None
    mode: str = ""
    losses: list[Loss] = field(default_factory=list)
    response_headers: dict[str, str] = field(default_factory=dict)
    attempts: list[Attempted] = field(default_factory=list)
    usage: Usage | None = None
    finish: str = ""
    estimated: bool = False
    first_content_s: float | None = None
    affinity: Literal["", "new", "kept", "moved"] = ""
    ended: Literal["", "complete", "cut", "cancelled", "failed"] = ""
    provider_request_id: str = ""
    trace: str = ""


@dataclass(slots=True)
class Call:
    """`body` is the client's JSON object, `raw` its bytes; `asked` the model name the client used; `mount` the URL
    prefix it came by ("/openai", ...); `framing` "array" for Gemini's streamed JSON array; `headers` the client's,
    lower-case names; `deadline` time.monotonic(); `target` the first model of its route (another one is a fallback);
    `preset` what an agent puts in, `presets_own` which wishes are the agent's (once `dialogue` was read); `fetched`
    remote media by URL as (type, base64); `media_checked`: those inside the request were found sound; `history` is what
    a `previous_response_id` stands for, `keeper` what stores the answer; `echoed` is the body as the answer tells it
    where that differs; `query_key` the client's key where the URL has it; `placement` where its conversation belongs;
    `picture` what the asked name says of a picture to be drawn."""

    dialect: Dialect
    body: dict[str, Any]
    raw: bytes
    asked: str
    stream: bool
    deadline: float
    request_id: str = ""
    mount: str = ""
    framing: Literal["sse", "array"] = "sse"
    headers: Mapping[str, str] = field(default_factory=dict)
    live: Live = field(default_factory=Live)
    outcome: Outcome = field(default_factory=Outcome)
    started: float = field(default_factory=time.monotonic)
    target: str = ""
    preset: Preset | None = None
    presets_own: frozenset[str] = frozenset()
    media_checked: bool = False
    fetched: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    history: History | None = None
    keeper: Keeper | None = None
    echoed: dict[str, Any] | None = None
    query_key: str = ""
    placement: Placement | None = None
    picture: PictureWish | None = None
    _dialogue: Dialogue | None = None

    def dialogue(self) -> tuple[Dialogue, list[Loss]]:
        """The request in the common language, its calls and results paired; read once. Raises Malformed, and
        BadRequest when its history is not known."""
        if self._dialogue is None:
            body = self.body if self.history is None else self.history.inlined(self.body)
            dialogue = self.dialect.read_request(body, model=self.asked, stream=self.stream)
            dialogue.turns, losses = paired(dialogue.turns)
            self.outcome.losses = in_words(losses, self.dialect.turn, self.dialect.part)
            if self.preset is not None:
                self.presets_own = self.preset.own(dialogue)
                dialogue = self.preset.applied(dialogue, self.dialect.name)
            self._dialogue = dialogue
        return self._dialogue, self.outcome.losses
