"""Token counts in counters that do not overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Usage:
    """Tokens of one answer.

    `input` was read fresh, `cache_read` came from the provider's cache, `cache_write` was read fresh and written
    to it; `output` is visible output, `reasoning` thinking. A provider that does not tell a counter leaves it 0;
    `raw` keeps the provider's own object. `cache_write_1h` is the part of `cache_write` kept for an hour (Anthropic).
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cache_write_1h: int = 0
    raw: dict[str, Any] | None = None

    @property
    def prompt_total(self) -> int:
        return self.input + self.cache_read + self.cache_write

    @property
    def output_total(self) -> int:
        return self.output + self.reasoning

    @property
    def total(self) -> int:
        return self.prompt_total + self.output_total


def count(value: Any) -> int:
    """A token count from a provider's JSON, 0 for what is no non-negative number (some send null or strings)."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return max(value, 0)
    if isinstance(value, float) and value == value and abs(value) < 1e15:
        return max(int(value), 0)
    if isinstance(value, str) and value.isdigit() and len(value) < 16:
        return int(value)
    return 0
