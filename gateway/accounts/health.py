"""What is known of accounts' health, kept across restarts and shared by all workers and machines.

`Memory` is all the pool needs; `HealthNotes` is it over the state store: one entry an account, the last one to learn
something is believed. Uses are summed over all workers, in one entry.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gateway.accounts.account import Account
from gateway.accounts.project import fingerprint
from gateway.accounts.rest import Strikes, rest_of
from gateway.canon.quota import Quota
from gateway.state.store import Store

SPACE = "health"
POOL_SPACE = "pool"
MARK = "health"
"""In POOL_SPACE: another value after every note, so that looking for news costs one `get`."""
USES = "uses"
"""In POOL_SPACE: account id -> [uses, day of the last one]."""
WRITE_AFTER_S = 0.05
FLUSH_S = 2.0
TRIES = 100
FORGET_AFTER_S = 30 * 86400.0
HEALTH, DISABLED = "resting", "disabled"
"""Keys of a document that has what they say."""

Document = Mapping[str, Any]


class Memory(Protocol):
    """Documents by account id. None of the methods raises, and but `flush` none waits for a disk."""

    def changed(self) -> Mapping[str, Document]:
        """What others have noted since this was last asked; everything at first."""
        ...

    def note(self, account_id: str, document: dict[str, Any]) -> None: ...

    def count(self, account_id: str, uses: int) -> None:
        """So many more uses."""
        ...

    def flush(self) -> None:
        """Writes what waits, now."""
        ...

    def forget_seen(self) -> None:
        """`changed` gives everything once more."""
        ...


def document_of(account: Account) -> dict[str, Any]:
    """The account's health as JSON."""
    document: dict[str, Any] = {
        HEALTH: account.resting.document() if account.resting else None,
        "models": {model: rest.document() for model, rest in account.models_resting.items()},
        "strikes": {kind: [each.count, round(each.at, 3)] for kind, each in account.strikes.items()},
        "quotas": {model: [each.remaining, each.resets_at, each.read_at] for model, each in account.quotas.items()},
    }
    if account.disabled_reason is not None and account.credential is None:
        document[DISABLED] = {"reason": account.disabled_reason, "credential": fingerprint(account.secret)}
    return document


def recall(account: Account, document: Document) -> None:
    """Takes over what was noted; a document without health is about uses only. A disablement counts only for the key
    it was about; one without a key for any."""
    uses = document.get(USES)
    if isinstance(uses, int):
        account.uses = max(account.uses, uses)
    if HEALTH in document:
        account.resting = rest_of(document.get(HEALTH))
        models = _mapping(document.get("models"))
        account.models_resting = {model: rest for model, each in models.items() if (rest := rest_of(each)) is not None}
        account.strikes = {
            kind: Strikes(int(each[0]), float(each[1]))
            for kind, each in _mapping(document.get("strikes")).items()
            if _numbers(each, 2)
        }
        account.quotas = {
            model: Quota(model, each[0], float(each[1]), float(each[2]))
            for model, each in _mapping(document.get("quotas")).items()
            if isinstance(each, list) and len(each) == 3 and _numbers([each[0] or 0, *each[1:]], 3)
        }
    if account.credential is None and (HEALTH in document or DISABLED in document):
        disabled = _mapping(document.get(DISABLED))
        about = disabled.get("credential")
        matches = bool(disabled) and (not about or about == fingerprint(account.secret))
        account.disabled_reason = str(disabled.get("reason") or "disabled") if matches else None


class HealthNotes:
    """Memory over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: dict[str, int] = {}
        self._writing = False
        self._mark: bytes | None = None
        self._stored_uses: bytes | None = None
        self._values: dict[str, bytes] = {}
        self._uses: dict[str, int] = {}

    def changed(self) -> Mapping[str, Document]:
        mark, stored_uses = (self._store.get(POOL_SPACE, name) for name in (MARK, USES))
        found: dict[str, Document] = {}
        if mark != self._mark:
            self._mark = mark
            values = dict(self._store.scan(SPACE))
            found = {name: _parsed(value) for name, value in values.items() if self._values.get(name) != value}
            self._values = values
            if self._store.why:  # there may be more than it could tell
                self._mark = None
        if stored_uses != self._stored_uses:
            self._stored_uses = stored_uses
            uses = {account_id: each[0] for account_id, each in _counts(stored_uses).items()}
            for account_id, count in uses.items():
                if self._uses.get(account_id) != count:
                    found.setdefault(account_id, {})
            self._uses = uses
        return {account_id: {**each, USES: self._uses.get(account_id)} for account_id, each in found.items()}

    def forget_seen(self) -> None:
        self._mark = self._stored_uses = None
        self._values, self._uses = {}, {}

    def note(self, account_id: str, document: dict[str, Any]) -> None:
        value = json.dumps({**document, "at": round(time.time(), 3), "by": os.getpid()}).encode()
        self._values[account_id] = value
        self._store.put(SPACE, account_id, value, None if document.get(DISABLED) else FORGET_AFTER_S)
        self._store.put(POOL_SPACE, MARK, secrets.token_bytes(8))

    def count(self, account_id: str, uses: int) -> None:
        with self._lock:
            self._waiting[account_id] = self._waiting.get(account_id, 0) + uses
            if self._writing:
                return
            self._writing = True
        threading.Thread(target=self._count_soon, name="health", daemon=True).start()

    def change(self, account_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
        """Replaces one account's document, for the command line. Why it could not be stored, "" when it was."""
        self.note(account_id, change(_parsed(self._store.get(SPACE, account_id))))
        return "" if self._store.flush(FLUSH_S) else self._store.why or "the state store does not take changes"

    def flush(self) -> None:
        self._add_uses()
        self._store.flush(FLUSH_S)

    def _count_soon(self) -> None:
        time.sleep(WRITE_AFTER_S)
        with self._lock:
            self._writing = False
        self._add_uses()

    def _add_uses(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        today = int(time.time() // 86400)
        for _ in range(TRIES):
            stored = self._store.get(POOL_SPACE, USES)
            counts = {name: each for name, each in _counts(stored).items() if each[1] > today - FORGET_AFTER_S // 86400}
            for account_id, uses in waiting.items():
                counts[account_id] = [counts.get(account_id, [0, 0])[0] + uses, today]
            value = json.dumps(counts, separators=(",", ":")).encode()
            if self._store.compare_and_set(POOL_SPACE, USES, stored, value):
                return


def _parsed(value: bytes | None) -> dict[str, Any]:
    """{} for what no version of Dragoman has written."""
    try:
        return _mapping(json.loads(value)) if value is not None else {}
    except ValueError:
        return {}


def _counts(value: bytes | None) -> dict[str, list[int]]:
    return {name: each for name, each in _parsed(value).items() if _numbers(each, 2)}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(each, int | float) for each in value)
