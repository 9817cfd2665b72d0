"""What happens to a Responses answer on its way out: it is stored as the client gets it, and may carry choices[]."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from gateway.protocols.responses import with_choices
from gateway.protocols.sse import Blocks, EventTooLarge, events_of
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads
from gateway.relay.call import Call
from gateway.relay.stored import StoredResponses

ENDS = ("response.completed", "response.incomplete", "response.failed")
_MARKS = tuple(f'"{name}"'.encode() for name in ENDS)


class Keeper:
    """One per request. `stored` None keeps nothing."""

    def __init__(self, call: Call, stored: StoredResponses | None, owner: str, *, choices: bool) -> None:
        self._call = call
        self._stored = stored
        self._owner = owner
        self._choices = choices
        self._done = stored is None

    def whole(self, body: bytes) -> bytes:
        document = loads(body)
        if not isinstance(document, dict):
            return body
        self._keep(document)
        return dumps(with_choices(document)) if self._choices else body

    def stream(self, chunks: Iterator[bytes]) -> Generator[bytes, None, None]:
        """The same bytes. The response is kept before its last event leaves, so that a follow-up finds it."""
        blocks = Blocks()
        try:
            for data in chunks:
                if not self._done:
                    self._look(blocks, data)
                yield data
            if not self._done:
                self._look(blocks, b"")
        finally:
            chunks.close()  # type: ignore[attr-defined]

    def _look(self, blocks: Blocks, data: bytes) -> None:
        try:
            whole = blocks.feed(data) if data else blocks.close()
        except EventTooLarge:
            self._done = True
            return
        if any(mark in whole for mark in _MARKS):
            for _, event in events_of(whole):
                self._hear(event)

    def _hear(self, event: bytes) -> None:
        try:
            told = loads(event)
        except JSONDecodeError:
            return
        if isinstance(told, dict) and told.get("type") in ENDS and isinstance(told.get("response"), dict):
            self._keep(told["response"])

    def _keep(self, document: dict[str, Any]) -> None:
        if self._done or self._stored is None:
            return
        self._done = True
        call, outcome = self._call, self._call.outcome
        upstream = account = ""
        if outcome.mode == "passthrough" and document.get("store") is True and outcome.attempts:
            upstream, account = outcome.upstream, outcome.attempts[-1].account
        given = call.history.fresh if call.history is not None else call.body.get("input")
        self._stored.keep(document, given, call.history, self._owner, upstream, account)
