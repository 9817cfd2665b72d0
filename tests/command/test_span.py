from __future__ import annotations

import click
import pytest

from gateway.command.span import SPAN


@pytest.mark.parametrize(
    ("told", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86400), ("7d", 604800), ("2w", 1209600), ("1.5h", 5400)]
)
def test_spans(told: str, seconds: float) -> None:
    assert SPAN.convert(told, None, None) == seconds
    assert SPAN.convert(seconds, None, None) == seconds


@pytest.mark.parametrize("told", ["", "7", "d", "-1d", "1y", "1h30m"])
def test_what_is_none(told: str) -> None:
    with pytest.raises(click.UsageError, match="7d"):
        SPAN.convert(told, None, None)
