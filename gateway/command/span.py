"""Spans of time as people write them on a command line: 90s, 15m, 24h, 7d, 2w."""

from __future__ import annotations

import re
from typing import Any

import click

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Span(click.ParamType[float]):
    """Gives seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", value.strip())
        if found is None:
            self.fail(f"{value!r} is no span of time: write 90s, 15m, 24h, 7d or 2w", param, ctx)
        return float(found[1]) * SECONDS[found[2]]


SPAN = Span()
