"""One official SDK as the contract tests use it: `ask` in, `Reply` out, everything judged by the SDK's own types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tests.contract.ask import Ask, Reply

KEY = "sk-contract"
TIMEOUT_S = 20.0


class Sdk(Protocol):
    """`name` as in test ids; `dialect` the wire dialect it speaks; `able` what its protocol can say: "system",
    "middle" (instructions after the first user turn), "tools", "images", "schema", "thinking", "stop", "seed",
    "penalties", "top_k". `words`: the house's finish reason -> its own words (any of them is right). `error`: its
    class of errors that have a status; `broken`: what it raises when a stream breaks."""

    name: str
    dialect: str
    able: frozenset[str]
    words: dict[str, tuple[str, ...]]
    error: type[Exception]
    broken: tuple[type[Exception], ...]

    def ask(self, ask: Ask, model: str, stream: bool) -> Reply: ...

    def status(self, error: Exception) -> int: ...


class Heard:
    """Remembers the headers of the last response."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def __call__(self, response: Any) -> None:
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    @property
    def hooks(self) -> dict[str, list[Callable[[Any], None]]]:
        return {"response": [self]}
