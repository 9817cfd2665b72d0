"""The files of the metrics, as the master process sees them: it must stay small and loads no Prometheus."""

from __future__ import annotations

from pathlib import Path

FOLDER = "metrics"


def clear(folder: Path) -> None:
    """A new start counts from nothing: Prometheus takes that for what it is."""
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def bury(folder: Path, pid: int) -> None:
    """What a worker that has ended did at the moment no longer counts."""
    for file in folder.glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)
