"""Own bodies come back as they were: write_request(read_request(body)) == body."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gateway.canon.pairing import paired
from gateway.canon.profile import Profile
from gateway.protocols.responses import DIALECT

REASONING = Profile(thinking="effort")
USER: dict[str, Any] = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
CALL: dict[str, Any] = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "get",
    "arguments": '{"a": 1}',
    "status": "completed",
}
RESULT: dict[str, Any] = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
ENCRYPTED = {"include": ["reasoning.encrypted_content"]}


def body(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": list(items), "store": False, **fields}


def pair(call: dict[str, Any], output: dict[str, Any]) -> dict[str, Any]:
    return body(USER, call, output)


BODIES: dict[str, dict[str, Any]] = {
    "string": {"model": "m", "input": "hi", "store": True},
    "instructions and string": {"model": "m", "input": "hi", "instructions": "be", "store": False},
    "instructions only": {"model": "m", "instructions": "be", "store": False},
    "instruction items": {"model": "m", "instructions": [USER], "input": "hi", "store": False},
    "easy messages": body(
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
    ),
    "developer in the middle": body(USER, {"type": "message", "role": "developer", "content": "d"}, USER),
    "knobs": body(
        USER,
        stream=True,
        temperature=0.2,
        top_p=0.9,
        max_output_tokens=100,
        top_logprobs=3,
        parallel_tool_calls=False,
        user="u",
        prompt_cache_key="k",
        service_tier="flex",
    ),
    "stateful and unknown fields": body(
        USER,
        previous_response_id="resp_1",
        metadata={"a": "b"},
        truncation="auto",
        background=False,
        client_metadata={"x": 1},
        safety_identifier="s",
        prompt_cache_retention="24h",
        a_field_of_tomorrow=[1],
        **ENCRYPTED,
    ),
    "reasoning": body(
        USER,
        reasoning={"effort": "high", "summary": "auto", "context": "all_turns"},
        text={"verbosity": "low", "format": {"type": "json_object"}, "x": 1},
        **ENCRYPTED,
    ),
    "summary wish alone": body(USER, reasoning={"summary": "auto"}, **ENCRYPTED),
    "effort none": body(USER, reasoning={"effort": "none"}, **ENCRYPTED),
    "schema": body(
        USER,
        text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}},
    ),
    "media": body(
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": "data:image/PNG;base64,aGk", "detail": "low"},
                {"type": "input_image", "file_id": "file_1", "detail": "auto"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
                {"type": "input_file", "file_url": "https://x/y.pdf"},
                {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
                {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "input_hologram", "depth": 3},
            ],
        }
    ),
    "calls": body(
        USER,
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
        CALL,
        RESULT,
        USER,
    ),
    "assistant message": body(
        USER,
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "phase": "commentary",
            "content": [
                {"type": "output_text", "text": "a", "annotations": [], "logprobs": []},
                {"type": "refusal", "refusal": "no"},
                {"type": "output_smell", "x": 1},
            ],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
        {
            "role": "assistant",
            "content": [{"type": "output_smell", "x": 1}, {"type": "output_text", "text": "c"}],
        },
        USER,
    ),
    "parallel results out of order": body(
        USER, CALL, {**CALL, "id": "fc_2", "call_id": "call_2"}, {**RESULT, "call_id": "call_2"}, RESULT
    ),
    "result with a picture": body(
        USER,
        CALL,
        {
            **RESULT,
            "output": [
                {"type": "input_text", "text": "t"},
                {"type": "input_image", "image_url": "https://x"},
            ],
        },
    ),
    "namespaced call": body(
        USER,
        {**CALL, "namespace": "crm"},
        RESULT,
        tools=[
            {
                "type": "namespace",
                "name": "crm",
                "description": "d",
                "tools": [{"type": "function", "name": "get"}],
            }
        ],
        tool_choice={"type": "function", "name": "get", "namespace": "crm"},
    ),
    "custom": pair(
        {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "done"},
    ),
    "local shell": pair(
        {
            "type": "local_shell_call",
            "id": "lsh_1",
            "call_id": "c",
            "status": "completed",
            "action": {"type": "exec", "command": ["ls"], "env": {}},
        },
        {"type": "local_shell_call_output", "id": "lsh_1", "output": "x"},
    ),
    "shell": pair(
        {"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"]}},
        {
            "type": "shell_call_output",
            "call_id": "c",
            "output": [{"stdout": "x", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
    ),
    "apply patch": pair(
        {
            "type": "apply_patch_call",
            "call_id": "c",
            "status": "completed",
            "operation": {"type": "delete_file", "path": "a"},
        },
        {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no"},
    ),
    "items of this API": body(
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"},
        USER,
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "item_reference", "id": "msg_9"},
        {"id": "msg_8"},
        {"type": "image_generation_call", "id": "ig", "status": "completed", "result": "aGk="},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
        {"type": "computer_call_output", "call_id": "x", "output": {}},
        {"type": "item_of_tomorrow"},
    ),
    "unfinished call": pair(
        {"type": "custom_tool_call", "call_id": "c", "name": "p", "input": "*** Be", "status": "incomplete"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "aborted"},
    ),
    "tools": body(
        USER,
        tools=[
            {
                "type": "function",
                "name": "get",
                "description": "d",
                "parameters": {"type": "object"},
                "strict": True,
            },
            {
                "type": "custom",
                "name": "p",
                "format": {"type": "grammar", "syntax": "lark", "definition": "x"},
            },
            {
                "type": "namespace",
                "name": "crm",
                "description": "d",
                "tools": [{"type": "function", "name": "a"}, {"type": "custom", "name": "b"}],
            },
            {"type": "namespace", "name": "empty", "description": "d", "tools": []},
            {"type": "local_shell"},
            {"type": "shell", "environment": {"type": "container_auto"}},
            {"type": "web_search", "filters": {"allowed_domains": ["x"]}},
            {"type": "mcp", "server_label": "s", "server_url": "https://x"},
            {"type": "tool_search", "execution": "client"},
            {"type": "tool_of_tomorrow", "x": 1},
        ],
        tool_choice={"type": "function", "name": "get"},
    ),
    "allowed tools": body(
        USER,
        tools=[
            {"type": "function", "name": "get"},
            {"type": "web_search_preview"},
            {"type": "custom", "name": "p"},
        ],
        tool_choice={
            "type": "allowed_tools",
            "mode": "required",
            "tools": [
                {"type": "function", "name": "get"},
                {"type": "web_search_preview"},
                {"type": "custom", "name": "p"},
            ],
        },
    ),
    "choice of a server": body(
        USER,
        tools=[{"type": "mcp", "server_label": "s"}],
        tool_choice={"type": "mcp", "server_label": "s", "name": "n"},
    ),
    "choice of a built-in": body(USER, tools=[{"type": "file_search"}], tool_choice={"type": "file_search"}),
    "no tools": body(USER, tools=[{"type": "function", "name": "get"}], tool_choice="none"),
    "late tools": body(
        USER,
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "late"}]},
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_identity(name: str) -> None:
    given = BODIES[name]
    before = copy.deepcopy(given)
    DIALECT.check_request(given)
    dialogue = DIALECT.read_request(given)
    profile = REASONING if "include" in given else Profile()
    written = DIALECT.write_request(dialogue, profile)
    assert written.body == before
    assert given == before
    assert written.losses == []


@pytest.mark.parametrize("name", BODIES)
def test_identity_after_pairing(name: str) -> None:
    given = BODIES[name]
    dialogue = DIALECT.read_request(given)
    dialogue.turns, losses = paired(dialogue.turns)
    written = DIALECT.write_request(dialogue, REASONING if "include" in given else Profile())
    assert written.body == given
    assert losses == []


def test_history_is_a_prefix_of_the_next_turn() -> None:
    history = [USER, CALL, RESULT, {"role": "assistant", "content": "b"}]
    first = DIALECT.read_request(body(*history))
    again = DIALECT.read_request(body(*copy.deepcopy(history)))
    longer = DIALECT.read_request(body(*history, USER, CALL, RESULT))
    assert first.turns == again.turns == longer.turns[: len(first.turns)]
    short = DIALECT.write_request(first, Profile()).body["input"]
    assert DIALECT.write_request(longer, Profile()).body["input"][: len(short)] == short
