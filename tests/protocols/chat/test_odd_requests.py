"""A full request with values of the wrong type anywhere: Malformed, alike from both, or a body to send."""

import random
from typing import Any

import pytest

from gateway.canon.fault import Malformed
from gateway.canon.profile import Profile
from gateway.protocols.chat import DIALECT
from gateway.protocols.wire_json import dumps

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2.5,
    "",
    "x",
    [],
    {},
    [None],
    ["x"],
    [{}],
    {"type": "text"},
    {"name": "f"},
    10**25,
]
FULL: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "s"}]},
        {
            "role": "user",
            "name": "n",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "f"}},
                {"type": "refusal", "refusal": "r"},
            ],
        },
        {
            "role": "assistant",
            "content": "a",
            "refusal": "r",
            "reasoning_content": "t",
            "tool_calls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": "{}"},
                    "extra_content": {"google": {"thought_signature": "s"}},
                },
                {"id": "d", "type": "custom", "custom": {"name": "p", "input": "x"}},
            ],
            "function_call": {"name": "f", "arguments": "{}"},
        },
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "1"}]},
        {"role": "function", "name": "f", "content": "1"},
    ],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 5,
    "stop": ["a"],
    "tools": [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {}, "strict": True}},
        {"type": "custom", "custom": {"name": "p", "format": {"type": "text"}}},
    ],
    "functions": [{"name": "f", "parameters": {}}],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [{"type": "function"}]},
    },
    "function_call": {"name": "f"},
    "thinking": {"type": "enabled", "budget_tokens": 5, "effort": "low"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
    "modalities": ["text"],
    "web_search_options": {},
    "user": "u",
}


def drifted(value: Any, dice: random.Random) -> Any:
    if dice.random() < 0.02:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {key: drifted(item, dice) for key, item in value.items() if dice.random() > 0.005}
    if isinstance(value, list):
        return [drifted(item, dice) for item in value]
    return value


@pytest.mark.parametrize("seed", range(10))
def test_requests(seed: int) -> None:
    dice = random.Random(seed)
    refused = 0
    for _ in range(60):
        body = drifted(FULL, dice)
        if not isinstance(body, dict):
            continue
        try:
            DIALECT.check_request(body)
        except Malformed as complaint:
            refused += 1
            with pytest.raises(Malformed) as read:
                DIALECT.read_request(body)
            assert (read.value.param, read.value.message) == (complaint.param, complaint.message)
        else:
            dumps(DIALECT.write_request(DIALECT.read_request(body), Profile(thinking="effort")).body)
    assert 0 < refused < 60
