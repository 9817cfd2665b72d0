"""How the lines of the log look and which are written, on every server; the lines of requests are the recorder's."""

from __future__ import annotations

import json
import logging

NAMES = ("dragoman", "gunicorn.error")
TEXT = "%(asctime)s %(levelname)s %(message)s"
DATE = "%Y-%m-%d %H:%M:%S"


class JsonLine(logging.Formatter):
    """One object a line, like the recorder's: `at` is Unix seconds."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        return json.dumps({"at": record.created, "level": record.levelname.lower(), "message": message})


def formatter(form: str) -> logging.Formatter:
    """`form` is "text" or "json"."""
    return JsonLine() if form == "json" else logging.Formatter(TEXT, DATE)


def worded(form: str) -> None:
    """Every line from now on as `form` says."""
    for handler in [handler for name in NAMES for handler in logging.getLogger(name).handlers]:
        handler.setFormatter(formatter(form))


def levelled(level: str) -> None:
    """Lines below `level` ("debug", "info", "warning", "error") are left out from now on."""
    for name in NAMES:
        logging.getLogger(name).setLevel(level.upper())
