"""What happens to a Responses answer on its way out: it is stored as the client gets it, and may carry choices[]."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Iterator
from typing import Any

from gateway.protocols.responses import with_choices
from gateway.protocols.sse import Blocks, EventTooLarge, events_of
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads_told
from gateway.relay.call import Call
from gateway.relay.long import LongAnswer
from gateway.relay.stored import ENTRY_LIMIT, StoredResponses

ENDS = ("response.completed", "response.incomplete", "response.failed")
_MARKS = tuple(f'"{name}"'.encode() for name in ENDS)


log = logging.getLogger("dragoman")


class Keeper:
    """One per request. `stored` None keeps nothing; `choices` says that whole answers get choices[]; `named`: the
    provider may keep the answer, so that its id is to be bound to the account."""

    def __init__(
        self, call: Call, stored: StoredResponses | None, owner: str, *, choices: bool, named: bool = False
    ) -> None:
        self._call = call
        self._stored = stored
        self._owner = owner
        self.choices = choices
        self._done = stored is None and not named

    def whole(self, body: bytes) -> bytes:
        if not (self.choices or self._may_keep(len(body))):
            return body
        document = loads_told(body)
        if not isinstance(document, dict):
            return body
        self._keep(document)
        return dumps(with_choices(document)) if self.choices else body

    def long(self, answer: LongAnswer) -> Generator[bytes, None, None]:
        """The same bytes. The response is kept, if there may be so much of it, before its last piece leaves."""
        pieces, last = answer.pieces, b""
        kept = bytearray() if self._may_keep(answer.length or 0) else None
        try:
            for data in pieces:
                if kept is not None:
                    kept += data
                    if not self._may_keep(len(kept)):
                        kept = None
                if last:
                    yield last
                last = data
            if kept is not None:
                with contextlib.suppress(JSONDecodeError):
                    self.whole(bytes(kept))
            yield last
        finally:
            pieces.close()  # type: ignore[attr-defined]

    def _may_keep(self, size: int) -> bool:
        limit = ENTRY_LIMIT if self._stored is None else self._stored.entry_limit
        if not self._done and size > limit:
            self._done = True
            if self._stored is not None:
                log.warning("a response of more than %d bytes was not stored", limit)
        return not self._done

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
        for mark in _MARKS:
            at = whole.find(mark)
            if at >= 0:
                start, end = whole.rfind(b"\n\n", 0, at) + 2, whole.find(b"\n\n", at)
                block = whole[start if start > 1 else 0 : end if end >= 0 else None]
                if not self._may_keep(len(block)):
                    return
                for _, event in events_of(block):
                    self._hear(event)

    def _hear(self, event: bytes) -> None:
        try:
            told = loads_told(event)
        except JSONDecodeError:
            return
        if isinstance(told, dict) and told.get("type") in ENDS and isinstance(told.get("response"), dict):
            self._keep(told["response"])

    def _keep(self, document: dict[str, Any]) -> None:
        if self._done:
            return
        self._done = True
        if self._call.placement is not None and isinstance(document.get("id"), str):
            self._call.placement.answered(document["id"])
        if self._stored is None:
            return
        call, outcome = self._call, self._call.outcome
        upstream = account = ""
        if outcome.mode == "passthrough" and document.get("store") is True and outcome.attempts:
            upstream, account = outcome.upstream, outcome.attempts[-1].account
        given = call.history.fresh if call.history is not None else call.body.get("input")
        self._stored.keep(document, given, call.history, self._owner, upstream, account)
