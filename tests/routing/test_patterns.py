from __future__ import annotations

import time

import pytest

from gateway.routing.patterns import best_match, literal_count, matches


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("gpt-4o", "gpt-4o"),
        ("*", ""),
        ("*", "anything/at:all"),
        ("gpt-*", "gpt-"),
        ("gpt-*", "gpt-4o"),
        ("*-pro", "gemini-pro"),
        ("a*a", "aa"),
        ("a*a", "abca"),
        ("a**b", "ab"),
        ("*mini*", "gpt-4o-mini-2024"),
        ("a*b*c", "axbybzc"),
        ("*b*", "b"),
        ("claude-*-4-5*", "claude-opus-4-5-20251101"),
        ("ab*ba", "abba"),
        ("a*b*b", "abb"),
        ("", ""),
    ],
)
def test_fits(pattern: str, name: str) -> None:
    assert matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("a*a", "a"),
        ("ab*ba", "aba"),
        ("gpt-*", "gpt"),
        ("gpt-*", "GPT-4"),
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4o", "gpt"),
        ("*-pro", "gemini-pro-high"),
        ("a*b*c", "acb"),
        ("a*b*b", "ab"),
        ("*ab*ba*", "aba"),
        ("gpt-?", "gpt-4"),
        ("gpt.4", "gpt-4"),
        ("[a]*", "a"),
        ("", "a"),
        ("a*", " a"),
    ],
)
def test_does_not_fit(pattern: str, name: str) -> None:
    assert not matches(pattern, name)


def test_literals_are_counted_without_stars() -> None:
    assert [literal_count(each) for each in ("*", "a*b**", "gpt-4o")] == [0, 2, 6]


@pytest.mark.parametrize(
    ("patterns", "name", "best"),
    [
        (["gpt-4*", "gpt-4o*"], "gpt-4o", "gpt-4o*"),
        (["gpt-4o*", "gpt-4*"], "gpt-4o", "gpt-4o*"),
        (["*", "gpt-4o", "gpt-4o*"], "gpt-4o", "gpt-4o"),
        (["gpt-*-mini", "gpt-4o*min*"], "gpt-4o-mini", "gpt-*-mini"),
        (["ab*", "*bc"], "abc", "ab*"),
        (["*bc", "ab*"], "abc", "*bc"),
        (["*"], "x", "*"),
        (["GPT-*", "gpt-5*"], "gpt-4", None),
        ([], "x", None),
        (["a*", "a"], "a", "a"),
        (["a*"], "a*", "a*"),
    ],
)
def test_who_wins(patterns: list[str], name: str, best: str | None) -> None:
    assert best_match(patterns, name) == best


def test_a_wicked_pattern_costs_little() -> None:
    began = time.monotonic()
    assert not matches("*a" * 40 + "b", "a" * 4000)
    assert time.monotonic() - began < 2
