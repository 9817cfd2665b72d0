"""Guessing a prompt's tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.protocols.anthropic import DIALECT
from gateway.relay.estimate import MEDIA_TOKENS, prompt_tokens, rough_prompt_tokens
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.upstream import ScriptedUpstream

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}}


def body(*content: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": list(content)}]}


def rough(document: dict[str, Any]) -> int:
    return rough_prompt_tokens(DIALECT.read_request(document), len(json.dumps(document)))


def test_the_rough_guess_is_near_the_careful_one() -> None:
    asked = body({"type": "text", "text": "The quick brown fox jumps over the lazy dog, again and again. " * 200})
    assert rough(asked) == pytest.approx(prompt_tokens(DIALECT.read_request(asked)), rel=0.6)


def test_a_picture_is_not_counted_by_its_bytes() -> None:
    assert MEDIA_TOKENS["image"] <= rough(body(PICTURE)) < 2 * MEDIA_TOKENS["image"]
    result = {"type": "tool_result", "tool_use_id": "t", "content": [PICTURE, PICTURE]}
    assert 2 * MEDIA_TOKENS["image"] <= rough(body(result)) < 3 * MEDIA_TOKENS["image"]


def test_no_request_is_of_no_tokens() -> None:
    assert rough_prompt_tokens(DIALECT.read_request(body(PICTURE)), 0) >= 1


@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini"])
def test_a_translated_message_starts_with_it_and_ends_with_the_providers_count(dialect: str) -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.text(dialect, "one two")
        reply = gateway.ask("messages", stream=True, text="hello " * 100)
    start, *_ = (json.loads(data) for name, data in reply.events if name == "message_start")
    (end,) = (json.loads(data) for name, data in reply.events if name == "message_delta")
    assert 100 <= start["message"]["usage"]["input_tokens"] <= 300
    assert (end["usage"]["input_tokens"], end["usage"]["output_tokens"]) == (11, 7)


def test_what_cannot_be_read_leaves_no_slot_taken() -> None:
    """The request is read for the guess before it is sent; a complaint about it must give the account back."""
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up))) as gateway:
        wrong = {
            "model": "m",
            "max_tokens": 5,
            "stream": True,
            "messages": [{"role": "user", "content": [{"type": 7}]}],
        }
        reply = gateway.post("/v1/messages", json.dumps(wrong).encode(), protocol="messages").reply()
        assert reply.status == 400 and gateway.alive() and not up.requests
