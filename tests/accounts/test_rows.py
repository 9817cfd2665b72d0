"""Every row of what the predecessors do with accounts has a test that names it, or a reason why we do otherwise.

The rows stand in the project's papers on the predecessors (AM-*, A2-*), on subtle details and on failures.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.running import ROOT

REQUIRED = (
    *(f"AM-E{number}" for number in range(1, 24)),
    *(f"AM-U{number}" for number in range(1, 20)),
    *(f"A2-T{number}" for number in range(1, 14)),
    *(f"AM-T{number}" for number in (2, 3, 4, 5, 6, 7, 20, 25)),
    *(f"detail {number}" for number in (1, 5, 9, 18, 21, 22)),
    *(f"failures {number}" for number in (37, 42, 43, 44, 45, 67)),
)
PAGE = ROOT / "docs" / "decisions" / "2026-11-21-code-assist-rows.md"
_ROW = re.compile(r"\b(?:AM|A2)-[A-Z]\d+\b")
_NUMBERED = re.compile(r"\b([Dd]etails?|[Ff]ailures?) (\d+(?:(?:, | and )\d+)*)")


def rows_in(text: str) -> Iterator[str]:
    """ "AM-E1", "detail 5", "failures 37"; lists ("details 1, 5 and 9") one by one."""
    yield from _ROW.findall(text)
    for word, numbers in _NUMBERED.findall(text):
        name = "detail" if word.lower().startswith("detail") else "failures"
        yield from (f"{name} {number}" for number in re.findall(r"\d+", numbers))


@cache
def named() -> dict[str, list[str]]:
    """Row -> the tests whose docstring names it, and the page."""
    found: dict[str, list[str]] = {}
    for row in rows_in(PAGE.read_text()):
        found.setdefault(row, []).append(PAGE.name)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for row in rows_in(ast.get_docstring(node) or ""):
                    found.setdefault(row, []).append(f"{file.relative_to(ROOT)}::{node.name}")
    return found


@pytest.mark.parametrize("row", REQUIRED)
def test_the_row_is_proved_or_explained(row: str) -> None:
    assert named().get(row), f"no test's docstring and no line of {PAGE.name} names {row}"


def test_lists_are_read_one_by_one() -> None:
    assert list(rows_in("A2-T1, AM-U10 and details 1, 5 and 9; failures 37")) == [
        "A2-T1", "AM-U10", "detail 1", "detail 5", "detail 9", "failures 37",
    ]  # fmt: skip
