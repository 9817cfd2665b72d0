"""tokens.json while the gateway runs: read when it changes, written entry by entry, never against a hand edit.

Several workers and the command line write it, and people edit it. So every write takes the lock, reads the file
again, changes only the keys it is about in the one entry that has the refresh token it is about, and moves the new
file into place unless the file has changed meanwhile. What cannot be written (full disk, read-only folder, JSON that
somebody is in the middle of editing) is kept in memory, served from there, and written later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from gateway.accounts.atomic_file import Changed, Stamp, Unreadable, read_json, stamp_of, write_json
from gateway.accounts.file_lock import file_lock
from gateway.accounts.project import Project, entries_of, outlived, projects_of

log = logging.getLogger("dragoman")

T = TypeVar("T")
Offload = Callable[[Callable[[], Any]], Any]

LOCK_PATIENCE_S = 5.0
RETRY_S = 5.0
"""How soon a write that failed is tried again."""
TRIES = 20


def at_once(work: Callable[[], T]) -> T:
    """The Offload of a process that may block."""
    return work()


class TokensFile:
    """Thread-safe. `offload` runs what blocks for long (writing and syncing) beside gevent's hub."""

    def __init__(self, path: Path, offload: Offload = at_once) -> None:
        self.path = path
        self._offload = offload
        self._lock = threading.RLock()
        self._stamp: Stamp | None = None
        self._document: Any = {}
        self._unwritten: dict[str, dict[str, Any]] = {}
        self._retry_at = 0.0
        self._problem = ""
        self._version = 0

    @property
    def problem(self) -> str | None:
        """Why what is served is not what is in the file, for readiness; None when all is well."""
        return self._problem or None

    def lock_path(self, word: str = "") -> Path:
        """The lock of the file, or of what `word` names."""
        return self.path.with_name(f".{self.path.name}{'.' + word if word else ''}.lock")

    @contextmanager
    def turn(self, word: str, patience_s: float) -> Iterator[None]:
        """One at a time, of all that share these tokens, does what `word` names. Raises LockTimeout."""
        with file_lock(self.lock_path(word), patience_s):
            yield

    def document(self) -> Any:
        """The file as it is now, with what could not be written yet. Not to be changed. Never raises: what cannot be
        read leaves the last known state in force."""
        return self.snapshot()[1]

    def snapshot(self) -> tuple[int, Any]:
        """(version, document): the version grows with every change."""
        with self._lock:
            self._refresh()
            document = _with(self._document, self._unwritten) if self._unwritten else self._document
            return self._version, document

    def projects(self) -> list[Project]:
        """The usable ones, in the order of the file."""
        return projects_of(self.document())

    def record(self, refresh_token: str, changes: Mapping[str, Any]) -> None:
        """Sets these keys (None removes all but the four of the original format) in the entry with `refresh_token`.

        An entry that was removed, or got another refresh token, is left alone.
        """
        with self._lock:
            rotated = (old for old, said in self._unwritten.items() if said.get("refresh_token") == refresh_token)
            key = next(rotated, refresh_token)
            self._unwritten[key] = {**self._unwritten.get(key, {}), **changes}
            self._version += 1
            self._retry_at = 0.0
        self.flush()

    def flush(self) -> bool:
        """Writes what is unwritten; whether nothing is left to write."""
        with self._lock:
            waiting = {key: dict(changes) for key, changes in self._unwritten.items()}
            if not waiting:
                return True
            if time.monotonic() < self._retry_at:
                return False
            self._retry_at = time.monotonic() + RETRY_S
        try:
            self.rewrite(lambda document: _with(document, waiting))
        except (OSError, Unreadable) as error:
            self._complain(f"{self.path.name} cannot be written ({_said(error)}); its changes are kept in memory")
            return False
        with self._lock:
            for key, changes in waiting.items():
                now = self._unwritten.pop(key, {})
                left = {name: said for name, said in now.items() if changes.get(name, ...) != said}
                if left:
                    self._unwritten[changes.get("refresh_token") or key] = left
            self._retry_at = 0.0
            self._problem = ""
            return not self._unwritten

    def rewrite(self, change: Callable[[Any], Any]) -> Any:
        """Replaces the document by `change` of what is in the file now, under its lock; the new document.

        `change` may be called several times, and gives its argument itself where there is nothing to do. Raises
        OSError, Unreadable.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file_lock(self.lock_path(), LOCK_PATIENCE_S):
            for _ in range(TRIES):
                document, stamp = read_json(self.path)
                changed = change(document)
                if changed is document:
                    return document
                try:
                    written: Stamp = self._offload(partial(write_json, self.path, changed, expected=stamp))
                except Changed:
                    continue
                with self._lock:
                    self._document, self._stamp = changed, written
                    self._version += 1
                return changed
        raise OSError(f"{self.path.name} is being changed all the time")

    def stand_in(self, change: Callable[[Any], Any]) -> None:
        """What `rewrite` could not do, in memory only."""
        with self._lock:
            self._refresh()
            self._document = change(self._document)
            self._version += 1
            self._complain(f"{self.path.name} cannot be written; its changes are kept in memory")

    def _refresh(self) -> None:
        try:
            stamp = stamp_of(self.path)
            if stamp != self._stamp:
                self._document, self._stamp = read_json(self.path)
                self._version += 1
                if not self._unwritten:
                    self._problem = ""
        except (OSError, Unreadable) as error:
            self._complain(f"{self.path.name} cannot be read ({_said(error)}); its last state is used")

    def _complain(self, problem: str) -> None:
        with self._lock:
            if problem != self._problem:
                self._problem = problem
                log.warning("%s", problem)


_ORIGINAL = frozenset(("access_token", "expires_at", "enabled", "disabled_reason"))


def _with(document: Any, changes: Mapping[str, Mapping[str, Any]]) -> Any:
    """A copy of `document` with the changes made to the entries they are about; itself when there are none."""
    entries = list(entries_of(document))
    touched = False
    for number, entry in enumerate(entries):
        token = entry.get("refresh_token") if isinstance(entry, dict) else None
        said = changes.get(token.strip()) if isinstance(token, str) else None
        if said is None:
            continue
        entries[number] = {
            name: value
            for name, value in {**entry, **outlived(entry), **said}.items()
            if value is not None or name in _ORIGINAL or name in entry
        }
        touched = True
    if not touched:
        return document
    return {**document, "projects": entries} if isinstance(document, dict) else {"projects": entries}


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
