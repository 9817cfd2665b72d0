"""What makes a provider's prompt cache work: marks and keys arrive, a talk's beginning stays the same bytes, and what
came from the cache is told in each protocol's own numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.ask import Ask, Function, Said
from tests.contract.cases import clients, providers
from tests.contract.house import MODELS, House
from tests.contract.sdks.every import SDKS
from tests.contract.sdks.sdk import KEY
from tests.gateways import Client
from tests.scripted.script import Script

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
TOOLS = (Function("zebra"), Function("apple"), Function("mango"))


@providers
@clients("tools", "system")
def test_the_next_turn_begins_with_this_one(house: House, sdk: str, provider: str) -> None:
    """Also with the order of the tools, which is the client's."""
    turns = (Said("system", "be brief"), Said("user", "one"))
    house.ask(sdk, provider, Ask(turns, tools=TOOLS))
    house.ask(sdk, provider, Ask((*turns, Said("assistant", "ok"), Said("user", "two")), tools=TOOLS))
    first, second = (json.dumps(request.body) for request in house.up.asked())
    same = next(n for n, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    assert same > first.index("one"), (first[same - 80 : same + 20], second[same - 80 : same + 20])
    assert second.index("zebra") < second.index("apple") < second.index("mango")


def test_marks_of_anthropic_s_own_client_reach_anthropic(house: House) -> None:
    system: Any = [{"type": "text", "text": "long rules", **MARK}]
    content: Any = [{"type": "text", "text": "one", **MARK}]
    house.sdks["anthropic"].client.messages.create(
        model=MODELS["anthropic"], max_tokens=9, system=system, messages=[{"role": "user", "content": content}]
    )
    assert house.request.body["system"] == system
    assert house.request.body["messages"][0]["content"] == content


def test_marks_of_a_chat_client_reach_anthropic(house: House) -> None:
    """As LiteLLM's and OpenRouter's clients set them."""
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": [{"type": "text", "text": "long rules", **MARK}]},
        {"role": "user", "content": [{"type": "text", "text": "one", **MARK}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "seven", **MARK},
        {"role": "user", "content": "two", **MARK},
    ]
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}, **MARK}
    client = Client(house.gateway.port)
    reply = client.ask("chat", model=MODELS["anthropic"], headers={"x-api-key": KEY}, messages=messages, tools=[tool])
    assert reply.status == 200
    body = house.request.body
    result, last = body["messages"][-1]["content"]
    for marked in (body["system"][0], body["messages"][0]["content"][0], result, last, body["tools"][0]):
        assert marked["cache_control"] == MARK["cache_control"], marked
    assert (result["type"], last["text"]) == ("tool_result", "two")
    for provider in ("gemini", "responses"):
        house.up.requests.clear()
        assert client.ask("chat", model=MODELS[provider], headers={"x-api-key": KEY}, messages=messages).status == 200
        assert b"cache_control" not in house.request.raw


@pytest.mark.parametrize("protocol", ["chat", "responses"])
@pytest.mark.parametrize("provider", ["chat", "responses"])
def test_the_cache_key_arrives(house: House, protocol: str, provider: str) -> None:
    client = Client(house.gateway.port)
    more = {"prompt_cache_key": "talk-7"}
    assert client.ask(protocol, model=MODELS[provider], headers={"x-api-key": KEY}, **more).status == 200
    assert house.request.body["prompt_cache_key"] == "talk-7"


CACHED: dict[str, dict[str, Any]] = {
    "chat": {
        "usage": {
            "prompt_tokens": 105, "completion_tokens": 7, "total_tokens": 112,
            "prompt_tokens_details": {"cached_tokens": 100},
        },
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
    },
    "anthropic": {
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 7},
        "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn", "stop_sequence": None,
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
    },
    "gemini": {
        "usageMetadata": {
            "promptTokenCount": 105, "cachedContentTokenCount": 100, "candidatesTokenCount": 7, "totalTokenCount": 112,
        },
        "candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("provider", CACHED)
@clients()
def test_cached_tokens_are_told_in_each_convention(house: House, sdk: str, provider: str) -> None:
    """OpenAI and Gemini count them among the prompt's, Anthropic beside them."""
    house.up.play(Script(body=json.dumps(CACHED[provider]).encode()))
    assert house.ask(sdk, provider).usage == ((5, 7) if SDKS[sdk].dialect == "anthropic" else (105, 7))
