"""What only the Responses API can say below the top level."""

from __future__ import annotations

from gateway.protocols.responses import DIALECT

FUNCTION = {"type": "function", "name": "f", "parameters": {}, "strict": False}


def test_nested_fields_of_a_request() -> None:
    body = {
        "model": "m",
        "input": [
            {"role": "user", "content": "x", "odd": 1},
            {"role": "user", "content": [{"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"a": 1}}]},
            {
                "type": "message",
                "role": "assistant",
                "id": "msg_1",
                "status": "completed",
                "phase": "commentary",
                "later": 1,
                "content": [{"type": "output_text", "text": "a", "annotations": [], "logprobs": [], "newer": 1}],
            },
            {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{}", "caller": {"a": 1}},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "1", "hm": 1}]},
        ],
        "tools": [
            {**FUNCTION, "defer_loading": True},
            {"type": "custom", "name": "g", "newest": 1},
            {"type": "namespace", "name": "git", "description": "git", "tools": [FUNCTION, {**FUNCTION, "name": "h"}]},
            {"type": "web_search", "filters": {"allowed_domains": ["x"]}},
            {"type": "local_shell"},
            {"type": "code_interpreter", "container": {"type": "auto"}},
            {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}},
        ],
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body), "chat")) == [
        "input[].odd",
        "input[].content[].prompt_cache_breakpoint",
        "input[].later",
        "input[].content[].newer",
        "input[].caller",
        "input[].content[].hm",
        "tools[].defer_loading",
        "tools[].newest",
        "tools[].description",
        "tools[].filters",
        "tools[].container",
    ]


def test_what_our_own_answers_bring_back_is_none() -> None:
    body = {
        "model": "m",
        "instructions": "s",
        "input": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"type": "custom_tool_call", "id": "ct", "call_id": "c", "name": "g", "input": "x", "status": "completed"},
            {"type": "custom_tool_call_output", "call_id": "c", "output": "1"},
            {"type": "local_shell_call", "id": "l", "call_id": "l", "status": "completed", "action": {"command": []}},
            {"type": "local_shell_call_output", "id": "l", "output": "1"},
        ],
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body), "chat")) == []
