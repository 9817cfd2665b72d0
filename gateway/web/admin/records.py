"""The records as the pages ask them: beside the hub, and without an error page when there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.config.model import Config
from gateway.monitoring.statistics import Statistics
from gateway.upstreams.offload import offload

Found = TypeVar("Found")


class RecordsDesk:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._statistics: Statistics | None = None

    def ask(self, question: Callable[[Statistics], Found]) -> tuple[Found | None, str]:
        """(the answer, ""), or (None, why there is none in words)."""
        try:
            return offload(lambda: question(self._open())), ""
        except LookupError as error:
            return None, str(error)
        except Exception as error:  # whatever a driver raises; the pages are there for days like these
            origin = getattr(error, "orig", None) or error
            self._statistics = None
            return None, f"the records cannot be read: {type(origin).__name__}"

    def _open(self) -> Statistics:
        if self._statistics is None:
            self._statistics = Statistics(self._config.records, self._config.data_dir)
        return self._statistics
