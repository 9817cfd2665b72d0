"""failures.md rows 28 and 29: turns and numbers at the edges. Each provider here refuses what the real one refuses."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.contract.doors import PAIRS, Doors
from tests.contract.parameters.probe import MODELS

TURNS = {"chat": "messages", "responses": "input", "anthropic": "messages", "gemini": "contents"}


def turn(protocol: str, role: str, *texts: str) -> dict[str, Any]:
    if protocol == "gemini":
        return {"role": "model" if role == "assistant" else role, "parts": [{"text": text} for text in texts]}
    kind = {"responses": "output_text" if role == "assistant" else "input_text"}.get(protocol, "text")
    return {"role": role, "content": [{"type": kind, "text": text} for text in texts]}


def refused(dialect: str, body: dict[str, Any]) -> str:
    """Why the provider would answer 400, or ""."""
    match dialect:
        case "anthropic":
            return _anthropic(body)
        case "gemini":
            contents = body["contents"]
            roles = [each["role"] for each in contents]
            if not contents or any(not each["parts"] for each in contents):
                return "contents are not specified"
            if roles[0] != "user" or any(one == other for one, other in pairwise(roles)):
                return f"roles do not alternate: {roles}"
            parts = [part for each in contents for part in each["parts"]]
            return "empty part" if any(part.get("text") == "" and len(part) == 1 for part in parts) else ""
        case "responses":
            return "" if body.get("input") else "input is missing"
    messages = body["messages"]
    return "" if messages and all(each.get("content") is not None for each in messages) else "no content"


def _anthropic(body: dict[str, Any]) -> str:
    roles = [message["role"] for message in body["messages"]]
    if not roles or roles[0] != "user" or any(one == other for one, other in pairwise(roles)):
        return f"roles do not alternate: {roles}"
    texts = [body.get("system"), *(message["content"] for message in body["messages"])]
    for content in texts:
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            return "text content blocks must contain non-whitespace text"
    last = body["messages"][-1]
    if last["role"] == "assistant" and json.dumps(last["content"]).rstrip('"}]').endswith((" ", "\\n")):
        return "final assistant content cannot end with trailing whitespace"
    return ""


EDGES = {
    "empty texts": [("user", "hello", ""), ("assistant", "", "hi"), ("user", "", " ", "go on")],
    "an empty turn": [("user", "hello"), ("assistant", ""), ("user", "go on")],
    "a prefill": [("user", "hello"), ("assistant", "I say: \n")],
    "the same role again": [("user", "hello"), ("user", "you"), ("assistant", "a"), ("assistant", "b"), ("user", "c")],
    "the assistant first": [("assistant", "welcome"), ("user", "hello")],
}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_28_turns_are_written_as_the_provider_takes_them(
    doors: Doors, protocol: str, provider: str, edge: str
) -> None:
    reply = doors.ask(protocol, provider, {TURNS[protocol]: [turn(protocol, *each) for each in EDGES[edge]]})
    assert reply.status == 200, reply.body
    assert refused(provider, doors.request.body) == ""
    sent = json.dumps(doors.request.body)
    assert all(json.dumps(text.strip())[1:-1] in sent for _, *texts in EDGES[edge] for text in texts)


SYSTEMS = {
    "chat": {"messages": [{"role": "system", "content": "Be brief."}]},
    "responses": {"instructions": "Be brief.", "input": ""},
    "anthropic": {"system": "Be brief.", "messages": [{"role": "user", "content": ""}]},
    "gemini": {"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": [turn("gemini", "user", "")]},
}


@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_28_a_system_text_alone(doors: Doors, protocol: str, provider: str) -> None:
    reply = doors.ask(protocol, provider, dict(SYSTEMS[protocol]))
    assert reply.status == 200, reply.body
    assert refused(provider, doors.request.body) == ""
    assert json.dumps(doors.request.body).count("Be brief.") == 1


CANDIDATES = {"chat": "n", "gemini": "generationConfig.candidateCount"}


def candidates(protocol: str, count: int) -> dict[str, Any]:
    body = {TURNS[protocol]: [turn(protocol, "user", "hello")]}
    return {**body, **({"n": count} if protocol == "chat" else {"generationConfig": {"candidateCount": count}})}


@pytest.mark.parametrize("count", [0, -1, 1000])
@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("protocol", CANDIDATES)
def test_row_29_an_impossible_number_of_answers_is_a_400(
    doors: Doors, protocol: str, provider: str, count: int
) -> None:
    reply = doors.ask(protocol, provider, candidates(protocol, count))
    error = reply.json["error"]
    assert reply.status == 400 and CANDIDATES[protocol] in f"{error['message']} {error.get('param')}", error
    assert doors.up.asked() == []


STOPS = [f"END {number}" for number in range(100)]
MOST_STOPS = {"chat": 4, "gemini": 5, "anthropic": 100, "responses": 0}
STOPPING: dict[str, dict[str, Any]] = {
    "chat": {"stop": STOPS},
    "anthropic": {"stop_sequences": STOPS},
    "gemini": {"generationConfig": {"stopSequences": STOPS}},
}
NAMES = {"chat": "stop", "anthropic": "stop_sequences", "gemini": "stopSequences"}


@pytest.mark.parametrize(("protocol", "provider"), [pair for pair in PAIRS if pair[0] in STOPPING])
def test_row_29_a_hundred_stop_words(doors: Doors, protocol: str, provider: str) -> None:
    """As many as the provider takes, the rest reported."""
    reply = doors.ask(protocol, provider, {TURNS[protocol]: [turn(protocol, "user", "hello")], **STOPPING[protocol]})
    assert reply.status == 200, reply.body
    given = doors.seen.knobs.get("stop", [])
    assert given == STOPS[: MOST_STOPS[provider]]
    assert ("stop" in reply.headers.get("x-gateway-lossy", "")) is (len(given) < 100)


@pytest.mark.parametrize("provider", ["chat", "gemini"])
def test_the_number_of_logprobs_alone(doors: Doors, provider: str) -> None:
    """Responses has the number by itself; Chat Completions and Gemini answer 400 to it without the wish beside it."""
    body = {"input": [turn("responses", "user", "hello")], "top_logprobs": 3}
    assert doors.ask("responses", provider, body).status == 200
    sent = doors.up.requests[-1].body
    if provider == "chat":
        assert (sent["logprobs"], sent["top_logprobs"]) == (True, 3)
    else:
        assert (sent["generationConfig"]["responseLogprobs"], sent["generationConfig"]["logprobs"]) == (True, 3)


@pytest.mark.parametrize("provider", ["anthropic"])
@pytest.mark.parametrize("protocol", ["chat", "responses", "gemini"])
def test_row_29_logprobs_where_there_are_none(doors: Doors, protocol: str, provider: str) -> None:
    wish: dict[str, Any] = {
        "chat": {"logprobs": True, "top_logprobs": 3},
        "responses": {"include": ["message.output_text.logprobs"], "top_logprobs": 3},
        "gemini": {"generationConfig": {"responseLogprobs": True, "logprobs": 3}},
    }[protocol]
    body = {TURNS[protocol]: [turn(protocol, "user", "hello")], **wish}
    reply = doors.ask(protocol, provider, dict(body))
    assert reply.status == 200
    assert {"logprobs", "top_logprobs"} <= set(reply.headers["x-gateway-lossy"].split(", "))
    assert doors.ask(protocol, provider, dict(body), strict=True).status == 400
