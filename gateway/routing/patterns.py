"""Wildcards in model names: `*` stands for any run of characters, case-sensitive."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def matches(pattern: str, name: str) -> bool:
    """Whether the whole of `name` fits; the literals of `pattern` may not overlap ("a*a" does not fit "a")."""
    if "*" not in pattern:
        return pattern == name
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    position, end = len(first), len(name) - len(last)
    for literal in middle:
        found = name.find(literal, position, end)
        if found < 0:
            return False
        position = found + len(literal)
    return True


def literal_count(pattern: str) -> int:
    """How many characters of `pattern` are not a star: the larger, the more specific."""
    return len(pattern) - pattern.count("*")


def best_match(patterns: Iterable[str], name: str) -> str | None:
    """The pattern that wins for `name`: an exact one, else the most literal characters, else the first given."""
    best: str | None = None
    for pattern in patterns:
        if pattern == name:
            return pattern
        if matches(pattern, name) and (best is None or literal_count(pattern) > literal_count(best)):
            best = pattern
    return best
