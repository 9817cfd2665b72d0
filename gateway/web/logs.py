"""gunicorn's logger, shared with the gateway's own: one format, no access log (the recorder writes its own line)."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from gunicorn.glogging import Logger as GunicornLogger

from gateway.web.log_lines import DATE, TEXT, worded


class Logger(GunicornLogger):  # type: ignore[misc]
    error_fmt = TEXT
    datefmt = DATE
    form: ClassVar[str] = "text"
    """Set before the master begins to log."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        own = logging.getLogger("dragoman")
        own.handlers = list(self.error_log.handlers)
        own.setLevel(self.error_log.level)
        own.propagate = False
        worded(self.form)
