"""Reads dragoman.toml; a syntax error becomes a problem with its line and column."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from gateway.config.problems import ConfigError, Problem

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(path: Path) -> dict[str, Any]:
    """The document; raises ConfigError with one problem when the file cannot be read or parsed.

    A byte order mark (Windows Notepad writes one) is skipped. Syntax: https://toml.io/en/v1.0.0
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(path, f"is not UTF-8 text (byte {error.start})", "Save the file as UTF-8") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _fault(path, f"cannot be read: {reason}", "Check the path and the file's permissions") from None
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _POSITION.search(message)
        if found and found[1]:
            line, column = int(found[1]), int(found[2])
        else:
            lines = text.splitlines() or [""]
            line, column = len(lines), len(lines[-1]) + 1
        reason = _POSITION.sub("", message)
        remedy = "Correct that line; strings need double quotes, true and false are lower case"
        raise _fault(path, f"line {line}, column {column}: {reason}", remedy) from None


def _fault(path: Path, message: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(str(path), message, remedy)])
