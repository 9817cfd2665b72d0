"""Whether the data folder can be used: asked once at start, so that it is not found out by the first request."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gateway.config.problems import Problem


def unwritable(data_dir: Path) -> Problem | None:
    """Makes the folder (0700) where it is missing and writes a file there. None when that works.

    By trying, not by os.access: a read-only mount and a full disk look writable to that.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=data_dir, prefix=".writable."):
            return None
    except OSError as error:
        who = f"user {os.geteuid()}" if hasattr(os, "geteuid") else "this user"
        owner = f"{os.geteuid()}:{os.getegid()}" if hasattr(os, "geteuid") else "this user"
        return Problem(
            f"the data folder {data_dir}",
            f"cannot be written by {who} ({error.strerror})",
            f"Give it to that user (`chown -R {owner} {data_dir}`; with Docker, the folder mounted there), "
            "or name another one in DRAGOMAN_DATA",
        )
