"""Who is logged in: sessions in the state store, so that every worker knows them and a logout is one for good.

The cookie is a random token of which only the SHA-256 is kept. A session ends when it was idle for IDLE_S, LONGEST_S
after the login, at the logout, and when the admin key is another one.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from gateway.keys.secret import digest_of
from gateway.state.store import Store

SPACE = "admin"
IDLE_S = 3600.0
LONGEST_S = 12 * 3600.0
TOUCH_S = 60.0
NOTICE_S = 120.0


@dataclass(frozen=True, slots=True)
class Session:
    """`name` is the digest of the cookie's token, `csrf` what every form of this session carries, `opener` a digest
    of the admin key it was opened with. Times in unix seconds."""

    name: str
    csrf: str
    opener: str
    opened: float
    used: float


class Sessions:
    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def open(self, admin_key: str) -> tuple[str, Session]:
        """A new one and its token; other workers know it when this returns."""
        token, now = secrets.token_urlsafe(32), self._clock()
        name = digest_of(token.encode())
        session = Session(name, secrets.token_urlsafe(32), _opener(name, admin_key), now, now)
        self._store.compare_and_set(SPACE, f"session/{name}", None, _dump(session), IDLE_S)
        return token, session

    def find(self, token: str, admin_key: str, *, touch: bool = True) -> Session | None:
        """With `touch` its idle time begins anew."""
        if not token or not admin_key:
            return None
        session = _load(self._store.get(SPACE, f"session/{digest_of(token.encode())}"))
        now = self._clock()
        if session is None or not hmac.compare_digest(session.opener, _opener(session.name, admin_key)):
            return None
        if now - session.used > IDLE_S or now - session.opened > LONGEST_S:
            self.end(session)
            return None
        if touch and now - session.used > TOUCH_S:
            session = replace(session, used=now)
            self._store.put(SPACE, f"session/{session.name}", _dump(session), IDLE_S)
        return session

    def end(self, session: Session) -> None:
        self._store.delete(SPACE, f"session/{session.name}")
        self._store.flush()

    def leave(self, session: Session, kind: str, value: str, ttl_s: float = NOTICE_S) -> None:
        """Keeps a word for a later page of the same session, on whichever worker."""
        self._store.put(SPACE, f"{kind}/{session.name}", value.encode(), ttl_s)
        self._store.flush()

    def take(self, session: Session, kind: str) -> str:
        """What was left, once; "" when nothing was."""
        value = self._store.get(SPACE, f"{kind}/{session.name}")
        if value is None or not self._store.compare_and_set(SPACE, f"{kind}/{session.name}", value, None):
            return ""
        return value.decode()


def _opener(name: str, admin_key: str) -> str:
    return digest_of(f"{name}:{admin_key}".encode())


def _dump(session: Session) -> bytes:
    return json.dumps(asdict(session)).encode()


def _load(value: bytes | None) -> Session | None:
    try:
        return None if value is None else Session(**json.loads(value))
    except (ValueError, TypeError):
        return None
