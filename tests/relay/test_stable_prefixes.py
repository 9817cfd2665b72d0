"""Prompt caches: what a provider was sent for turn n is how turn n + 1 begins, byte for byte, in every pair."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from gateway.protocols.anthropic import DIALECT
from gateway.routing.profiles import profile_for
from tests.gateways import InProcess, Provider, config_for
from tests.pictures import PNG
from tests.scripted.told import path
from tests.scripted.upstream import ScriptedUpstream

DIALECTS = ("chat", "responses", "anthropic", "gemini")
CLIENTS = ("chat", "responses", "messages", "gemini")
HISTORY = {"chat": "messages", "responses": "input", "anthropic": "messages", "gemini": "contents"}
SCHEMA = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}, "required": ["b"]}
NAMES = ("zeta", "alpha.with.dots", "a name with blanks", "mid", "long-" + "x" * 80)
"""Tool names in no order, some of which every provider has renamed for it."""
THINKING = {"extra_content": {"google": {"thought_signature": "c2lnbmF0dXJl"}}}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ScriptedUpstream, InProcess]]:
    with ScriptedUpstream() as up:
        models = {"gemini": "gemini-3-pro", "anthropic": "claude-sonnet-4-5", "chat": "gpt-4o", "responses": "gpt-5"}
        providers = [Provider(up, dialect, models=(models[dialect],)) for dialect in DIALECTS]
        with InProcess(config_for(*providers, chain={f"to-{each}": [models[each]] for each in DIALECTS})) as gateway:
            yield up, gateway


def chat() -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    call = {"id": "call_1", "type": "function", "function": {"name": NAMES[1], "arguments": '{"b": "x",  "a":1}'}}
    more = {"id": "call_2", "type": "function", "function": {"name": NAMES[4], "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in NAMES]
    return {"tools": tools, "prompt_cache_key": "key-7"}, [
        [{"role": "system", "content": "be brief"}, {"role": "user", "content": "one"}],
        [
            {"role": "assistant", "content": "look", "tool_calls": [{**call, **THINKING}, more]},
            {"role": "tool", "tool_call_id": "call_2", "content": "r2"},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"r": 1}'},
        ],
        [
            {"role": "assistant", "content": "so"},
            {"role": "user", "content": [{"type": "text", "text": "see"}, picture]},
        ],
        [{"role": "assistant", "content": "fine"}, {"role": "user", "content": "bye"}],
    ]


def responses() -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    tools = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in NAMES]
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    said = {"type": "output_text", "text": "so", "annotations": []}
    return {"tools": tools, "instructions": "be brief", "prompt_cache_key": "key-7"}, [
        [{"role": "developer", "content": "rules"}, {"role": "user", "content": "one"}],
        [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"},
            {"type": "function_call", "call_id": "call_1", "name": NAMES[1], "arguments": '{"b": "x"}'},
            {"type": "function_call", "call_id": "call_2", "name": NAMES[4], "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_2", "output": "r2"},
            {"type": "function_call_output", "call_id": "call_1", "output": "r1"},
        ],
        [
            {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [said]},
            {"role": "user", "content": [{"type": "input_text", "text": "see"}, picture]},
        ],
        [{"role": "assistant", "content": "fine"}, {"role": "user", "content": "bye"}],
    ]


def messages() -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    cached = {"cache_control": {"type": "ephemeral"}}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    calls = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "text", "text": "look"},
        {"type": "tool_use", "id": "call_1", "name": "zeta", "input": {"b": "x", "a": 1}},
        {"type": "tool_use", "id": "call_2", "name": "mid", "input": {}},
    ]
    results = [
        {
            "type": "tool_result",
            "tool_use_id": "call_1",
            "content": [{"type": "text", "text": "r1"}, picture],
            **cached,
        },
        {"type": "tool_result", "tool_use_id": "call_2", "is_error": True, "content": "no"},
    ]
    tools = [{"name": name, "input_schema": SCHEMA} for name in ("zeta", "alpha", "mid")]
    tools[-1] |= cached
    return {"system": [{"type": "text", "text": "be brief", **cached}], "tools": tools, "max_tokens": 1000}, [
        [{"role": "user", "content": [{"type": "text", "text": "one", **cached}]}],
        [{"role": "assistant", "content": calls}, {"role": "user", "content": results}],
        [
            {"role": "assistant", "content": "so"},
            {"role": "user", "content": [{"type": "text", "text": "see"}, picture]},
        ],
        [{"role": "assistant", "content": "fine"}, {"role": "user", "content": "bye"}],
    ]


def gemini() -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    call = {"functionCall": {"name": "zeta", "args": {"b": "x", "a": 1}}, "thoughtSignature": "c2ln"}
    again = {"functionCall": {"name": "zeta", "args": {"b": "y"}}}
    results = [{"functionResponse": {"name": "zeta", "response": {"r": number}}} for number in (1, 2)]
    declared = [{"name": name, "parameters": SCHEMA} for name in ("zeta", "alpha", "mid")]
    picture = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    system = {"parts": [{"text": "be brief"}]}
    return {"systemInstruction": system, "tools": [{"functionDeclarations": declared}]}, [
        [{"role": "user", "parts": [{"text": "one"}]}],
        [{"role": "model", "parts": [{"text": "look"}, call, again]}, {"role": "user", "parts": results}],
        [{"role": "model", "parts": [{"text": "so"}]}, {"role": "user", "parts": [{"text": "see"}, picture]}],
        [{"role": "model", "parts": [{"text": "fine"}]}, {"role": "user", "parts": [{"text": "bye"}]}],
    ]


TALKS = {"chat": chat, "responses": responses, "messages": messages, "gemini": gemini}
FIELD = {"chat": "messages", "responses": "input", "messages": "messages", "gemini": "contents"}


def sent(running: tuple[ScriptedUpstream, InProcess], client: str, provider: str) -> list[dict[str, Any]]:
    """The provider's bodies for every turn of the talk."""
    up, gateway = running
    up.requests.clear()
    fixed, rounds = TALKS[client]()
    said: list[dict[str, Any]] = []
    for each in rounds:
        said = said + each
        body = {**fixed, "model": f"to-{provider}", FIELD[client]: said}
        if client == "gemini":
            del body["model"]
        target = path(client, f"to-{provider}")
        assert gateway.post(target, json.dumps(body).encode(), protocol=client).reply().status == 200
    assert {request.dialect for request in up.requests} == {provider}
    return [request.body for request in up.requests]


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_turn_n_begins_turn_n_plus_one(running: tuple[ScriptedUpstream, InProcess], client: str, provider: str) -> None:
    bodies = sent(running, client, provider)
    history = HISTORY[provider]
    for before, after in pairwise(bodies):
        first, second = ([json.dumps(item) for item in body.pop(history)] for body in (dict(before), dict(after)))
        assert first == second[: len(first)] and len(first) < len(second)
        assert list(before) == list(after)
        assert [json.dumps(before[field]) for field in before if field != history] == [
            json.dumps(after[field]) for field in after if field != history
        ]


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_same_question_is_the_same_bytes_at_any_time(
    running: tuple[ScriptedUpstream, InProcess], client: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, _ = running
    sent(running, client, provider)
    first = [request.raw for request in up.requests]
    later = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    sent(running, client, provider)
    assert [request.raw for request in up.requests] == first


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_order_of_tools(running: tuple[ScriptedUpstream, InProcess], client: str, provider: str) -> None:
    body = sent(running, client, provider)[0]
    if provider == "gemini":
        (entry,) = body["tools"]
        names = [each["name"] for each in entry["functionDeclarations"]]
    else:
        names = [each.get("function", each)["name"] for each in body["tools"]]
    assert "".join(name[0] for name in names) == ("zaaml" if client in ("chat", "responses") else "zam")


@pytest.mark.parametrize(("client", "provider"), [("chat", "responses"), ("responses", "chat"), ("chat", "chat")])
def test_the_cache_key_goes_along(running: tuple[ScriptedUpstream, InProcess], client: str, provider: str) -> None:
    assert {body["prompt_cache_key"] for body in sent(running, client, provider)} == {"key-7"}


def test_cache_marks_survive_reading_and_writing() -> None:
    """Where a request to Anthropic is translated from Anthropic (agents, forced JSON), no mark is lost or moved."""
    fixed, rounds = messages()
    body = {"model": "claude-sonnet-4-5", **fixed, "messages": [item for each in rounds for item in each]}
    written = DIALECT.write_request(DIALECT.read_request(body), profile_for("claude-sonnet-4-5"))
    assert {field: written.body[field] for field in ("system", "tools", "messages")} == {
        field: body[field] for field in ("system", "tools", "messages")
    }
    assert json.dumps(written.body).count("cache_control") == 4
    assert not written.losses
