"""tokens.json where several machines share a store: the store is the truth, the file its import and backup.

Whoever changes something puts it into the store, everybody else takes it from there into a file of its own. What
both have had in common last stands in a second file, so that a hand edit, also one made while the gateway did not
run, is told from a file that is merely old: it wins, and the others get it. While the store cannot be asked the file
is all there is; the two are brought together afterwards.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from gateway.accounts.atomic_file import Stamp, Unreadable, read_json, stamp_of, write_json
from gateway.accounts.file_lock import LockTimeout, file_lock
from gateway.accounts.merge import merged
from gateway.accounts.tokens import Offload, TokensFile, at_once
from gateway.state.store import Store

log = logging.getLogger("dragoman")

SPACE = "tokens"
LEASES = "leases"
LEASE_S = 25.0
"""How long a machine that was killed while it refreshed keeps others from it."""
LOOK_S = 0.02
PATIENCE_S = 5.0
TRIES = 20
_NEVER = b"\0"
"""No document: a compare_and_set that expects it changes nothing, and makes the store look."""


class SharedTokens(TokensFile):
    """A TokensFile that agrees with those of other machines. `name` is the same on all of them."""

    def __init__(self, path: Path, store: Store, name: str, offload: Offload = at_once) -> None:
        super().__init__(path, offload)
        self._store = store
        self._shared_as = name
        self._common = path.with_name(f".{path.name}.shared")
        self._base: Any = None
        self._agreeing = threading.Lock()
        self._agreed: tuple[bytes | None, int] | None = None

    def snapshot(self) -> tuple[int, Any]:
        version, document = super().snapshot()
        if (self._store.get(SPACE, self._shared_as), version) == self._agreed:
            return version, document
        self._agree()
        return super().snapshot()

    def record(self, refresh_token: str, changes: Any) -> None:
        super().record(refresh_token, changes)
        self._agree()

    def rewrite(self, change: Callable[[Any], Any]) -> Any:
        self._agree()
        changed = super().rewrite(change)
        self._agree()
        return changed

    def stand_in(self, change: Callable[[Any], Any]) -> None:
        super().stand_in(change)
        self._agree()

    @contextmanager
    def turn(self, word: str, patience_s: float) -> Iterator[None]:
        """Of all machines one has it; what the one before has brought is here by then."""
        until = time.monotonic() + patience_s
        with super().turn(word, patience_s):
            mine = self._lease(word, until)
            try:
                if self._store.get(SPACE, self._shared_as) is not None:
                    self._store.compare_and_set(SPACE, self._shared_as, _NEVER, None)
                self._agree(PATIENCE_S)
                yield
            finally:
                self._store.compare_and_set(LEASES, self._key(word), mine, None)

    def _lease(self, word: str, until: float) -> bytes:
        mine, key = secrets.token_bytes(12), self._key(word)
        while not self._store.compare_and_set(LEASES, key, None, mine, LEASE_S):
            while self._store.get(LEASES, key) is not None:
                if time.monotonic() >= until:
                    raise LockTimeout(f"another machine holds {key}")
                time.sleep(LOOK_S)
        return mine

    def _key(self, word: str) -> str:
        return f"{self._shared_as}/{word}"

    def _agree(self, wait_s: float = 0.0) -> None:
        """Brings file and store together, unless somebody in this process is about it already. Never raises."""
        if self._store.why or not self._agreeing.acquire(timeout=wait_s or -1, blocking=wait_s > 0):
            return
        try:
            with file_lock(self.lock_path("shared"), PATIENCE_S):
                for _ in range(TRIES):
                    if self._bring_together():
                        return
        except LockTimeout:
            return
        finally:
            self._agreeing.release()

    def _bring_together(self) -> bool:
        """Whether it was not disturbed."""
        value = self._store.get(SPACE, self._shared_as)
        version, mine = super().snapshot()
        if (value, version) == self._agreed:
            return True
        theirs = _parsed(value)
        if theirs is None and not mine:
            self._agreed = (value, version)
            return True
        agreed = mine if theirs is None else self._outcome(mine, theirs)
        if agreed != theirs:
            changed = json.dumps(agreed).encode()
            if not self._store.compare_and_set(SPACE, self._shared_as, value, changed):
                return False
            value = changed
        if self._store.why:  # it went away meanwhile: nobody knows whether the others have it
            return True
        if agreed != mine:
            change = partial(_upon, mine, agreed)
            try:
                super().rewrite(change)
            except (OSError, Unreadable):
                super().stand_in(change)
        self._remember(agreed)
        version, now = super().snapshot()
        self._agreed = (value, version) if now == agreed else None
        return True

    def _outcome(self, mine: Any, theirs: Any) -> Any:
        missing = False  # the file; one that is gone was not edited
        with suppress(OSError):
            missing = stamp_of(self.path) == Stamp() and not self._unwritten
        return theirs if missing else merged(self._in_common(), mine, theirs)

    def _in_common(self) -> Any:
        with suppress(OSError, Unreadable):
            document, stamp = read_json(self._common)
            if stamp != Stamp():
                return document
        return self._base

    def _remember(self, document: Any) -> None:
        self._base = document
        with suppress(OSError):
            self._offload(partial(write_json, self._common, document, durable=False))


def _upon(base: Any, theirs: Any, mine: Any) -> Any:
    return merged(base, mine, theirs)


def _parsed(value: bytes | None) -> Any:
    """None for what is no document."""
    try:
        document = json.loads(value) if value is not None else None
    except ValueError:
        return None
    return document if isinstance(document, dict | list) else None
