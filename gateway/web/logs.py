"""gunicorn's logger, shared with the gateway's own: one format, no access log (the recorder writes its own line)."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger


class Logger(GunicornLogger):  # type: ignore[misc]
    error_fmt = "%(asctime)s %(levelname)s %(message)s"
    datefmt = "%Y-%m-%d %H:%M:%S"

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        own = logging.getLogger("dragoman")
        own.handlers = list(self.error_log.handlers)
        own.setLevel(self.error_log.level)
        own.propagate = False
