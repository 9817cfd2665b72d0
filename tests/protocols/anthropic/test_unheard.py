"""What only Anthropic Messages can say below the top level."""

from __future__ import annotations

from gateway.protocols.anthropic import DIALECT

CACHED = {"type": "ephemeral"}


def test_nested_fields_of_a_request() -> None:
    result = {"type": "text", "text": "1", "cache_control": CACHED}
    body = {
        "model": "m",
        "system": [{"type": "text", "text": "s", "cache_control": CACHED}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "x", "odd": 1}], "odder": 1},
            {"role": "system", "content": [{"type": "text", "text": "s", "inside": 1}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [result]}]},
        ],
        "tools": [
            {"name": "f", "input_schema": {}, "defer_loading": True, "strict": True},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        ],
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body), "chat")) == [
        "system[].cache_control",
        "messages[].odder",
        "messages[].content[].odd",
        "messages[].content[].inside",
        "messages[].content[].caller",
        "messages[].content[].content[].cache_control",
        "tools[].defer_loading",
        "tools[].max_uses",
    ]


def test_marks_of_ours_are_none() -> None:
    body = {
        "model": "m",
        "system": [{"type": "text", "text": "x-anthropic-billing-header: cc_version=1"}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "x"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": "1", "is_error": False}],
            },
        ],
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body), "chat")) == []
