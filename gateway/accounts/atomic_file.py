"""Replacing a file whole: whoever reads it sees the old one or the new one, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple


class Stamp(NamedTuple):
    """What tells one state of a file from another. All zeros: there is no file."""

    inode: int = 0
    modified_ns: int = 0
    size: int = 0


class Changed(Exception):
    """Somebody else has written the file since it was read."""


class Unreadable(Exception):
    """The file is there and is no JSON; the message says where it breaks off."""


def stamp_of(path: Path) -> Stamp:
    """Raises OSError, but not for a file that is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return Stamp()
    return Stamp(found.st_ino, found.st_mtime_ns, found.st_size)


def read_json(path: Path) -> tuple[Any, Stamp]:
    """The document ({} for a missing or empty file) and the stamp it had. Raises Unreadable, OSError."""
    stamp = stamp_of(path)
    if stamp == Stamp():
        return {}, stamp
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return (json.loads(text) if text.strip() else {}), stamp
    except json.JSONDecodeError as error:
        raise Unreadable(f"{path.name} line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path.name} is not UTF-8 text") from None


def write_json(path: Path, document: Any, *, expected: Stamp | None = None, durable: bool = True) -> Stamp:
    """Writes `document` (mode 0600) beside `path`, syncs it and moves it there; call it under the file's lock.

    Raises Changed when the file is not `expected` any more just before the move, OSError. Leftovers of writers that
    were killed are swept: they hold secrets.
    """
    path = path.resolve()
    for leftover in path.parent.glob(f".{path.name}.*.new"):
        with contextlib.suppress(OSError):
            leftover.unlink()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_encoded(document))
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if expected is not None and stamp_of(path) != expected:
            raise Changed(path.name)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    if durable:
        _sync_folder(path.parent)
    return stamp_of(path)


def _encoded(document: Any) -> bytes:
    try:
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate somewhere in it
        return json.dumps(document, indent=2).encode() + b"\n"


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
