"""The client key the gateway makes for itself when one is needed and none is configured.

It lives in the data folder as `client_key`, readable by the owner only. The file appears whole or not at all,
and when several workers start at once all of them end up with the same key.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

FILE_NAME = "client_key"


def load_or_create(data_dir: Path) -> tuple[str, bool]:
    """The key and whether this call made it. Creates a missing `data_dir`; raises OSError when it cannot.

    A key is `sk-dragoman-` and 43 URL-safe characters (256 bits).
    """
    path = data_dir / FILE_NAME
    existing = _read(path)
    if existing:
        return existing, False
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = f"sk-dragoman-{secrets.token_urlsafe(32)}"
    handle, temporary = tempfile.mkstemp(prefix=f".{FILE_NAME}.", dir=data_dir)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and not _read(path):
            os.replace(temporary, path)
            return key, True
        return _publish(Path(temporary), path, key)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _publish(temporary: Path, path: Path, key: str) -> tuple[str, bool]:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return _read(path) or key, False
    except OSError:  # some network and FAT file systems have no hard links
        os.replace(temporary, path)
    return key, True


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return text
