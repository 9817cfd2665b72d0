"""Each status of a provider, in each dialect, as each client is told it: status, type word, Retry-After."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses as mocked

from tests.web.answers import CHAT, CHAT_ASKS, DOORS, kind
from tests.web.served import BASES, SECRET, Served, served, shared, upstream

CALLS = {
    "openai": BASES["openai"] + "/chat/completions",
    "anthropic": BASES["anthropic"] + "/v1/messages",
    "gemini": BASES["gemini"] + "/v1beta/models/m:generateContent",
}
MESSAGE = "the provider's own words"

TOLD = {
    # provider's status: the client's, OpenAI type, Anthropic type, Gemini status
    400: (400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    401: (503, "server_error", "overloaded_error", "UNAVAILABLE"),
    403: (502, "server_error", "api_error", "UNAVAILABLE"),
    404: (404, "invalid_request_error", "not_found_error", "NOT_FOUND"),
    413: (413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"),
    422: (422, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    429: (429, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"),
    500: (500, "server_error", "api_error", "INTERNAL"),
    502: (502, "server_error", "api_error", "UNAVAILABLE"),
    503: (503, "server_error", "overloaded_error", "UNAVAILABLE"),
    504: (504, "server_error", "timeout_error", "DEADLINE_EXCEEDED"),
}


GEMINI_WORDS = {status: words[3] for status, words in TOLD.items()}


def error_of(provider: str, status: int) -> dict[str, Any]:
    if provider == "anthropic":
        word = {429: "rate_limit_error", 529: "overloaded_error", 400: "invalid_request_error"}.get(status, "api_error")
        return {"type": "error", "error": {"type": word, "message": MESSAGE}}
    if provider == "gemini":
        return {"error": {"code": status, "message": MESSAGE, "status": GEMINI_WORDS.get(status, "UNKNOWN")}}
    return {"error": {"message": MESSAGE, "type": "x", "param": None, "code": None}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts pass at once."""
    monkeypatch.setattr("gateway.relay.plan.PAUSE_S", 0.0)


@pytest.fixture
def provider() -> Iterator[mocked.RequestsMock]:
    with mocked.RequestsMock(assert_all_requests_are_fired=False) as playing:
        yield playing


def ask(house: Served, door: str, stream: bool = False) -> Any:
    path, body = DOORS[door]
    if stream and door == "gemini":
        return house.client.post(
            path.replace(":generate", ":streamGenerate").replace("Content", "Content?alt=sse"), json=body
        )
    return house.client.post(path, json={**body, "stream": True} if stream else body)


def word_of(document: dict[str, Any]) -> str:
    error = document["error"]
    return str(error["status"] if kind(document) == "gemini" else error["type"])


def expected(door: str, status: int) -> tuple[int, str]:
    told, openai, anthropic, gemini = TOLD[status]
    return told, {"messages": anthropic, "gemini": gemini}.get(door, openai)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("status", TOLD)
@pytest.mark.parametrize("speaks", CALLS)
def test_every_status_for_every_client(
    provider: mocked.RequestsMock, speaks: str, status: int, door: str, stream: bool
) -> None:
    url = CALLS[speaks]
    if stream and speaks == "gemini":
        url = url.replace(":generateContent", ":streamGenerateContent")
    provider.post(url, json=error_of(speaks, status), status=status)
    house = shared(speaks, 1).rested()
    reply = ask(house, door, stream)
    document = reply.get_json()
    assert (reply.status_code, word_of(document)) == expected(door, status)
    assert kind(document) == {"messages": "messages", "gemini": "gemini"}.get(door, "openai")
    assert reply.content_type == "application/json" and reply.headers["X-Mapped-Model"] == "m"
    assert SECRET not in reply.get_data(as_text=True) and "@example.com" not in reply.get_data(as_text=True)
    if status in (401, 403):
        assert MESSAGE not in document["error"]["message"] and "not about your key" in document["error"]["message"]
    else:
        assert MESSAGE in document["error"]["message"]
    if kind(document) == "openai":
        assert set(document["error"]) == {"message", "type", "param", "code"}
        if status in (401, 403):
            assert document["error"]["code"] == "upstream_auth"
    elif kind(document) == "gemini":
        assert document["error"]["code"] == reply.status_code and isinstance(document["error"].get("details", []), list)
    else:
        assert document["request_id"] == reply.headers["X-Request-Id"]
    assert [record.status for record in house.notes.records] == [reply.status_code]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("status", "headers", "waits"),
    [
        (429, {"Retry-After": "30"}, "30"),
        (429, {"retry-after-ms": "2500"}, "3"),
        (503, {"Retry-After": "7"}, "7"),
        (429, {"Retry-After": "30", "retry-after-ms": "4000"}, "4"),
    ],
)
def test_retry_after_reaches_every_client(
    provider: mocked.RequestsMock, door: str, status: int, headers: dict[str, str], waits: str
) -> None:
    provider.post(CALLS["openai"], json=error_of("openai", status), status=status, headers=headers)
    reply = ask(shared("openai", 1).rested(), door)
    assert reply.status_code == status and reply.headers.getlist("Retry-After") == [waits]
    if door == "gemini" and status == 429:
        delays = [each["retryDelay"] for each in reply.get_json()["error"]["details"] if "retryDelay" in each]
        assert len(delays) == 1 and delays[0].endswith("s")


def test_retry_info_of_gemini_becomes_retry_after(provider: mocked.RequestsMock) -> None:
    error = error_of("gemini", 429)
    error["error"]["details"] = [
        {"@type": "type.googleapis.com/google.rpc.Help"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "33.2s"},
    ]
    provider.post(CALLS["gemini"], json=error, status=429)
    assert ask(served(upstream("gemini")), "messages").headers["Retry-After"] == "34"


def test_the_account_that_rests_is_not_asked_again_and_the_client_is_told_how_long(
    provider: mocked.RequestsMock,
) -> None:
    provider.post(CALLS["openai"], json=error_of("openai", 429), status=429, headers={"Retry-After": "30"})
    house = served(upstream("openai"))
    assert ask(house, "chat").status_code == 429
    reply = ask(house, "messages")
    assert reply.status_code == 429 and 1 <= int(reply.headers["Retry-After"]) <= 30
    assert reply.get_json()["error"]["type"] == "rate_limit_error"
    assert len(provider.calls) == 1


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("status", [401, 403, 429, 500, 503, 529])
def test_another_account_answers_and_nobody_notices(provider: mocked.RequestsMock, door: str, status: int) -> None:
    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        first = request.headers["Authorization"].endswith("-0")
        return (status, {}, json.dumps(error_of("openai", status))) if first else (200, {}, json.dumps(CHAT))

    provider.add_callback(mocked.POST, CALLS["openai"], callback=answer, content_type="application/json")
    house = served(upstream("openai", accounts=2))
    reply = ask(house, door)
    assert reply.status_code == 200 and kind(reply.get_json()) == door
    assert reply.headers["X-Account-Email"] == "openai-1@example.com"
    record = house.notes.records[0]
    assert len(record.attempts) == len(provider.calls) >= 2 and record.account == "openai-1@example.com"


def test_the_request_at_fault_is_tried_once(provider: mocked.RequestsMock) -> None:
    house = served(upstream("openai", accounts=3))
    for code in ("context_length_exceeded", "content_policy_violation"):
        error = {"error": {"message": f"{code}: no", "type": "invalid_request_error", "code": code}}
        provider.upsert(mocked.POST, CALLS["openai"], json=error, status=400)
        before = len(provider.calls)
        reply = ask(house.rested(), "chat")
        assert reply.status_code == 400 and reply.get_json()["error"]["code"] == code
        assert len(provider.calls) == before + 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(provider: mocked.RequestsMock, status: int) -> None:
    provider.post(CALLS["openai"], status=status, headers={"Location": "http://elsewhere.test/v1"})
    reply = ask(shared("openai", 1).rested(), "chat")
    assert reply.status_code == 502 and "base_urls" in reply.get_json()["error"]["message"]
    assert {call.request.url for call in provider.calls} == {CALLS["openai"]}


BODIES: dict[str, dict[str, Any]] = {
    "html": {"body": b"<html>busy</html>", "content_type": "text/html"},
    "empty": {"body": b""},
    "cut": {"body": b'{"choices":[{"mess'},
    "a number": {"json": 7},
    "null": {"json": None},
    "no choices": {"json": {**CHAT, "choices": []}},
    "nothing said": {
        "json": {
            **CHAT,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}],
        }
    },
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("door", DOORS)
def test_a_200_that_is_no_answer(provider: mocked.RequestsMock, door: str, body: dict[str, Any]) -> None:
    provider.post(CALLS["openai"], status=200, **body)
    reply = ask(shared("openai", 2).rested(), door)
    assert reply.status_code == 502 and word_of(reply.get_json()) == expected(door, 502)[1]


def test_an_error_inside_a_200(provider: mocked.RequestsMock) -> None:
    provider.post(CALLS["openai"], json={"error": {"code": 429, "message": MESSAGE}}, status=200)
    reply = ask(shared("openai", 1).rested(), "messages")
    assert reply.status_code == 429 and reply.get_json()["error"]["type"] == "rate_limit_error"


def test_nobody_there() -> None:
    house = served(upstream("openai", base_urls=("http://127.0.0.1:9/v1",)), routing={"max_attempts": 1})
    reply = ask(house, "gemini")
    assert reply.status_code == 502 and reply.get_json()["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("door", DOORS)
def test_an_unknown_model(door: str) -> None:
    reply = ask(served(upstream("openai", models=("gpt-*",)), models={"builtin": False}), door)
    document = reply.get_json()
    assert (reply.status_code, word_of(document)) == expected(door, 404)
    assert "'m'" in document["error"]["message"] and "gpt-*" in document["error"]["message"]
    if kind(document) == "openai":
        assert document["error"]["code"] == "model_not_found"


def test_on_the_openai_prefix_it_is_a_problem_document_too(provider: mocked.RequestsMock) -> None:
    provider.post(CALLS["openai"], json=error_of("openai", 429), status=429, headers={"Retry-After": "30"})
    reply = served(routing={"max_attempts": 1}).client.post("/openai/v1/chat/completions", json=CHAT_ASKS)
    document = reply.get_json()
    assert reply.content_type == "application/problem+json" and reply.status_code == document["status"] == 429
    assert document["detail"] == document["error"]["message"] and reply.headers["Retry-After"] == "30"


def test_a_gateway_that_goes_away_says_so() -> None:
    house = served()
    house.gateway.draining = True
    for door in DOORS:
        reply = ask(house, door)
        assert reply.status_code == 503 and reply.headers["Retry-After"] == "5"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("levels", [300, 900])
def test_what_is_nested_too_deeply_to_translate_is_the_clients_fault(
    provider: mocked.RequestsMock, door: str, levels: int
) -> None:
    path, body = DOORS[door]
    deep = '{"a":' * levels + "1" + "}" * levels
    tool = {
        "type": "function",
        "function": {"name": "f", "parameters": 0},
        "name": "f",
        "input_schema": 0,
        "parameters": 0,
    }
    tools: Any = [{"functionDeclarations": [{"name": "f", "parameters": 0}]}] if door == "gemini" else [tool]
    raw = json.dumps({**body, "tools": tools}).replace(": 0", ": " + deep)
    other = "openai" if door in ("messages", "gemini") else "anthropic"
    answer = (
        CHAT
        if other == "openai"
        else {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "x"}],
            "stop_reason": "end_turn",
        }
    )
    provider.post(CALLS[other], json=answer)
    reply = shared(other).rested().client.post(path, data=raw, content_type="application/json")
    assert reply.status_code in (200, 400), reply.get_data()[:500]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("levels", [5_000, 100_000])
def test_nesting_beyond_all_reason(door: str, levels: int) -> None:
    path, _ = DOORS[door]
    reply = (
        shared()
        .rested()
        .client.post(path, data=b'{"model":"m","messages":' + b"[" * levels, content_type="application/json")
    )
    assert reply.status_code == 400


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_that_rests_the_last_account_says_for_how_long(status: int, provider: mocked.RequestsMock) -> None:
    provider.post(CALLS["openai"], json=error_of("openai", status), status=status)
    house = served(upstream("openai"))
    first, second = ask(house, "chat"), ask(house, "chat")
    assert first.status_code == status and "Retry-After" not in first.headers
    assert second.status_code == status and 1 <= int(second.headers["Retry-After"]) <= 30
    assert "is back in" in second.get_json()["error"]["message"]
