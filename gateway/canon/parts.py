"""Parts: what a turn or an answer is made of.

Every part may carry `extras`, a dict by dialect name ("chat", "responses", "anthropic", "gemini") of fields only
that dialect understands; only that dialect's writer opens them. What no reader understands travels as `Opaque`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Extras = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Signature:
    """A provider's seal on its own thinking, byte-exact, returned only to its author.

    `author` is the dialect family that made it: "anthropic", "gemini" or "openai".
    """

    author: str
    value: str


@dataclass(slots=True)
class Text:
    """`logprobs`: an answer's tokens as OpenAI's entries (token, logprob, bytes, top_logprobs), None where untold."""

    text: str
    annotations: list[dict[str, Any]] = field(default_factory=list)
    extras: Extras = field(default_factory=dict)
    logprobs: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class Thinking:
    """Reasoning text. `signature` seals it; `redacted` is a provider's encrypted block that has no text."""

    text: str
    signature: Signature | None = None
    redacted: Signature | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class Refusal:
    """The model's own words of refusal (OpenAI `refusal`)."""

    text: str
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class ToolCall:
    """A call the model makes. `arguments` is JSON text exactly as it came (or plain text when `freeform`)."""

    id: str
    name: str
    arguments: str = ""
    signature: Signature | None = None
    freeform: bool = False
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class ToolResult:
    """The answer to a call. `name` is the name of the call when the dialect or the history tells it."""

    call_id: str
    name: str | None
    parts: list[Part]
    is_error: bool = False
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class Media:
    """A picture, sound, film or document: exactly one of `data` (base64 text), `url` or `file_id` is set."""

    kind: Literal["image", "audio", "video", "document"]
    mime: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    detail: str | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class Opaque:
    """A block only `dialect` can read; that dialect's writer puts `raw` back untouched, others report a loss."""

    dialect: str
    raw: dict[str, Any]


Part = Text | Thinking | Refusal | ToolCall | ToolResult | Media | Opaque
