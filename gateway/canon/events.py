"""How an answer arrives: eleven small events.

Part indexes grow over the whole answer and are never reused. A text, thinking or refusal part is closed before
another begins; several tool calls may be open at once (some providers interleave their arguments). `choice` tells
parallel candidates apart (OpenAI `n`, Gemini `candidateCount`). See `grammar` for the legal order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gateway.canon.fault import Fault
from gateway.canon.parts import Part, Signature
from gateway.canon.usage import Usage


@dataclass(slots=True)
class Start:
    """The provider has begun. `id` and `model` are the provider's own words ("" when it gave none)."""

    id: str = ""
    model: str = ""
    created: int | None = None


@dataclass(slots=True)
class PartStart:
    """A part opens. Deltas fill `part`; Media and Opaque come whole in it."""

    index: int
    part: Part
    choice: int = 0


@dataclass(slots=True)
class TextDelta:
    """Text of a Text or Refusal part; `logprobs` as in Text."""

    index: int
    text: str
    logprobs: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class ThinkingDelta:
    index: int
    text: str


@dataclass(slots=True)
class SignatureDelta:
    """The seal of a Thinking part or ToolCall, whole. May come on an otherwise empty thinking part."""

    index: int
    signature: Signature


@dataclass(slots=True)
class ArgumentsDelta:
    index: int
    text: str


@dataclass(slots=True)
class Annotation:
    """A citation on a Text part, in OpenAI's `url_citation` shape where the provider's can be said so."""

    index: int
    annotation: dict[str, Any]


@dataclass(slots=True)
class PartStop:
    index: int


@dataclass(slots=True)
class UsageUpdate:
    """Cumulative: the last one is the truth, they are never summed."""

    usage: Usage


FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "other"]


@dataclass(slots=True)
class Finish:
    """A choice is complete. `raw` is the provider's own word; `stop_sequence` the one that matched, if told.

    Finish events come last, after the final UsageUpdate, one for every choice.
    """

    reason: FinishReason
    raw: str | None = None
    stop_sequence: str | None = None
    choice: int = 0


@dataclass(slots=True)
class Failure:
    """The answer broke. Nothing follows."""

    fault: Fault


Event = (
    Start
    | PartStart
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | ArgumentsDelta
    | Annotation
    | PartStop
    | UsageUpdate
    | Finish
    | Failure
)
