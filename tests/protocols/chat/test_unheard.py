"""What only Chat Completions can say below the top level."""

from __future__ import annotations

from gateway.protocols.chat import DIALECT

CALL = {"id": "c", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}", "later": 1}, "more": 1}


def test_nested_fields_of_a_request() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s", "odd": 1},
            {"role": "user", "content": [{"type": "text", "text": "x", "prompt_cache_breakpoint": {"type": "e"}}]},
            {"role": "assistant", "content": None, "annotations": [], "audio": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c", "content": "1", "took_ms": 3},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/a.png", "hint": 1}}]},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "cached": True}, "cache_control": {"type": "ephemeral"}},
            {"type": "custom", "custom": {"name": "g", "newer": 1}},
        ],
        "web_search_options": {"search_context_size": "low"},
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body), "gemini")) == [
        "messages[].odd",
        "messages[].content[].prompt_cache_breakpoint",
        "messages[].tool_calls[].index",
        "messages[].tool_calls[].more",
        "messages[].tool_calls[].later",
        "messages[].took_ms",
        "messages[].content[].hint",
        "tools[].cache_control",
        "tools[].cached",
        "tools[].newer",
        "web_search_options.search_context_size",
    ]


def test_marks_of_ours_and_signatures_are_none() -> None:
    signed = {"google": {"thought_signature": "R2Vt"}}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": signed}
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "x"}]},
            {"role": "assistant", "content": "a", "reasoning_content": "hm", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "1"}]},
            {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}]},
        ],
        "functions": [{"name": "f", "parameters": {}}],
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body), "gemini")) == []


def test_cache_marks_are_kept_for_anthropic() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s", **mark},
            {"role": "user", "content": [{"type": "text", "text": "x", **mark}]},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}, **mark}],
    }
    dialogue = DIALECT.read_request(body)
    assert list(DIALECT.unheard(dialogue, "anthropic")) == []
    assert set(DIALECT.unheard(dialogue, "gemini")) == {
        "messages[].cache_control",
        "messages[].content[].cache_control",
        "tools[].cache_control",
    }
