from __future__ import annotations

import time

import pytest

from gateway.web.admin.render import clock, count, left, money, seconds


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (count(1234567), "1,234,567"),
        (count(None), "–"),
        (money(None), "–"),
        (money(0), "$0.00"),
        (money(0.00001), "<$0.0001"),
        (money(0.0123), "$0.0123"),
        (money(1234.5), "$1,234.50"),
        (seconds(0.0204), "20 ms"),
        (seconds(0.9999), "1.0 s"),
        (seconds(12.34), "12.3 s"),
        (seconds(600), "10 min"),
        (left(-3), "0 s"),
        (left(59.4), "59 s"),
        (left(200), "3 min 20 s"),
        (left(7500), "2 h 5 min"),
    ],
)
def test_words(said: str, expected: str) -> None:
    assert said == expected


def test_the_day_is_told_of_other_days_only() -> None:
    now = time.time()
    assert len(clock(now)) == 8 and clock(now - 3 * 86400).count(",") == 1
