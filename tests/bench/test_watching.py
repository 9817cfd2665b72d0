"""That both candidates answer is shown by test_bench.py, whose run ends with 1 if one does not."""

from __future__ import annotations

from bench.scenarios import SCENARIOS
from bench.watching import MEASURED, Watching, lines


def test_the_difference_is_told() -> None:
    head, line = lines(Watching({"whole": (300.0, 40.4)}, 0))
    assert "60" in head and line.split() == ["whole", "300", "off", "340", "on", "+40"]


def test_what_is_measured_is_there() -> None:
    assert len(MEASURED) == 2 and set(MEASURED) < set(SCENARIOS)
