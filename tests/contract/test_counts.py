"""Usage in each convention: what was cached, written to the cache and thought is counted where each client looks for
it, once per stream, in the event its protocol defines, and never summed up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.cases import streams
from tests.contract.doors import PAIRS, Doors
from tests.contract.endings import answer
from tests.contract.test_reasons import finish, hello
from tests.gateways import Reply

TOLD: dict[str, dict[str, Any]] = {
    "chat": {
        "prompt_tokens": 100,
        "completion_tokens": 25,
        "total_tokens": 125,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 5},
    },
    "responses": {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "output_tokens": 25,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 125,
    },
    "anthropic": {
        "input_tokens": 30,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
        "output_tokens": 25,
        "output_tokens_details": {"thinking_tokens": 5},
    },
    "gemini": {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 60,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 125,
    },
}
"""100 tokens in, 60 of them from the cache and 10 written to it (Gemini tells none); 25 out, 5 of them thought."""
ENDS = {"chat": "stop", "responses": "completed", "anthropic": "end_turn", "gemini": "STOP"}


def expected(protocol: str, provider: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(json.dumps(TOLD[protocol]))
    if provider != "gemini":
        return said
    match protocol:
        case "chat":
            del said["prompt_tokens_details"]["cache_write_tokens"]
        case "responses":
            said["input_tokens_details"]["cache_write_tokens"] = 0
        case "anthropic":
            said |= {"input_tokens": 40, "cache_creation_input_tokens": 0}
    return said


def usages(reply: Reply) -> list[dict[str, Any]]:
    """Every usage object of the answer that tells anything."""
    documents = [json.loads(data) for _, data in reply.events if data != "[DONE]"] if reply.streamed else [reply.json]
    found = [(each.get("response") or each) for each in documents]
    return [used for each in found if (used := each.get("usage") or each.get("usageMetadata"))]


@streams
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_every_counter_in_each_convention(doors: Doors, protocol: str, provider: str, stream: bool) -> None:
    doors.up.play(answer(provider, stream, finish(provider, ENDS[provider]), TOLD[provider]))
    body = hello(protocol)
    if stream and protocol == "chat":
        body["stream_options"] = {"include_usage": True}
    reply = doors.ask(protocol, provider, body, stream=stream)
    (used,) = usages(reply)
    wanted = expected(protocol, provider)
    if protocol == "anthropic":
        wanted.pop("output_tokens_details")
        thought = used.pop("output_tokens_details")
        assert thought == {"thinking_tokens": 5}
    assert {key: used[key] for key in wanted} == wanted
    record = doors.lenient.record(reply)
    assert (record.input_tokens, record.output_tokens) == (100, 25)
    assert (record.cached_tokens, record.reasoning_tokens) == (60, 5)
    assert record.cache_write_tokens == (0 if provider == "gemini" else 10)


@pytest.mark.parametrize("provider", ["responses", "anthropic", "gemini"])
@pytest.mark.parametrize("wanted", [True, False])
def test_include_usage_is_one_event_without_choices(doors: Doors, provider: str, wanted: bool) -> None:
    doors.up.play(answer(provider, True, finish(provider, ENDS[provider]), TOLD[provider]))
    body = {**hello("chat"), "stream_options": {"include_usage": wanted}}
    reply = doors.ask("chat", provider, body, stream=True)
    documents = [json.loads(data) for _, data in reply.events if data != "[DONE]"]
    assert [bool(each.get("usage")) for each in documents].count(True) == wanted
    assert [each["choices"] == [] for each in documents].count(True) == wanted
    if wanted:
        assert documents[-1]["choices"] == [] and documents[-1]["usage"]["total_tokens"] == 125
        assert all(each["usage"] is None for each in documents[:-1])


@pytest.mark.parametrize("provider", ["chat", "responses", "gemini"])
def test_message_start_names_input_tokens(doors: Doors, provider: str) -> None:
    """An estimate: the provider tells its own number at the end, and message_delta corrects it."""
    doors.up.play(answer(provider, True, finish(provider, ENDS[provider]), TOLD[provider]))
    reply = doors.ask("anthropic", provider, hello("anthropic"), stream=True)
    documents = {json.loads(data)["type"]: json.loads(data) for _, data in reply.events}
    assert documents["message_start"]["message"]["usage"]["input_tokens"] > 0
    assert documents["message_delta"]["usage"]["input_tokens"] == expected("anthropic", provider)["input_tokens"]


@streams
@pytest.mark.parametrize("dialect", TOLD)
def test_passed_through_the_record_knows_them_too(doors: Doors, dialect: str, stream: bool) -> None:
    doors.up.play(answer(dialect, stream, finish(dialect, ENDS[dialect]), TOLD[dialect]))
    reply = doors.ask(dialect, dialect, hello(dialect), stream=stream)
    assert reply.status == 200
    record = doors.lenient.record(reply)
    assert (record.input_tokens, record.output_tokens, record.cached_tokens) == (100, 25, 60)
