"""Conversations stay with their account, which keeps provider caches warm (docs/configuration.md, "Who answers").

A request that names its session, or in which the model has spoken, obeys its binding. A first turn without a session is
placed by the strategy and leaves a note for its second turn; equal first turns therefore rotate, and never take a
conversation in its course elsewhere. Bindings are kept for each client key and each set of upstreams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from gateway.accounts.bindings import Bindings
from gateway.accounts.pool import Lease
from gateway.accounts.rota import Seat
from gateway.protocols.conversation import Conversation

if TYPE_CHECKING:
    from gateway.relay.call import Call

CLAUDE_CODE = ("x-claude-code-session-id", "x-claude-code-agent-id")
"""Its subagents have conversations of their own within the session, so both together name one."""
SESSION_HEADERS = ("session-id", "conversation-id", "x-session-id")
"""Codex and others; Kilo Code the last. What a body says goes before them. gunicorn drops names with underscores, as
some versions of Codex write them; those send a prompt_cache_key too."""

PARENT = "x-claude-code-parent-agent-id"
NAMED_AT_MOST = 200


def session_told(headers: Mapping[str, str]) -> str:
    """The session a client names in its headers, for people: "session", "session/agent" or "session/agent<parent"."""
    session, agent = (headers.get(name, "") for name in CLAUDE_CODE)
    session = session or next((headers[name] for name in SESSION_HEADERS if name in headers), "")
    if agent:
        parent = headers.get(PARENT, "")
        session += f"/{agent}<{parent}" if parent else f"/{agent}"
    return session[:NAMED_AT_MOST]


class Affinity:
    """One per gateway."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings

    def placement(self, call: Call) -> Placement | None:
        """None where the request has no conversation to keep together."""
        read = call.dialect.conversation
        return None if read is None else Placement(self.bindings, call, read)


class Placement:
    """Where one request's conversation belongs. Its outcome's `affinity` is told of the lease that is current, once
    there was something to choose. Nothing is read or hashed before it is needed."""

    __slots__ = (
        "_agent", "_bindings", "_body", "_bound", "_conversation", "_headers", "_lease", "_names", "_opening",
        "_outcome", "_pool", "_query_key", "_read", "_settled",
    )  # fmt: skip

    def __init__(self, bindings: Bindings, call: Call, read: Callable[[dict[str, Any]], Conversation]) -> None:
        self._bindings = bindings
        # Not the call itself, which holds this one: the circle would wait for the garbage collector.
        self._read = read
        self._body = call.body
        self._headers = call.headers
        self._query_key = call.query_key
        self._agent = call.preset.id if call.preset is not None else ""
        self._outcome = call.outcome
        self._conversation: Conversation | None = None
        self._opening = ""
        self._bound: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._pool = ""
        self._lease: Lease | None = None
        self._settled = ""

    def bound(self, tier: Sequence[Seat]) -> str:
        """The account this request belongs to in a tier of several accounts, "" when it is bound to none."""
        pool = self._pool = tier[0].upstream if len(tier) == 1 else "+".join(seat.upstream for seat in tier)
        found = self._bound.get(pool)
        if found is None:
            found = self._bound[pool] = self._found(pool)
        return found

    def placed(self, lease: Lease) -> None:
        """An account of the tier that `bound` was asked about last takes the request."""
        self._lease = lease
        if lease.account.id == self._bound[self._pool]:
            self._outcome.affinity = "kept"
        else:
            self._outcome.affinity = "moved" if any(self._bound.values()) else "new"

    def settle(self) -> None:
        """The account has begun to answer: from now on the conversation is its. A request that merely found no slot
        free at its own account leaves everything as it is."""
        lease = self._lease
        if lease is None or lease.spilled or self._settled == lease.account.id:
            return
        self._settled = account = lease.account.id
        bound, name = self._bound[self._pool], self._own_name(self._pool)
        if name:
            first = not bound and (self._told.begun or self._told.session is not None)
            self._bindings.bind(name, account, moved=bool(bound) and bound != account, first=first)

    def answered(self, response: str) -> None:
        """The id of a stored answer: what goes on from it belongs to the same account."""
        if self._lease is not None:
            self._bindings.bind(self._name(self._pool, "response", response), self._lease.account.id)

    def _found(self, pool: str) -> str:
        told = self._told
        if told.previous and (found := self._bindings.find(self._name(pool, "response", told.previous))):
            return found
        if told.session is not None:
            return self._bindings.find(self._own_name(pool))
        if told.begun and not told.previous:
            own = self._own_name(pool)
            return self._bindings.known(own) or self._bindings.find(own, self._name(pool, "first", self._opened))
        return ""

    def _own_name(self, pool: str) -> str:
        """What the conversation itself is bound under; "" where only the id of an answer leads to it."""
        name = self._names.get(pool)
        if name is None:
            told = self._told
            if told.session is not None:
                name = self._name(pool, *told.session)
            elif told.previous:
                name = ""
            else:
                name = self._name(pool, "opening" if told.begun else "first", self._opened)
            self._names[pool] = name
        return name

    @property
    def _told(self) -> Conversation:
        """The body's word; the one header that is more particular goes before it, the others after it."""
        told = self._conversation
        if told is None:
            told = self._read(self._body)
            session, headers = told.session, self._headers
            if CLAUDE_CODE[0] in headers:
                session = CLAUDE_CODE[0], "\0".join(headers.get(name, "") for name in CLAUDE_CODE)
            elif session is None:
                session = next(((name, headers[name]) for name in SESSION_HEADERS if name in headers), None)
            told.session = session
            self._conversation = told
        return told

    @property
    def _opened(self) -> str:
        """The hash of what the conversation opens with."""
        if not self._opening:
            self._opening = blake2b(self._told.opened(), digest_size=16).hexdigest()
        return self._opening

    def _name(self, pool: str, field: str, value: str) -> str:
        """Tells nothing of whose it is."""
        whole = f"{self._credential()}\0{self._agent}\0{pool}\0{field}\0{value}"
        return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _credential(self) -> str:
        """All keys a request presents, known or not: those who come with the same, in whichever header, are one
        client."""
        found = self._headers.get
        bearer = found("authorization", "").removeprefix("Bearer ")
        return bearer + found("x-api-key", "") + found("x-goog-api-key", "") + self._query_key
