"""What is known of accounts' health, kept across restarts and shared by the workers of one machine.

`Memory` is all the pool needs; `HealthFile` is it on one small JSON file. Cooldowns are worth keeping and not worth
waiting for: notes are written by a thread a moment later, and what a crash takes away is learnt again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gateway.accounts.account import Account
from gateway.accounts.atomic_file import Stamp, Unreadable, read_json, stamp_of, write_json
from gateway.accounts.file_lock import file_lock
from gateway.accounts.project import fingerprint
from gateway.accounts.rest import Strikes, rest_of
from gateway.accounts.tokens import Offload, at_once
from gateway.canon.quota import Quota

log = logging.getLogger("dragoman")

FILE_NAME = "accounts.json"
WRITE_AFTER_S = 0.05
LOCK_PATIENCE_S = 2.0
FORGET_AFTER_S = 30 * 86400.0

Document = Mapping[str, Any]


class Memory(Protocol):
    """Documents by account id. None of the methods raises or waits for a disk that is slow."""

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

    @property
    def problem(self) -> str | None:
        """Why notes are not kept, in words."""
        ...


def document_of(account: Account) -> dict[str, Any]:
    """The account's health as JSON."""
    document: dict[str, Any] = {
        "resting": account.resting.document() if account.resting else None,
        "models": {model: rest.document() for model, rest in account.models_resting.items()},
        "strikes": {kind: [each.count, round(each.at, 3)] for kind, each in account.strikes.items()},
        "quotas": {model: [each.remaining, each.resets_at, each.read_at] for model, each in account.quotas.items()},
    }
    if account.disabled_reason is not None and account.credential is None:
        document["disabled"] = {"reason": account.disabled_reason, "credential": fingerprint(account.secret)}
    return document


def recall(account: Account, document: Document) -> None:
    """Takes over what was noted. A disablement counts only for the key it was about; one without a key for any."""
    account.resting = rest_of(document.get("resting"))
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
    uses = document.get("uses")
    if isinstance(uses, int):
        account.uses = max(account.uses, uses)
    if account.credential is None:
        disabled = _mapping(document.get("disabled"))
        about = disabled.get("credential")
        matches = bool(disabled) and (not about or about == fingerprint(account.secret))
        account.disabled_reason = str(disabled.get("reason") or "disabled") if matches else None


class HealthFile:
    """Memory in a file. Each worker merges what it knows into it, so the last one to learn something is believed."""

    def __init__(self, path: Path, offload: Offload = at_once) -> None:
        self._path = path
        self._offload = offload
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[str, Any]] = {}
        self._uses: dict[str, int] = {}
        self._stamp: Stamp | None = None
        self._seen: dict[str, float] = {}
        self._writing = False
        self._problem = ""

    @property
    def problem(self) -> str | None:
        return self._problem or None

    def changed(self) -> Mapping[str, Document]:
        try:
            stamp = stamp_of(self._path)
            if stamp == self._stamp:
                return {}
            document, self._stamp = read_json(self._path)
        except (OSError, Unreadable):
            return {}
        found: dict[str, Document] = {}
        for account_id, each in _mapping(_mapping(document).get("accounts")).items():
            at = each.get("at") if isinstance(each, dict) else None
            if isinstance(at, int | float) and account_id not in self._waiting and self._seen.get(account_id) != at:
                self._seen[account_id] = at
                found[account_id] = each
        return found

    def forget_seen(self) -> None:
        self._seen.clear()
        self._stamp = None

    def note(self, account_id: str, document: dict[str, Any]) -> None:
        with self._lock:
            self._waiting[account_id] = document
        self._write_soon()

    def count(self, account_id: str, uses: int) -> None:
        with self._lock:
            self._uses[account_id] = self._uses.get(account_id, 0) + uses
        self._write_soon()

    def change(self, account_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replaces one account's document at once, for the command line. Raises OSError, Unreadable."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._rewrite(lambda accounts: {**accounts, account_id: _dated(change(dict(accounts.get(account_id) or {})))})

    def flush(self) -> None:
        """Writes what waits, now."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            uses, self._uses = self._uses, {}
        if not waiting and not uses:
            return
        try:
            self._rewrite(partial(self._merged, waiting=waiting, uses=uses))
            self._problem = ""
        except (OSError, Unreadable) as error:
            problem = f"{self._path.name} cannot be written ({getattr(error, 'strerror', None) or error})"
            if problem != self._problem:
                log.warning("%s: cooldowns are kept in memory only", problem)
            self._problem = problem

    def _merged(
        self, accounts: Mapping[str, Any], waiting: Mapping[str, dict[str, Any]], uses: Mapping[str, int]
    ) -> dict[str, Any]:
        merged = dict(accounts)
        for account_id in {*waiting, *uses}:
            old = _mapping(merged.get(account_id))
            so_far = old.get("uses")
            new = _dated(waiting.get(account_id, old))
            new["uses"] = (so_far if isinstance(so_far, int) else 0) + uses.get(account_id, 0)
            merged[account_id] = new
            self._seen[account_id] = new["at"]
        return merged

    def _rewrite(self, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        with file_lock(self._path.with_name(f".{self._path.name}.lock"), LOCK_PATIENCE_S):
            try:
                document, _ = read_json(self._path)
            except Unreadable:
                document = {}
            oldest = time.time() - FORGET_AFTER_S
            accounts = {
                name: each
                for name, each in change(_mapping(_mapping(document).get("accounts"))).items()
                if isinstance(each, dict) and (each.get("at", 0) > oldest or each.get("disabled"))
            }
            self._offload(partial(write_json, self._path, {"accounts": accounts}, durable=False))

    def _write_soon(self) -> None:
        with self._lock:
            if self._writing:
                return
            self._writing = True
        threading.Thread(target=self._write, name="health", daemon=True).start()

    def _write(self) -> None:
        while True:
            time.sleep(WRITE_AFTER_S)
            self.flush()
            with self._lock:
                if not self._waiting and not self._uses:
                    self._writing = False
                    return


def _dated(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "at": time.time(), "by": os.getpid()}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(each, int | float) for each in value)
