"""What reached a provider, read from its recorded body in the provider's own words and judged by its SDK's types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.contract.ask import Use


@dataclass(slots=True)
class SeenResult:
    """`name` where the dialect tells it, else ""."""

    id: str
    name: str
    text: str
    failed: bool = False


@dataclass(slots=True)
class Seen:
    """`instructions`: system and developer texts wherever the dialect puts them; `turns`: (role, text) of the others,
    role user or assistant; `rounds`: the results of each message that holds some; `knobs` by OpenAI's names;
    `choice` as in Ask; `pictures` (mime, base64)."""

    instructions: list[str] = field(default_factory=list)
    turns: list[tuple[str, str]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    rounds: list[list[SeenResult]] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)
    knobs: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, Any] = field(default_factory=dict)
    choice: str = ""
    schema: Any = None

    @property
    def results(self) -> list[SeenResult]:
        return [result for round_of in self.rounds for result in round_of]


Read = Callable[[dict[str, Any]], Seen]
