"""Every finish reason of every dialect: one of ours in the record, the right word for every client, whole and streamed.
Detail 6: calls are told as calls, whatever the provider calls its end."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.protocols.gemini.finish import REASONS as GEMINI_REASONS
from tests.contract.cases import streams
from tests.contract.doors import PAIRS, Doors
from tests.contract.endings import TEXT, answer
from tests.contract.parameters.probe import MODELS
from tests.scripted import gemini
from tests.scripted.script import Script, json_body

USAGE: dict[str, dict[str, Any]] = {
    "chat": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "responses": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    "anthropic": {"input_tokens": 1, "output_tokens": 2},
    "gemini": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3},
}
WORDS: dict[str, dict[str, str]] = {
    "chat": {
        "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
        "refusal": "content_filter", "pause": "stop", "other": "stop",
    },
    "responses": {
        "stop": "completed", "length": "max_output_tokens", "tool_calls": "completed",
        "content_filter": "content_filter", "refusal": "content_filter", "pause": "completed", "other": "incomplete",
    },
    "anthropic": {
        "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
        "refusal": "refusal", "pause": "pause_turn", "other": "end_turn",
    },
    "gemini": {
        "stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY", "refusal": "SAFETY",
        "pause": "STOP", "other": "OTHER",
    },
}  # fmt: skip
"""Our reason in each client's words."""
SAID: dict[str, dict[str, str]] = {
    "chat": {
        "stop": "stop", "length": "length", "content_filter": "content_filter", "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        # of compatible servers
        "eos": "stop", "end_turn": "stop", "max_tokens": "length", "model_length": "length", "tool_use": "tool_calls",
        "sensitive": "content_filter", "never heard of": "other",
    },
    "responses": {
        "completed": "stop", "max_output_tokens": "length", "content_filter": "content_filter",
        "never heard of": "other",
    },
    "anthropic": {
        "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
        "model_context_window_exceeded": "length", "pause_turn": "pause", "refusal": "refusal",
        "never heard of": "other",
    },
    "gemini": {**GEMINI_REASONS, "NEVER_HEARD_OF": "other"},
}  # fmt: skip
"""Each provider's words, and what they mean."""


def finish(dialect: str, word: str) -> dict[str, Any]:
    match dialect:
        case "chat":
            return {"finish_reason": word}
        case "responses":
            return {} if word == "completed" else {"status": "incomplete", "incomplete_details": {"reason": word}}
        case "anthropic":
            return {"stop_reason": word, **({"stop_sequence": "END"} if word == "stop_sequence" else {})}
    return {"finishReason": word}


CASES = [
    pytest.param(protocol, provider, word, meant, id=f"{provider}: {word}-{protocol}")
    for protocol, provider in PAIRS
    for word, meant in SAID[provider].items()
]


@streams
@pytest.mark.parametrize(("protocol", "provider", "word", "meant"), CASES)
def test_a_reason(doors: Doors, protocol: str, provider: str, word: str, meant: str, stream: bool) -> None:
    calls = meant == "tool_calls"
    doors.up.play(answer(provider, stream, finish(provider, word), USAGE[provider], calls))
    reply = doors.ask(protocol, provider, hello(protocol), stream=stream)
    told = reply.told
    assert (reply.status, told.text, told.error) == (200, TEXT, None)
    expected = WORDS[protocol][meant]
    if protocol == "chat" and word == "sensitive":
        expected = "content_filter"
    assert told.finish == expected
    assert len(told.tools) == calls
    assert doors.lenient.record(reply).finish == meant


@streams
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_detail_6_calls_are_told_as_calls_whatever_the_provider_says(
    doors: Doors, protocol: str, provider: str, stream: bool
) -> None:
    plain = {"chat": "stop", "responses": "completed", "anthropic": "tool_use", "gemini": "STOP"}[provider]
    doors.up.play(answer(provider, stream, finish(provider, plain), USAGE[provider], calls=True))
    reply = doors.ask(protocol, provider, hello(protocol), stream=stream)
    assert reply.told.finish == WORDS[protocol]["tool_calls"] and len(reply.told.tools) == 1
    assert doors.lenient.record(reply).finish == "tool_calls"
    assert reply.body.count(f'"{WORDS[protocol]["tool_calls"]}"'.encode()) >= 1


@streams
@pytest.mark.parametrize("reason", ["SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "OTHER", "IMAGE_SAFETY"])
@pytest.mark.parametrize("protocol", ["chat", "responses", "anthropic"])
def test_a_prompt_that_was_blocked(doors: Doors, protocol: str, reason: str, stream: bool) -> None:
    """promptFeedback without candidates is an answer that was filtered, never an empty success."""
    document = {"promptFeedback": {"blockReason": reason}, "usageMetadata": USAGE["gemini"], "modelVersion": "m"}
    doors.up.play(_events(document) if stream else json_body(document))
    reply = doors.ask(protocol, "gemini", hello(protocol), stream=stream)
    assert reply.status == 200
    assert reply.told.finish == WORDS[protocol]["content_filter"]
    assert doors.lenient.record(reply).finish == "content_filter"


@streams
@pytest.mark.parametrize("dialect", MODELS)
def test_the_providers_own_word_reaches_its_own_clients(doors: Doors, dialect: str, stream: bool) -> None:
    word = list(SAID[dialect])[2]
    doors.up.play(answer(dialect, stream, finish(dialect, word), USAGE[dialect], word == "tool_use"))
    assert doors.ask(dialect, dialect, hello(dialect), stream=stream).told.finish == word


def hello(protocol: str) -> dict[str, Any]:
    match protocol:
        case "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
        case "responses":
            return {"input": "hello"}
    return {"messages": [{"role": "user", "content": "hello"}]}


def _events(document: dict[str, Any]) -> Script:
    return Script(body=gemini.sse(document), content_type="text/event-stream")
