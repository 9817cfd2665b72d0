"""What a client asks and what it got, in no protocol's words: the middle of every contract test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Said:
    """A text turn."""

    role: Literal["system", "developer", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A user turn of words and a picture; `data` is base64."""

    text: str
    data: str
    mime: str = "image/png"


@dataclass(frozen=True, slots=True)
class Use:
    """One call in the history, or one the answer makes."""

    id: str
    name: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Called:
    """An assistant turn of calls."""

    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Result:
    use: Use
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """The client's answers to calls, all of one round."""

    results: tuple[Result, ...]


Turn = Said | Shown | Called | Results


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    description: str = "does it"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})


@dataclass(frozen=True, slots=True)
class Ask:
    """`knobs` by OpenAI's names, `max_tokens` for the limit. `choice`: auto, none, required, or a function's name."""

    turns: tuple[Turn, ...] = (Said("user", "hello"),)
    knobs: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Function, ...] = ()
    choice: str = ""
    schema: Mapping[str, Any] | None = None
    thinking: bool = False


@dataclass(slots=True)
class Reply:
    """`finish` in the protocol's own word; `usage` (prompt, completion with thinking)."""

    text: str = ""
    thinking: str = ""
    refusal: str = ""
    uses: list[Use] = field(default_factory=list)
    finish: str | None = None
    usage: tuple[int, int] | None = None
    model: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Unfinished(Exception):
    """A stream that ended without error and without the protocol's own end: what a client must never see."""
