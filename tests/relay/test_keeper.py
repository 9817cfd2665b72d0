from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.config.model import Responses as Settings
from gateway.protocols import responses
from gateway.relay.call import Attempted, Call
from gateway.relay.keeper import Keeper
from gateway.relay.stored import SPACE, StoredResponses
from gateway.state.memory import MemoryStore

DOCUMENT: dict[str, Any] = {"id": "resp_1", "object": "response", "status": "completed", "output": [], "store": True}


def keeper(store: MemoryStore, *, mode: str = "translated", choices: bool = False) -> Keeper:
    call = Call(responses.DIALECT, {"input": "hi"}, b"", "m", True, 0.0)
    call.outcome.mode, call.outcome.upstream = mode, "openai"
    call.outcome.attempts.append(Attempted("openai", "key-1", "m", ""))
    return Keeper(call, StoredResponses(store, Settings()), "anna", choices=choices)


def kept(store: MemoryStore) -> list[dict[str, Any]]:
    return [json.loads(value) for _, value in store.scan(SPACE)]


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


STREAM = (
    event("response.created", response={**DOCUMENT, "id": "no"})
    + event("response.output_text.delta", delta='they say "response.completed" when it ends')
    + event("response.completed", response=DOCUMENT)
)


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_the_last_event_is_kept_however_it_is_cut(size: int) -> None:
    store = MemoryStore()
    pieces = iter([STREAM[at : at + size] for at in range(0, len(STREAM), size)])
    assert b"".join(keeper(store).stream(piece for piece in pieces)) == STREAM
    (entry,) = kept(store)
    assert entry["response"] == DOCUMENT and entry["input"][0]["content"][0]["text"] == "hi"
    assert entry["upstream"] == entry["account"] == ""


def test_it_is_kept_before_the_client_has_it() -> None:
    store = MemoryStore()
    stream = keeper(store).stream(piece for piece in [STREAM])
    next(stream)
    assert len(kept(store)) == 1


@pytest.mark.parametrize("ending", [b"", b"\n", b"\n\n"])
def test_a_last_event_without_its_blank_line(ending: bytes) -> None:
    store = MemoryStore()
    list(keeper(store).stream(piece for piece in [STREAM.rstrip(b"\n") + ending]))
    assert len(kept(store)) == 1


def test_a_stream_without_an_end_is_not_kept_and_closing_closes() -> None:
    store, closed = MemoryStore(), []

    def chunks() -> Any:
        try:
            yield event("response.created", response=DOCUMENT)
            yield b"more"
        finally:
            closed.append(True)

    stream = keeper(store).stream(chunks())
    next(stream)
    stream.close()
    assert closed and not kept(store)


def test_whole_answers_keep_their_bytes_unless_choices_are_wanted() -> None:
    store, raw = MemoryStore(), b' {"id":"resp_1", "output":[]}'
    assert keeper(store).whole(raw) == raw
    told = json.loads(keeper(store, choices=True).whole(raw))
    assert told["choices"][0]["message"]["role"] == "assistant"
    assert len(kept(store)) == 1 and "choices" not in kept(store)[0]["response"]


def test_only_a_provider_that_says_so_keeps_it_too() -> None:
    for mode, says, expected in (
        ("passthrough", True, "key-1"),
        ("passthrough", False, ""),
        ("translated", True, ""),
    ):
        store = MemoryStore()
        keeper(store, mode=mode).whole(json.dumps({**DOCUMENT, "store": says}).encode())
        assert kept(store)[0]["account"] == expected
