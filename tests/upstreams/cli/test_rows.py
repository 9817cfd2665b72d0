"""Every row of our papers on clinvoker and Timeweb's agents is named by a test, or by a decision not to follow it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROWS = [
    "CL-R1", "CL-R2", "CL-R3", "CL-R4", "CL-R5", "CL-R6", "CL-R7", "CL-R8", "CL-R9", "CL-R10", "CL-R11", "CL-R12",
    "CL-R13", "CL-R14", "CL-R15", "CL-R16", "CL-R17", "CL-R18", "CL-R19", "CL-R20", "CL-P1", "CL-P2", "CL-P3",
    "CL-P4", "CL-P5", "CL-X1", "CL-X2", "CL-X3", "CL-X4", "CL-X5", "CL-X6", "CL-X7", "CL-X8", "CL-X9", "CL-X10",
    "CL-X11", "CL-X12", "CL-X13", "CL-Y1", "CL-Y2", "CL-Y3", "CL-Y4", "CL-Y5", "CL-Y6", "CL-Y7", "CL-Z1", "CL-Z2",
    "CL-Z3", "CL-Z4", "CL-Z5", "CL-Z6", "CL-Z7", "TW-1", "TW-2", "TW-3", "TW-4", "TW-5", "TW-6", "TW-7", "TW-8",
    "TW-9", "TW-10", "TW-11", "TW-12", "TW-13", "TW-14",
]  # fmt: skip
LEFT_OUT = ["CL-R4", "CL-R20", "CL-X4", "CL-Y7", "CL-Z1", "CL-Z2", "CL-Z3", "CL-Z4", "CL-Z5", "CL-Z7"]
"""Those for which nothing is there to test."""
ROW = re.compile(r"\b(?:CL-[RPXYZ]|TW-)\d+\b")
DECIDED = re.compile(r"^\| ((?:CL-[RPXYZ]|TW-)\d+) \| .{20,} \|$", re.M)


@cache
def named() -> dict[str, str]:
    """Row -> a test whose docstring names it."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for row in ROW.findall(ast.get_docstring(node) or ""):
                    found.setdefault(row, f"{file.name}::{node.name}")
    return found


@cache
def decided() -> frozenset[str]:
    pages = (file.read_text(encoding="utf-8") for file in (ROOT / "docs" / "decisions").glob("*.md"))
    return frozenset(row for page in pages for row in DECIDED.findall(page))


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_kept_or_declined(row: str) -> None:
    if row in LEFT_OUT:
        assert row in decided(), f"{row}: no line in docs/decisions/ says why it is left out"
    else:
        assert row in named(), f"{row}: no test's docstring names it"


def test_no_row_is_named_that_is_not_there() -> None:
    assert not (named().keys() | decided()) - set(ROWS)
