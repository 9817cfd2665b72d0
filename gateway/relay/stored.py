"""Stored responses: kept for whoever made them, bounded in time and size, in the state all workers share.

A response is kept under its client's key and its own id, with the input items that were new with it and the ids of
the responses before it. The text is in the state store as it is, until `ttl_s` after it was last part of a
conversation. https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from gateway.config.model import Responses as Settings
from gateway.errors import BadRequest, NotFound
from gateway.protocols.responses.history import fresh_items, inlined, kept_items, portable
from gateway.protocols.wire_json import JSONDecodeError, TooDeep, dumps, loads
from gateway.state.store import Store

SPACE = "responses"
SIZES = "responses_sizes"
"""Key -> "<unix seconds when it was kept> <bytes>", so that the space can be measured without reading it."""
LONGEST_ID = 256
LONGEST_CHAIN = 2000
ENTRY_LIMIT = 32 * 1024 * 1024

log = logging.getLogger("dragoman")


@dataclass(slots=True)
class Stored:
    """One kept response. `input` are its own items, `ancestors` the responses before it, the oldest first; `upstream`
    and `account` are those of a provider that keeps it too ("" when none does)."""

    response: dict[str, Any]
    input: list[dict[str, Any]]
    ancestors: list[str]
    upstream: str
    account: str
    kept_at: float

    @property
    def items(self) -> list[dict[str, Any]]:
        """What this response adds to a conversation."""
        return [*self.input, *self.output]

    @property
    def output(self) -> list[dict[str, Any]]:
        return [item for item in self.response.get("output") or () if isinstance(item, dict)]


class History:
    """What stands before a request that names a `previous_response_id`. `items` None: nothing is kept here, so that
    only a provider can know."""

    def __init__(self, previous: str, chain: list[Stored] | None, given: Any) -> None:
        self.ancestors: list[str] = []
        self.fresh = given
        self._previous = previous
        self._items: list[dict[str, Any]] | None = None
        self._upstream = self._account = ""
        if chain is not None:
            self._items = [item for each in chain for item in each.items]
            made = {item["id"] for each in chain for item in each.output if isinstance(item.get("id"), str)}
            self.fresh = fresh_items(given, self._items, made)
            self.ancestors = [*chain[-1].ancestors, previous]
            self._upstream, self._account = chain[-1].upstream, chain[-1].account

    @property
    def items(self) -> list[dict[str, Any]]:
        return self._items or []

    def inlined(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request in full, for translation. Raises BadRequest when the history is not known here."""
        if self._items is None:
            raise not_found_before(self._previous, "this gateway keeps no responses ([responses] store = false)")
        return inlined(body, self._items, self.fresh)

    def for_provider(self, body: dict[str, Any], upstream: str, account: str) -> dict[str, Any] | None:
        """The request for an account that speaks this protocol itself; None when it keeps the history and `body` can
        go as it is."""
        if self._items is None or (upstream == self._upstream and account == self._account):
            return None
        return inlined(body, portable(self._items), self.fresh)

    def forget(self) -> bool:
        """The provider does not keep the history after all. False when that changes nothing."""
        changes = bool(self._upstream)
        self._upstream = self._account = ""
        return changes


class StoredResponses:
    """One per gateway. Nothing here raises because the store is in trouble; what cannot be kept is said in the log."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._ttl_s = settings.ttl_s
        self._limit = settings.max_mb * 1024 * 1024
        self.entry_limit = min(ENTRY_LIMIT, self._limit // 4)
        self._unmeasured = self._limit
        self._measuring = threading.Lock()
        self.enabled = settings.store

    def find(self, identity: str, owner: str) -> Stored:
        """Raises NotFound, also for what belongs to another key."""
        found = self._read(_key(identity, owner))
        if found is None:
            why = "" if self.enabled else " This gateway keeps no responses ([responses] store = false)."
            raise NotFound(f"Response with id '{identity[:LONGEST_ID]}' not found.{why}", code="response_not_found")
        return found

    def context(self, stored: Stored, owner: str) -> list[dict[str, Any]]:
        """All input items of a response, those of the conversation before it included as far as they are kept."""
        before = self._chain(stored.ancestors, owner)
        return [*(item for each in before.values() for item in each.items), *stored.input]

    def history(self, previous: str, owner: str, given: Any) -> History:
        """`given` is the request's own `input`. Raises BadRequest when `previous` is not known to this key."""
        if not self.enabled:
            return History(previous, None, given)
        last = self._read(_key(previous, owner))
        if last is None:
            raise not_found_before(previous, "it was never stored, has expired, was deleted or belongs to another key")
        chain = self._chain(last.ancestors, owner)
        missing = [each for each in last.ancestors if each not in chain]
        if missing:
            raise not_found_before(previous, f"its history is not whole any more: {missing[-1]!r} is gone")
        chain[previous] = last
        self._refresh(chain, owner)
        return History(previous, list(chain.values()), given)

    def keep(
        self, document: dict[str, Any], given: Any, history: History | None, owner: str, upstream: str, account: str
    ) -> None:
        """Keeps a response as the client got it. Where a provider repeats an id within a conversation (some servers
        have only one), the newest response holds all of it."""
        identity = document.get("id")
        if not isinstance(identity, str) or not identity:
            return
        kept = Stored(document, kept_items(given), history.ancestors if history else [], upstream, account, time.time())
        if history is not None and identity in kept.ancestors:
            kept.input, kept.ancestors = [*history.items, *kept.input], []
        if len(kept.ancestors) > LONGEST_CHAIN:
            log.warning("a response was not stored: its conversation has more than %d turns", LONGEST_CHAIN)
            return
        self._write(_key(identity, owner), kept)

    def delete(self, identity: str, owner: str) -> None:
        """Raises NotFound."""
        self.find(identity, owner)
        key = _key(identity, owner)
        assert key is not None
        self._store.delete(SPACE, key)
        self._store.delete(SIZES, key)

    def _read(self, key: str | None) -> Stored | None:
        value = self._store.get(SPACE, key) if key is not None else None
        return _parsed(value) if value is not None else None

    def _chain(self, ancestors: list[str], owner: str) -> dict[str, Stored]:
        keys = {key: each for each in ancestors if (key := _key(each, owner)) is not None}
        values = self._store.get_many(SPACE, list(keys))
        found = {keys[key]: stored for key, value in values.items() if (stored := _parsed(value)) is not None}
        return {each: found[each] for each in ancestors if each in found}

    def _refresh(self, chain: dict[str, Stored], owner: str) -> None:
        """A conversation that goes on keeps its beginning."""
        now = time.time()
        for identity, stored in chain.items():
            key = _key(identity, owner)
            if key is not None and now - stored.kept_at > self._ttl_s / 2:
                stored.kept_at = now
                self._write(key, stored)

    def _write(self, key: str | None, stored: Stored) -> None:
        document = {
            "response": stored.response,
            "input": stored.input,
            "ancestors": stored.ancestors,
            "upstream": stored.upstream,
            "account": stored.account,
            "kept_at": stored.kept_at,
        }
        try:
            value = dumps(document)
        except (TooDeep, TypeError):
            return
        if key is None or len(value) > self.entry_limit:
            log.warning("a response of %d bytes was not stored: [responses] max_mb is too small for it", len(value))
            return
        self._store.put(SPACE, key, value, self._ttl_s)
        self._store.put(SIZES, key, f"{stored.kept_at:.3f} {len(value)}".encode(), self._ttl_s)
        self._unmeasured += len(value)
        if self._unmeasured >= self._limit // 32 and self._measuring.acquire(blocking=False):
            self._unmeasured = 0
            threading.Thread(target=self._make_room, name="responses", daemon=True).start()

    def _make_room(self) -> None:
        """Above `max_mb` the oldest go."""
        try:
            sizes = []
            for key, value in self._store.scan(SIZES):
                kept_at, size = value.split()
                sizes.append((float(kept_at), int(size), key))
            total = sum(size for _, size, _ in sizes)
            if total <= self._limit:
                return
            for _, taken, oldest in sorted(sizes):
                self._store.delete(SPACE, oldest)
                self._store.delete(SIZES, oldest)
                total -= taken
                if total <= self._limit * 0.9:
                    return
        finally:
            self._measuring.release()


def not_found_before(previous: str, why: str) -> BadRequest:
    return BadRequest(
        f"Previous response with id '{previous[:LONGEST_ID]}' not found: {why}. "
        "Send the conversation's items in `input` instead.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def _key(identity: str, owner: str) -> str | None:
    """None for what cannot be the id of a response."""
    if not identity or len(identity) > LONGEST_ID or not identity.isascii() or not identity.isprintable():
        return None
    return f"{hashlib.sha256(owner.encode()).hexdigest()[:32]}/{identity}"


def _parsed(value: bytes) -> Stored | None:
    """None for what another version wrote in another way."""
    try:
        return Stored(**loads(value))
    except (JSONDecodeError, TypeError):
        return None
