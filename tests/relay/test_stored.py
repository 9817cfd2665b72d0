from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.config.model import Responses as Settings
from gateway.errors import BadRequest, NotFound
from gateway.relay.stored import SIZES, SPACE, StoredResponses
from gateway.state.memory import MemoryStore


def document(identity: str, text: str = "hi") -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": f"msg_{identity}", "type": "message", "role": "assistant", "content": [part]}
    return {"id": identity, "object": "response", "status": "completed", "output": [message]}


def keep(stored: StoredResponses, identity: str, given: Any, previous: str = "", **more: Any) -> None:
    owner = more.pop("owner", "anna")
    history = stored.history(previous, owner, given) if previous else None
    stored.keep(document(identity, **more), given, history, owner, "", "")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def stored(store: MemoryStore) -> StoredResponses:
    return StoredResponses(store, Settings())


def texts(items: list[dict[str, Any]]) -> list[str]:
    return [part["text"] for item in items for part in item["content"]]


def test_a_conversation_is_what_was_said_in_its_order(stored: StoredResponses) -> None:
    keep(stored, "r1", "one", text="1")
    keep(stored, "r2", [{"role": "user", "content": "two"}], "r1", text="2")
    keep(stored, "r3", "three", "r2", text="3")
    history = stored.history("r3", "anna", "four")
    assert texts(history.items) == ["one", "1", "two", "2", "three", "3"]
    told = history.inlined({"model": "m", "previous_response_id": "r3", "input": "four"})
    assert "previous_response_id" not in told and told["input"][-1] == {"role": "user", "content": "four"}
    assert texts(stored.context(stored.find("r2", "anna"), "anna")) == ["one", "1", "two"]


def test_conversations_may_branch(stored: StoredResponses) -> None:
    keep(stored, "r1", "one", text="1")
    keep(stored, "r2", "left", "r1", text="l")
    keep(stored, "r3", "right", "r1", text="r")
    assert texts(stored.history("r3", "anna", None).items) == ["one", "1", "right", "r"]


def test_another_owner_finds_nothing(stored: StoredResponses) -> None:
    keep(stored, "r1", "secret")
    for owner in ("bert", ""):
        with pytest.raises(NotFound) as hidden:
            stored.find("r1", owner)
        assert hidden.value.fault.status == 404
        with pytest.raises(NotFound):
            stored.delete("r1", owner)
        with pytest.raises(BadRequest) as unknown:
            stored.history("r1", owner, "x")
        assert (unknown.value.fault.code, unknown.value.fault.param) == (
            "previous_response_not_found",
            "previous_response_id",
        )
    assert stored.find("r1", "anna").response == document("r1")


def test_two_owners_may_have_the_same_id(stored: StoredResponses) -> None:
    keep(stored, "r1", "mine", text="a")
    keep(stored, "r1", "mine", text="b", owner="bert")
    assert stored.find("r1", "anna").response == document("r1", "a")


def test_deleting_the_beginning_ends_the_conversation_loudly(stored: StoredResponses, store: MemoryStore) -> None:
    keep(stored, "r1", "one")
    keep(stored, "r2", "two", "r1")
    stored.delete("r1", "anna")
    with pytest.raises(NotFound):
        stored.find("r1", "anna")
    with pytest.raises(BadRequest, match="r1"):
        stored.history("r2", "anna", "x")
    assert len(list(store.scan(SPACE))) == len(list(store.scan(SIZES))) == 1


@pytest.mark.parametrize("identity", ["", "x" * 300, "r\n1", "ä", "r\x001"])
def test_what_is_no_id_is_not_found(stored: StoredResponses, identity: str) -> None:
    with pytest.raises(NotFound):
        stored.find(identity, "anna")


def test_time_ends_it_and_going_on_keeps_it(store: MemoryStore) -> None:
    stored = StoredResponses(store, Settings(ttl_s=0.6))
    keep(stored, "r1", "one")
    keep(stored, "left", "one")
    time.sleep(0.4)
    keep(stored, "r2", "two", "r1")
    time.sleep(0.3)
    assert texts(stored.history("r2", "anna", None).items) == ["one", "hi", "two", "hi"]
    with pytest.raises(NotFound):
        stored.find("left", "anna")


def test_above_max_mb_the_oldest_go(store: MemoryStore) -> None:
    stored = StoredResponses(store, Settings(max_mb=1))
    for number in range(30):
        keep(stored, f"r{number}", "x", text="y" * 100_000)
    until = time.monotonic() + 5
    while sum(len(value) for _, value in store.scan(SPACE)) > 1.1 * 1024 * 1024 and time.monotonic() < until:
        time.sleep(0.01)
    kept = {key.partition("/")[2] for key, _ in store.scan(SPACE)}
    assert "r29" in kept and "r0" not in kept and 5 <= len(kept) <= 11
    stored.find("r29", "anna")


def test_what_is_larger_than_a_quarter_is_not_kept_and_said(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    stored = StoredResponses(store, Settings(max_mb=1))
    keep(stored, "r1", "x", text="y" * 300_000)
    assert not list(store.scan(SPACE)) and "max_mb" in caplog.text


def test_nothing_is_known_where_nothing_is_kept(store: MemoryStore) -> None:
    stored = StoredResponses(store, Settings(store=False))
    history = stored.history("r1", "anna", "x")
    assert history.for_provider({"input": "x"}, "openai", "key-1") is None
    with pytest.raises(BadRequest, match="store = false"):
        history.inlined({"input": "x"})


def test_a_provider_that_keeps_it_too_gets_the_id_alone(stored: StoredResponses) -> None:
    stored.keep(document("r1"), "one", None, "anna", "openai", "key-1")
    history = stored.history("r1", "anna", "two")
    body = {"model": "m", "previous_response_id": "r1", "input": "two"}
    assert history.for_provider(body, "openai", "key-1") is None
    for upstream, account in (("openai", "key-2"), ("other", "key-1")):
        full = history.for_provider(body, upstream, account)
        assert full is not None and "previous_response_id" not in full and "id" not in full["input"][1]
    assert history.forget() and history.for_provider(body, "openai", "key-1") is not None
    assert not history.forget()


def test_a_provider_that_has_only_one_id(stored: StoredResponses) -> None:
    keep(stored, "r1", "one", text="1")
    keep(stored, "r1", "two", "r1", text="2")
    keep(stored, "r1", "three", "r1", text="3")
    assert texts(stored.history("r1", "anna", None).items) == ["one", "1", "two", "2", "three", "3"]
    assert texts(stored.context(stored.find("r1", "anna"), "anna")) == ["one", "1", "two", "2", "three"]


def test_an_entry_of_another_version_is_as_if_not_there(stored: StoredResponses, store: MemoryStore) -> None:
    keep(stored, "r1", "one")
    ((key, _),) = store.scan(SPACE)
    for value in (b"not json", b'{"response": {}}', b"[]"):
        store.put(SPACE, key, value)
        with pytest.raises(NotFound):
            stored.find("r1", "anna")
