"""A Report as text."""

from __future__ import annotations

from collections.abc import Iterator

from bench.measure import Figures, Report

HEAD = (
    f"{'':12}{'req/s':>9}{'chunks/s':>10}{'CPU us/req':>12}{'us/chunk':>10}{'x reference':>13}"
    f"{'p50 ms':>9}{'p99 ms':>9}{'added p50':>11}{'p99':>8}{'RSS MB':>8}{'errors':>8}"
)


def lines(report: Report) -> Iterator[str]:
    yield f"{'':12}{'start s':>9}{'idle MB':>10}"
    for name, started in report.started.items():
        if started["start_s"]:
            yield f"{name:12}{started['start_s']:9.2f}{started['idle_mb']:10.0f}"
    for scenario, row in report.figures.items():
        yield ""
        yield scenario
        yield HEAD
        for name, figures in row.items():
            yield _line(name, figures)
            if figures.first_error:
                yield f"{'':12}{figures.first_error}"


def _line(name: str, f: Figures) -> str:
    return (
        f"{name:12}{f.requests_s:9.0f}{f.chunks_s:10.0f}{_or(f.cpu_request, 12, 0)}{_or(f.cpu_chunk, 10, 1)}"
        f"{_or(f.reference, 13, 1)}{f.p50_ms:9.2f}{f.p99_ms:9.2f}{_or(f.added_p50_ms, 11, 2)}"
        f"{_or(f.added_p99_ms, 8, 2)}{_or(f.rss_mb, 8, 0)}{f.errors:8}"
    )


def _or(value: float | None, width: int, digits: int) -> str:
    return f"{value:{width}.{digits}f}" if value else f"{'-':>{width}}"
