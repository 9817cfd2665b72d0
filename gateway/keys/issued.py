"""The keys that `dragoman keys` gave out: in the state store, one entry a name, only hashes.

Every worker keeps a copy that is at most FRESH_S old when it is asked; a key it does not know makes it look again at
once. So an added key works at its first request (while nobody is guessing keys) and a revoked one for at most FRESH_S
longer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace

from gateway.config.model import AuthKey
from gateway.keys.secret import HASH_PREFIX
from gateway.state.store import Store

SPACE = "keys"
FRESH_S = 1.0
LOOKS = 20
LOOK_AGAIN_S = 0.1
"""Somebody may be guessing: so often in a row may unknown keys make a worker look, and then once every LOOK_AGAIN_S."""

_LIMITS = tuple(field.name for field in fields(AuthKey))


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """`key` as [[auth.keys]] would have it; times in unix seconds; `former_hash` counts until `former_until`."""

    key: AuthKey
    created: float = 0.0
    former_hash: str = ""
    former_until: float = 0.0

    def dump(self) -> bytes:
        document = asdict(self.key)
        return json.dumps(
            {
                **document,
                "models": list(self.key.models),
                "created": self.created,
                "former_hash": self.former_hash,
                "former_until": self.former_until,
            }
        ).encode()


def load_issued(value: bytes) -> IssuedKey | None:
    """None for what no version of Dragoman has written; fields of newer versions are passed over."""
    try:
        document = json.loads(value)
        known = {name: document[name] for name in _LIMITS if name in document}
        known["models"] = tuple(known.get("models", ("*",)))
        key = AuthKey(**known)
        _ = key.expires_at
        return IssuedKey(
            key,
            float(document.get("created", 0.0)),
            str(document.get("former_hash", "")),
            float(document.get("former_until", 0.0)),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class IssuedKeys:
    """`find` is asked for every request; the other methods are the operator's."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._read_at = -FRESH_S
        self._looks, self._looks_at = float(LOOKS), 0.0
        self._rows: list[tuple[str, bytes]] = []
        self._by_digest: dict[str, AuthKey] = {}
        self._former: dict[str, float] = {}
        self._by_name: dict[str, AuthKey] = {}
        self._created: dict[str, float] = {}
        self._reading = threading.Lock()

    def find(self, digest: str) -> AuthKey | None:
        """The key whose SHA-256 this is; expired ones too."""
        self._refresh(FRESH_S)
        found = self._by_digest.get(digest)
        if found is None:
            self._look()
            found = self._by_digest.get(digest)
        if found is not None and self._clock() >= self._former.get(digest, float("inf")):
            return None
        return found

    def named(self, name: str) -> AuthKey | None:
        return self._by_name.get(name)

    def created(self, name: str) -> float:
        """When the key of this name was given out: what tells its holder from a former one of the same name."""
        return self._created.get(name, 0.0)

    def any(self) -> bool:
        self._refresh(FRESH_S)
        return bool(self._by_digest)

    def all(self) -> list[IssuedKey]:
        return [issued for _, value in self._store.scan(SPACE) if (issued := load_issued(value)) is not None]

    def add(self, key: AuthKey) -> bool:
        """False when the name is taken."""
        issued = IssuedKey(key, created=self._clock())
        return self._store.compare_and_set(SPACE, key.name, None, issued.dump())

    def rotate(self, name: str, key_hash: str, grace_s: float = 0.0) -> bool:
        """A new secret under the same name; the old one counts for `grace_s` seconds more. False: no such name."""
        while (value := self._store.get(SPACE, name)) is not None:
            issued = load_issued(value)
            if issued is None:
                return False
            turned = replace(
                issued,
                key=replace(issued.key, key_hash=key_hash),
                former_hash=issued.key.key_hash if grace_s > 0 else "",
                former_until=self._clock() + grace_s if grace_s > 0 else 0.0,
            )
            if self._store.compare_and_set(SPACE, name, value, turned.dump()):
                return True
        return False

    def change(self, name: str, limits: AuthKey) -> bool:
        """Models, limits and expiry as in `limits`; name and secret stay. False: no such name."""
        while (value := self._store.get(SPACE, name)) is not None:
            issued = load_issued(value)
            if issued is None:
                return False
            changed = replace(issued, key=replace(limits, name=name, key_hash=issued.key.key_hash))
            if self._store.compare_and_set(SPACE, name, value, changed.dump()):
                return True
        return False

    def revoke(self, name: str) -> bool:
        while (value := self._store.get(SPACE, name)) is not None:
            if self._store.compare_and_set(SPACE, name, value, None):
                return True
        return False

    def _refresh(self, age_s: float) -> None:
        if time.monotonic() - self._read_at < age_s:
            return
        with self._reading:
            if time.monotonic() - self._read_at >= age_s:
                self._read()

    def _look(self) -> None:
        """Reads what was there when this was called, unless there were too many looks lately."""
        asked = time.monotonic()
        with self._reading:
            if self._read_at >= asked:
                return
            now = time.monotonic()
            self._looks = min(LOOKS, self._looks + (now - self._looks_at) / LOOK_AGAIN_S)
            self._looks_at = now
            if self._looks >= 1:
                self._looks -= 1
                self._read()

    def _read(self) -> None:
        now = time.monotonic()
        rows = list(self._store.scan(SPACE))
        if rows != self._rows:
            self._take(rows)
        self._read_at = now

    def _take(self, rows: list[tuple[str, bytes]]) -> None:
        by_digest: dict[str, AuthKey] = {}
        former: dict[str, float] = {}
        issued = [each for _, value in rows if (each := load_issued(value)) is not None]
        for each in issued:
            if each.former_hash:
                digest = _digest(each.former_hash)
                by_digest[digest], former[digest] = each.key, each.former_until
        for each in issued:
            digest = _digest(each.key.key_hash)
            by_digest[digest] = each.key
            former.pop(digest, None)
        self._rows, self._former = rows, former
        self._created = {each.key.name: each.created for each in issued}
        self._by_digest, self._by_name = by_digest, {each.key.name: each.key for each in issued}


def _digest(key_hash: str) -> str:
    return key_hash.removeprefix(HASH_PREFIX).lower()
