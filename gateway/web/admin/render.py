"""Templates, always escaped: names of models, accounts and keys are other people's words."""

from __future__ import annotations

import time
from typing import Any

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway import __version__

PAGES = (
    ("", "Overview"),
    ("accounts", "Accounts"),
    ("requests", "Requests"),
    ("usage", "Usage"),
    ("keys", "Keys"),
    ("explain", "Explain"),
    ("playground", "Playground"),
    ("settings", "Settings"),
)


class Renderer:
    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("gateway.web.admin"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters.update(
            count=count, money=money, seconds=seconds, moment=moment, iso=iso, left=left, share=share, clock=clock
        )
        self._templates.globals.update(pages=PAGES, version=__version__)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(template).render(**values)
        return Response(text, status, content_type="text/html; charset=utf-8")


def count(value: float | None) -> str:
    """1234567 -> 1,234,567; unknown ones are a dash."""
    return "–" if value is None else f"{value:,.0f}"


def money(value: float | None) -> str:
    """US dollars, small sums with more digits."""
    if value is None:
        return "–"
    if 0 < value < 0.0001:
        return "<$0.0001"
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.4f}"


def seconds(value: float | None) -> str:
    """0.123 -> 123 ms, 12.3 -> 12.3 s, 600 -> 10 min."""
    if value is None:
        return "–"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.0f} min"


def moment(at: float) -> str:
    """In the gateway's time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def clock(at: float) -> str:
    """The time alone for today, else with the day."""
    then, now = time.localtime(at), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%b %d, %H:%M", then)


def iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def left(value: float) -> str:
    """How long still: 42 s, 3 min 20 s, 2 h 5 min."""
    whole = max(round(value), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def share(value: float) -> str:
    return f"{value:.0%}"
