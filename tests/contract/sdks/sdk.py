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
    """Remembers the body of the last request as the SDK wrote it and the headers of its response."""

    def __init__(self) -> None:
        self.sent = b""
        self.headers: dict[str, str] = {}

    def asked(self, request: Any) -> None:
        self.sent = request.read()

    def answered(self, response: Any) -> None:
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    @property
    def hooks(self) -> dict[str, list[Callable[[Any], None]]]:
        return {"request": [self.asked], "response": [self.answered]}
