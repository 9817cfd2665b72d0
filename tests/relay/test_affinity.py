"""Conversations and their accounts, in one process. Over several workers: tests/agreement."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.accounts.bindings import LINGER_S, SPACE, Bindings
from gateway.accounts.rota import Seat
from gateway.relay.affinity import Affinity
from gateway.relay.call import Call
from gateway.state.memory import MemoryStore
from tests.agreement.house import answered
from tests.agreement.talk import body
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.script import Script, failing
from tests.scripted.upstream import ScriptedUpstream

KEYS = ("k0", "k1", "k2")
CLIENTS = ("sk-client-of-anna-0001", "sk-client-of-bert-0002")


@pytest.fixture
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    with InProcess(config(up)) as gateway:
        yield gateway


def config(up: ScriptedUpstream, keys: tuple[str, ...] = KEYS, **routing: Any) -> str:
    return config_for(Provider(up, keys=keys), routing={"rotation_count": 1, **routing})


def turn(house: InProcess, number: int, opening: str = "hello", protocol: str = "chat", **more: Any) -> tuple[str, str]:
    return answered(house.ask(protocol, **body(protocol, opening, number), **more))


def stored(house: InProcess) -> dict[str, bytes]:
    time.sleep(2 * LINGER_S)
    return dict(house.gateway.state.scan(SPACE))


def test_a_first_turn_is_placed_and_its_second_finds_it(house: InProcess) -> None:
    assert [turn(house, 1, opening) for opening in "abc"] == [("k0", "new"), ("k1", "new"), ("k2", "new")]
    assert [turn(house, 2, opening) for opening in "cba"] == [("k2", "kept"), ("k1", "kept"), ("k0", "kept")]


def test_it_is_in_the_record_and_in_the_log_line(house: InProcess) -> None:
    turn(house, 1)
    turn(house, 2)
    assert [record.affinity for record in house.records] == ["new", "kept"]
    assert " affinity=kept " in house.records[1].line() and " use=1/1 affinity=new " in house.records[0].line()


def test_equal_first_turns_rotate_and_take_nobody_elses_conversation_along(house: InProcess) -> None:
    assert turn(house, 1) == ("k0", "new")
    assert turn(house, 2) == ("k0", "kept")
    assert [turn(house, 1) for _ in range(3)] == [("k1", "new"), ("k2", "new"), ("k0", "new")]
    assert turn(house, 1) == ("k1", "new")
    assert turn(house, 3) == ("k0", "kept")


def test_client_keys_know_nothing_of_each_other(up: ScriptedUpstream) -> None:
    auth = {"mode": "strict", "api_keys": list(CLIENTS)}
    with InProcess(config_for(Provider(up, keys=KEYS), routing={"rotation_count": 1}, auth=auth)) as house:
        found = {
            key: [turn(house, n, headers={"Authorization": f"Bearer {key}"}, prompt_cache_key="s") for n in (1, 2)]
            for key in CLIENTS
        }
        assert found == {CLIENTS[0]: [("k0", "new"), ("k0", "kept")], CLIENTS[1]: [("k1", "new"), ("k1", "kept")]}
        assert turn(house, 3, headers={"x-api-key": CLIENTS[1]}, prompt_cache_key="s") == ("k1", "kept")
        assert not any(key in f"{stored(house)}" for key in CLIENTS)


@pytest.mark.parametrize(
    ("protocol", "fields", "headers"),
    [
        ("chat", {"prompt_cache_key": "s"}, {}),
        ("chat", {"session_id": "s"}, {}),
        ("responses", {"prompt_cache_key": "s"}, {}),
        ("responses", {"conversation": {"id": "conv_1"}}, {}),
        ("messages", {"metadata": {"user_id": '{"session_id":"s"}'}}, {}),
        ("gemini", {"session_id": "s"}, {}),
        ("messages", {}, {"X-Claude-Code-Session-Id": "s"}),
        ("chat", {}, {"x-session-id": "s"}),
        ("responses", {}, {"session-id": "s"}),
    ],
)
def test_a_request_that_names_its_session(
    house: InProcess, protocol: str, fields: dict[str, Any], headers: dict[str, str]
) -> None:
    """AM-T15, AM-T17"""
    found = [answered(house.ask(protocol, headers=headers, text=text, **fields)) for text in ("one", "two", "three")]
    assert found == [("k0", "new"), ("k0", "kept"), ("k0", "kept")]
    assert answered(house.ask(protocol, text="four")) == ("k1", "new")


def test_subagents_of_claude_code_have_conversations_of_their_own(house: InProcess) -> None:
    """CC-10"""

    def asked(agent: str) -> tuple[str, str]:
        headers = {"x-claude-code-session-id": "s", **({"x-claude-code-agent-id": agent} if agent else {})}
        return answered(house.ask("messages", headers=headers, metadata={"user_id": "u"}))

    assert [asked(agent) for agent in ("", "a", "b")] == [("k0", "new"), ("k1", "new"), ("k2", "new")]
    assert [asked(agent) for agent in ("b", "a", "")] == [("k2", "kept"), ("k1", "kept"), ("k0", "kept")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("store", [False, True])
@pytest.mark.parametrize("dialect", ["responses", "chat"])
def test_a_stored_answer_belongs_to_whoever_gave_it(
    up: ScriptedUpstream, stream: bool, store: bool, dialect: str
) -> None:
    """Also where only the provider keeps it ([responses] store = false)."""
    if dialect == "chat" and not store:
        return  # nobody keeps it
    provider = Provider(up, dialect, keys=KEYS)
    with InProcess(config_for(provider, routing={"rotation_count": 1}, responses={"store": store})) as house:
        ids = []
        for number in range(3):
            reply = house.ask("responses", text=f"turn {number}", stream=stream, store=True)
            assert answered(reply) == (f"k{number}", "new")
            document = next(data for _, data in reply.events if "response.completed" in data) if stream else reply.body
            ids.append(_id(document))
        if len(set(ids)) == 3:
            for number in (1, 0, 2):
                reply = house.ask("responses", text="on", previous_response_id=ids[number])
                assert answered(reply) == (f"k{number}", "kept")


def _id(document: str | bytes) -> str:
    told = json.loads(document)
    return str(told.get("response", told)["id"])


@pytest.mark.parametrize("status", [429, 500, 401, 404])
def test_a_failure_moves_it_once_for_good(house: InProcess, up: ScriptedUpstream, status: int) -> None:
    assert [turn(house, number) for number in (1, 2)] == [("k0", "new"), ("k0", "kept")]
    up.play(failing(status), key="k0")
    assert turn(house, 3) == ("k1", "moved")
    up.play(Script(), key="k0")
    house.revive()
    assert [turn(house, number) for number in (4, 5)] == [("k1", "kept"), ("k1", "kept")]


def test_the_lock_of_a_model_counts(house: InProcess, up: ScriptedUpstream) -> None:
    """AM-T15"""
    session = {"prompt_cache_key": "s"}
    assert [turn(house, 1, model=model, **session) for model in "mn"] == [("k0", "new"), ("k0", "kept")]
    spent = failing(429, "You exceeded your current quota", "insufficient_quota")
    up.play(spent, key="k0")
    assert turn(house, 2, model="m", **session) == ("k1", "moved")
    account = house.gateway.pool.accounts()[0]
    assert account.resting is None and list(account.models_resting) == ["m"]
    assert turn(house, 3, model="m", **session) == ("k1", "kept")


def test_a_request_that_fails_binds_nothing(house: InProcess, up: ScriptedUpstream) -> None:
    up.play(failing(400, "no"))
    assert house.ask("chat", **body("chat", "hello", 2)).status == 400
    assert house.ask("chat", **body("chat", "hello", 1)).status == 400
    assert stored(house) == {}
    up.play(Script())
    assert turn(house, 2)[1] == "new"


def test_a_stream_binds_with_its_first_content(house: InProcess, up: ScriptedUpstream) -> None:
    up.play(Script(stall_after=1))
    opened = house.open("chat", stream=True, **body("chat", "hello", 1))
    assert opened.response.headers["x-gateway-affinity"] == "new"
    next(opened.chunks())
    up.play(Script())
    assert turn(house, 2) == ("k0", "kept")
    opened.leave()
    assert house.alive()


def test_an_account_without_a_free_slot_is_only_passed_by(up: ScriptedUpstream) -> None:
    with InProcess(config(up)) as house:
        assert turn(house, 1) == ("k0", "new")
        house.gateway.pool.accounts()[0].max_concurrency = 1
        up.play(Script(stall_after=1), key="k0")
        opened = house.open("chat", stream=True, **body("chat", "hello", 2))
        assert opened.response.headers["x-gateway-affinity"] == "kept"
        assert turn(house, 2) == ("k1", "moved")
        opened.leave()
        assert house.alive()
        up.play(Script(), key="k0")
        assert turn(house, 3) == ("k0", "kept")


def test_the_preferred_account_gets_what_is_new(up: ScriptedUpstream) -> None:
    """AM-T18"""
    with InProcess(config(up, preferred_account="k1")) as house:
        assert [turn(house, 1, opening) for opening in "ab"] == [("k1", "new")] * 2
        up.play(failing(429, retry_after="900"), key="k1")
        assert turn(house, 2, "a") == ("k0", "moved")
        house.revive()
        up.play(Script(), key="k1")
        assert turn(house, 3, "a") == ("k0", "kept") and turn(house, 1, "c") == ("k1", "new")


def test_a_tier_of_higher_rank_gets_its_conversation_back(up: ScriptedUpstream) -> None:
    first = Provider(up, name="first", keys=("k0", "k1"))
    second = Provider(up, name="second", keys=("s0", "s1"), more={"priority": 1})
    with InProcess(config_for(first, second, routing={"rotation_count": 1})) as house:
        assert turn(house, 1) == ("k0", "new")
        for key in ("k0", "k1"):
            up.play(failing(429, retry_after="900"), key=key)
        assert [turn(house, number) for number in (2, 3)] == [("s0", "moved"), ("s0", "kept")]
        for key in ("k0", "k1"):
            up.play(Script(), key=key)
        house.revive()
        assert turn(house, 4) == ("k0", "kept")


def test_requests_of_one_session_at_once(house: InProcess) -> None:
    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(lambda _: turn(house, 1, prompt_cache_key="s"), range(36)))
    assert {word for _, word in found} <= {"new", "kept"}
    later = {turn(house, number, prompt_cache_key="s") for number in range(2, 6)}
    assert len(later) == 1 and later.pop()[1] == "kept"


def test_a_request_leaves_no_circle_to_the_garbage_collector(house: InProcess) -> None:
    call = Call(house.gateway.dialects["chat"], body("chat", "hello", 2), b"", "m", False, 0.0)
    call.placement = Affinity(Bindings(MemoryStore(), 60.0)).placement(call)
    assert call.placement is not None and call.placement.bound([Seat("chat", "m")]) == ""
    assert not any(each is call for each in gc.get_referents(call.placement))


def test_no_choice_no_affinity(up: ScriptedUpstream) -> None:
    """One account: nothing is hashed, stored or told."""
    with InProcess(config(up, keys=("k0",))) as house:
        assert [turn(house, number, prompt_cache_key="s") for number in (1, 2)] == [("k0", "")] * 2
        assert stored(house) == {} and house.records[0].affinity == ""


def test_it_can_be_switched_off(up: ScriptedUpstream) -> None:
    with InProcess(config(up, session_affinity=False)) as house:
        assert [turn(house, number) for number in (1, 2, 3)] == [("k0", ""), ("k1", ""), ("k2", "")]
        assert stored(house) == {}


def test_neither_completions_nor_embeddings_have_conversations(house: InProcess) -> None:
    raw = b'{"model": "m", "prompt": "once", "prompt_cache_key": "s"}'
    replies = [house.post("/v1/completions", raw).reply() for _ in range(2)]
    assert [answered(reply) for reply in replies] == [("k0", ""), ("k1", "")]


def test_another_process_finds_it(house: InProcess) -> None:
    """As after a restart: what is stored is enough."""
    turn(house, 1)
    turn(house, 2)
    assert house.gateway.state.flush()
    assert len(stored(house)) == 2 and set(stored(house).values()) == {b"chat/0000/k0"}


def test_cc_10_the_log_names_the_session_and_the_agent(house: InProcess) -> None:
    claude = {"x-claude-code-session-id": "s-1"}
    agent = {"x-claude-code-agent-id": "a-7", "x-claude-code-parent-agent-id": "a-1"}
    for headers in (claude, {**claude, **agent}, {"session-id": "codex-9"}, {"session-id": "x\ty" * 100}, {}):
        house.ask("messages", headers=headers)
    sessions = [record.session for record in house.records]
    assert sessions[:3] == ["s-1", "s-1/a-7<a-1", "codex-9"] and len(sessions[3]) <= 200 and sessions[4] == ""
    assert " session=s-1/a-7<a-1 " in house.records[1].line()
    assert house.records[3].line().isprintable()
