"""What tells conversations apart, in all four protocols (each dialect's conversation.py too)."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.protocols import anthropic, chat, completions, gemini, responses
from gateway.protocols.conversation import LONGEST, Conversation
from tests.agreement.talk import PROTOCOLS, body
from tests.pictures import PNG

DIALECTS = {"chat": chat, "responses": responses, "messages": anthropic, "gemini": gemini}


def read(protocol: str, document: dict[str, Any]) -> Conversation:
    conversation = DIALECTS[protocol].DIALECT.conversation  # type: ignore[attr-defined]
    found: Conversation = conversation(document)
    return found


def opening(protocol: str, document: dict[str, Any]) -> bytes:
    return read(protocol, document).opened()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_turn_opens_as_the_first_one_did(protocol: str) -> None:
    first = opening(protocol, body(protocol, "hello", 1))
    assert b"be brief" in first and b"hello" in first
    for turn in (2, 3, 9):
        document = body(protocol, "hello", turn)
        assert opening(protocol, document) == first and read(protocol, document).begun
    assert not read(protocol, body(protocol, "hello", 1)).begun


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_another_first_turn_or_other_tools_are_another_conversation(protocol: str) -> None:
    document = body(protocol, "hello", 2)
    assert opening(protocol, document) != opening(protocol, body(protocol, "hallo", 2))
    assert opening(protocol, document) != opening(protocol, {**document, "tools": [{"name": "f"}]})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_model_and_knobs_are_not_part_of_it(protocol: str) -> None:
    """AM-T17"""
    document = body(protocol, "hello", 2)
    assert opening(protocol, document) == opening(protocol, {**document, "model": "other", "temperature": 0.5})


def test_a_prompt_of_one_string() -> None:
    texts = {"input": "hello", "instructions": "be brief"}
    listed = {"input": [{"role": "user", "content": "hello"}], "instructions": "be brief"}
    assert not read("responses", texts).begun and b"hello" in opening("responses", texts)
    assert not read("responses", listed).begun


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": "hi"},
        {"role": "assistant", "content": "hi"},
        {"type": "item_reference", "id": "msg_1"},
    ],
)
def test_items_that_are_the_models(item: dict[str, Any]) -> None:
    assert read("responses", {"input": [{"role": "user", "content": "x"}, item]}).begun


@pytest.mark.parametrize(
    "item", [{"role": "developer", "content": "x"}, {"type": "function_call_output", "call_id": "c", "output": "r"}]
)
def test_items_that_are_not(item: dict[str, Any]) -> None:
    assert not read("responses", {"input": [item]}).begun


@pytest.mark.parametrize(
    ("protocol", "fields", "session"),
    [
        ("chat", {"prompt_cache_key": "k"}, ("prompt_cache_key", "k")),
        ("chat", {"session_id": "s", "prompt_cache_key": ""}, ("session_id", "s")),
        ("responses", {"prompt_cache_key": "k", "conversation": "conv_1"}, ("conversation", "conv_1")),
        ("responses", {"conversation": {"id": "conv_1"}}, ("conversation", "conv_1")),
        ("responses", {"session_id": "s"}, ("session_id", "s")),
        ("messages", {"metadata": {"user_id": "u"}}, ("user_id", "u")),
        ("messages", {"metadata": {"user_id": 3}}, None),
        ("messages", {"metadata": None}, None),
        ("gemini", {"sessionId": "s"}, ("sessionId", "s")),
        ("gemini", {"session_id": "s"}, ("session_id", "s")),
    ],
)
def test_the_names_clients_give(protocol: str, fields: dict[str, Any], session: tuple[str, str] | None) -> None:
    """AM-T17"""
    assert read(protocol, {**body(protocol, "hello", 1), **fields}).session == session


def test_the_answer_it_goes_on_from() -> None:
    assert read("responses", {"input": "x", "previous_response_id": "resp_1"}).previous == "resp_1"
    assert read("responses", {"input": "x", "previous_response_id": None}).previous == ""


def test_cache_marks_wander() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    system = [{"type": "text", "text": "be brief"}]
    tools = [{"name": "f", "input_schema": {}}]

    def asked(marked: dict[str, Any]) -> bytes:
        return opening(
            "messages",
            {
                "system": [{**system[0], **marked}],
                "tools": [{**tools[0], **marked}],
                "messages": [
                    {"role": "user", "content": [{**picture, **marked}, {"type": "text", "text": "x", **marked}]}
                ],
            },
        )

    assert asked({}) == asked(mark) == asked({"cache_control": None})
    assert PNG[:40].encode() in asked({})


def test_claude_codes_billing_block_is_no_prompt() -> None:
    def asked(number: int) -> bytes:
        billing = {"type": "text", "text": f"x-anthropic-billing-header: cc_version=2; cch={number};"}
        return opening("messages", {"system": [billing, {"type": "text", "text": "rules"}], "messages": []})

    assert asked(1) == asked(2) and b"rules" in asked(1)


def test_long_pieces_are_told_apart_by_length_and_ends() -> None:
    def asked(text: str) -> bytes:
        return opening("chat", {"messages": [{"role": "user", "content": text}]})

    long = "x" * 10 * LONGEST
    assert len(asked(long)) < 2 * LONGEST
    assert len({asked(long), asked(long + "x"), asked(long[:-1] + "y"), asked("y" + long[1:])}) == 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_odd_bodies_break_nothing(protocol: str) -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep] if protocol == "chat" else {"content": deep}
    field = {"gemini": "contents", "responses": "input"}.get(protocol, "messages")
    for turns in (None, [], "x", 5, [5, None, "x"], [{"role": 3, "content": {"a": deep}}], [{"role": "user"}]):
        opening(protocol, {field: turns, "system": 5, "instructions": [None], "systemInstruction": "s", "tools": {}})
    assert opening("chat", {"messages": [{"role": "user", "content": "\ud800"}]})


def test_no_conversation_in_a_legacy_completion() -> None:
    assert completions.DIALECT.conversation is None
