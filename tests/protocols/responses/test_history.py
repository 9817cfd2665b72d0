from __future__ import annotations

from typing import Any

from gateway.protocols.responses.history import fresh_items, inlined, kept_items, portable

CALL = {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "get", "arguments": "{}", "status": "completed"}
MADE = {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}


def test_a_text_becomes_a_message_with_an_id() -> None:
    (item,) = kept_items("hello")
    assert item["id"].startswith("msg_") and item["role"] == "user" and item["type"] == "message"
    assert item["content"] == [{"type": "input_text", "text": "hello"}]
    assert kept_items("") == kept_items(None) == []


def test_items_keep_their_own_ids_and_get_missing_ones() -> None:
    given = [
        {"role": "assistant", "content": "earlier"},
        CALL,
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "item_reference", "id": "rs_9"},
    ]
    kept = kept_items(given)
    assert [item["type"] for item in kept] == ["message", "function_call", "function_call_output"]
    assert kept[0]["content"] == [{"type": "output_text", "text": "earlier", "annotations": []}]
    assert kept[1] is CALL and kept[2]["id"].startswith("fco_")


def test_what_the_history_holds_is_not_said_twice() -> None:
    mine: dict[str, Any] = {"id": "1", "role": "user", "content": "first"}
    again: dict[str, Any] = {"id": "1", "role": "user", "content": "a client that numbers anew each time"}
    history = [mine, MADE]
    given = [MADE, {"type": "item_reference", "id": "1"}, {"id": "msg_1"}, again, {"type": "item_reference", "id": "x"}]
    assert fresh_items(given, history, {"msg_1"}) == [again, {"type": "item_reference", "id": "x"}]
    assert fresh_items("text", history, {"msg_1"}) == "text"


def test_inlined_is_the_whole_conversation() -> None:
    body = {"model": "m", "previous_response_id": "r", "input": "next", "instructions": "be"}
    told = inlined(body, [MADE], "next")
    assert told == {"model": "m", "instructions": "be", "input": [MADE, {"role": "user", "content": "next"}]}
    assert inlined(body, [MADE], None)["input"] == [MADE]
    assert body["previous_response_id"] == "r"


def test_another_account_gets_neither_ids_nor_seals_nor_its_neighbours_tools() -> None:
    items = [
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "x"},
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
        CALL,
        {"id": "fco_1", "type": "function_call_output", "call_id": "c1", "output": "1"},
        MADE,
    ]
    assert portable(items) == [
        {"type": "function_call", "call_id": "c1", "name": "get", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]},
    ]
