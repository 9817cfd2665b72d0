"""Thinking effort in words and in tokens, one table for every dialect (behaviours A2-K2)."""

from __future__ import annotations

EFFORT_TO_BUDGET: dict[str, int] = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 16000,
    "high": 32000,
    "xhigh": 48000,
    "max": 64000,
}


def budget_of(effort: str) -> int:
    """Tokens for an effort word; an unknown word counts as medium."""
    return EFFORT_TO_BUDGET.get(effort, EFFORT_TO_BUDGET["medium"])


def effort_of(budget: int) -> str:
    """The smallest effort word whose budget is not below `budget`; -1 (dynamic) is medium."""
    if budget < 0:
        return "medium"
    for effort, tokens in EFFORT_TO_BUDGET.items():
        if budget <= tokens:
            return effort
    return "max"
