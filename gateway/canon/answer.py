"""The answer whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.canon.events import Finish
from gateway.canon.parts import Part
from gateway.canon.usage import Usage


@dataclass(slots=True)
class Choice:
    """One candidate: its parts in order and how it ended."""

    parts: list[Part]
    finish: Finish


@dataclass(slots=True)
class Answer:
    """`id`, `model`, `created` are the provider's own words; `usage` None when the provider told nothing."""

    id: str = ""
    model: str = ""
    created: int | None = None
    choices: list[Choice] = field(default_factory=list)
    usage: Usage | None = None
