"""What is left of an account's allowance for a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Quota:
    """`remaining` is a fraction from 0 to 1, None when the provider does not tell; `resets_at` time.time() seconds, 0
    when not told; `read_at` when it was asked."""

    model: str
    remaining: float | None
    resets_at: float = 0.0
    read_at: float = 0.0
