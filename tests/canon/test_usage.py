from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.usage import Usage, count


def test_counters_do_not_overlap() -> None:
    usage = Usage(input=5, output=158, cache_read=100, cache_write=10, reasoning=1213)
    assert (usage.prompt_total, usage.output_total, usage.total) == (115, 1371, 1486)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (7, 7),
        (7.9, 7),
        ("7", 7),
        (0, 0),
        (-3, 0),
        (-3.5, 0),
        (True, 0),
        (None, 0),
        ("7.5", 0),
        ("many", 0),
        ([7], 0),
        (float("nan"), 0),
        (float("inf"), 0),
        (1e300, 0),
        ("9" * 100, 0),
        ({}, 0),
    ],
)
def test_what_providers_send_for_a_count(told: Any, meant: int) -> None:
    assert count(told) == meant
