from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import responses as mocked

from gateway.web.paths import repaired
from tests.web.answers import CHAT, CHAT_ASKS, COMPLETION_ASKS, GEMINI_ASKS, MESSAGES_ASKS, RESPONSES_ASKS, kind
from tests.web.served import BASES, Served, served, upstream

WRONG = [
    ("/v1/v1/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/v1/v1/responses", "/v1/responses", RESPONSES_ASKS, "responses"),
    ("/v1/v1/messages", "/v1/messages", MESSAGES_ASKS, "messages"),
    ("/v1/v1/completions", "/v1/completions", COMPLETION_ASKS, "completions"),
    ("/v1beta/v1beta/models/m:generateContent", "/v1beta/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("/v1/v1beta/models/m:generateContent", "/v1beta/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("/v1beta/v1/models/m:generateContent", "/v1/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("/v1/v1beta/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1beta/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1beta/v1/messages", "/v1/messages", MESSAGES_ASKS, "messages"),
    ("/v1beta/messages", "/v1/messages", MESSAGES_ASKS, "messages"),
    ("/v1/chat/completions/responses", "/v1/responses", RESPONSES_ASKS, "responses"),
    ("/v1/chat/completions/responses", "/v1/responses", CHAT_ASKS, "chat"),
    ("/v1/chat/completions/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/chat/completions/chat/completions", "/v1/chat/completions", RESPONSES_ASKS, "responses"),
    ("/v1/chat/completions/v1/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/responses/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/messages/v1/messages", "/v1/messages", MESSAGES_ASKS, "messages"),
    ("/chat/completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/chat/completions", "/v1/chat/completions", RESPONSES_ASKS, "responses"),
    ("/responses", "/v1/responses", RESPONSES_ASKS, "responses"),
    ("/completions", "/v1/completions", COMPLETION_ASKS, "completions"),
    ("/messages", "/v1/messages", MESSAGES_ASKS, "messages"),
    ("/models/m:generateContent", "/v1beta/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("//v1//chat//completions", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/chat/completions/", "/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/messages///", "/v1/messages", MESSAGES_ASKS, "messages"),
    ("/openai/v1/v1/chat/completions", "/openai/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/openai/chat/completions", "/openai/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/openai/responses", "/openai/v1/responses", RESPONSES_ASKS, "responses"),
    ("/anthropic/messages", "/anthropic/v1/messages", MESSAGES_ASKS, "messages"),
    ("/anthropic/v1/messages/v1/messages", "/anthropic/v1/messages", MESSAGES_ASKS, "messages"),
    ("/anthropic/v1/v1/messages/", "/anthropic/v1/messages", MESSAGES_ASKS, "messages"),
    ("/gemini/models/m:generateContent", "/gemini/v1beta/models/m:generateContent", GEMINI_ASKS, "gemini"),
    (
        "/gemini/v1beta//v1beta/models/m:generateContent",
        "/gemini/v1beta/models/m:generateContent",
        GEMINI_ASKS,
        "gemini",
    ),
]
RIGHT = [
    ("/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/v1/chat/completions", RESPONSES_ASKS, "chat"),
    ("/v1/completions", COMPLETION_ASKS, "completions"),
    ("/v1/responses", RESPONSES_ASKS, "responses"),
    ("/v1/messages", MESSAGES_ASKS, "messages"),
    ("/v1beta/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("/v1beta/models/m", GEMINI_ASKS, "gemini"),
    ("/v1alpha/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("/v1/models/m:generateContent", GEMINI_ASKS, "gemini"),
    ("/openai/v1/chat/completions", CHAT_ASKS, "chat"),
    ("/openai/v1/completions", COMPLETION_ASKS, "completions"),
    ("/openai/v1/responses", RESPONSES_ASKS, "responses"),
    ("/anthropic/v1/messages", MESSAGES_ASKS, "messages"),
    ("/gemini/v1beta/models/m:generateContent", GEMINI_ASKS, "gemini"),
]
LISTS = [
    ("/models", "/v1/models"),
    ("/v1/v1/models", "/v1/models"),
    ("/v1/chat/completions/models", "/v1/models"),
    ("/v1/models/", "/v1/models"),
    ("//v1/models", "/v1/models"),
    ("/v1beta/v1beta/models", "/v1beta/models"),
    ("/v1/v1beta/models", "/v1beta/models"),
    ("/openai/models", "/openai/v1/models"),
    ("/gemini/models", "/gemini/v1beta/models"),
    ("/anthropic/models/", "/anthropic/v1/models"),
    ("/models/m", "/v1/models/m"),
    ("/v1/chat/completions/models/m", "/v1/models/m"),
]


@pytest.fixture(scope="module")
def house() -> Served:
    return served(upstream("openai", models=("m", "org/m", "*")), models={"builtin": False})


@pytest.fixture
def provider() -> Iterator[mocked.RequestsMock]:
    with mocked.RequestsMock(assert_all_requests_are_fired=False) as playing:
        playing.post(BASES["openai"] + "/chat/completions", json=CHAT)
        playing.get(BASES["openai"] + "/models", json={"object": "list", "data": [{"id": "live"}]})
        yield playing


@pytest.mark.parametrize(("path", "meant", "body", "answer"), WRONG)
def test_a_wrong_base_is_repaired(
    house: Served,
    provider: mocked.RequestsMock,
    path: str,
    meant: str,
    body: dict[str, Any],
    answer: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "dragoman")
    for query in ("", "?beta=true"):
        reply = house.client.post(path.lstrip("/") + query, json=body, environ_overrides={"PATH_INFO": path})
        assert reply.status_code == 200, reply.get_data()
        assert kind(reply.get_json()) == answer
        assert reply.headers["X-Gateway-Path-Repaired"] == meant
        assert house.notes.records[-1].path == meant


@pytest.mark.parametrize(("path", "body", "answer"), RIGHT)
def test_a_right_path_is_left_alone(
    house: Served, provider: mocked.RequestsMock, path: str, body: dict[str, Any], answer: str
) -> None:
    for query in ("", "?beta=true"):
        reply = house.client.post(path + query, json=body)
        assert reply.status_code == 200, reply.get_data()
        assert kind(reply.get_json()) == answer
        assert "X-Gateway-Path-Repaired" not in reply.headers


@pytest.mark.parametrize(("path", "meant"), LISTS)
def test_lists_and_models(house: Served, provider: mocked.RequestsMock, path: str, meant: str) -> None:
    reply = house.client.get("/", environ_overrides={"PATH_INFO": path})
    assert reply.status_code == 200 and reply.headers["X-Gateway-Path-Repaired"] == meant


def test_a_repair_is_logged_once_a_path(provider: mocked.RequestsMock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dragoman")
    house = served()
    for _ in range(3):
        house.client.post("/v1/v1/chat/completions", json=CHAT_ASKS)
    assert caplog.text.count("/v1/v1/chat/completions") == 1 and "base URL" in caplog.text


@cache
def unrepaired() -> Served:
    return served(server={"repair_paths": False})


@pytest.mark.parametrize(("path", "meant", "body", "answer"), WRONG)
def test_with_repair_off_the_404_names_the_right_base(path: str, meant: str, body: dict[str, Any], answer: str) -> None:
    reply = unrepaired().client.post("/", json=body, environ_overrides={"PATH_INFO": path})
    assert reply.status_code == 404 and "X-Gateway-Path-Repaired" not in reply.headers
    message = reply.get_json()["error"]["message"]
    mount = next((f"/{word}" for word in ("openai", "anthropic", "gemini") if meant.startswith(f"/{word}")), "")
    version = "" if "messages" in meant or "v1beta" in meant else "/v1"
    assert meant in message and message.endswith(f"set the client's base URL to http://localhost{mount}{version}")


@pytest.mark.parametrize("path", ["/healthz/", "/api/hello/", "/readyz//"])
def test_slashes_anywhere(path: str) -> None:
    where = {"PATH_INFO": path}
    assert served().client.get("/", environ_overrides=where).status_code == 200
    off = unrepaired().client.get("/", environ_overrides=where)
    assert off.status_code == 404 and "base URL" not in off.get_json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../../admin",
        "/v1beta/models/../../admin:generateContent",
        "/v1beta/models/%2e%2e/%2e%2e/x:generateContent",
        "/v1/../v1/chat/completions",
        "/v1/./chat/completions",
        "/..%2f..%2fetc/passwd",
        "/openai/../v1/messages",
        "/v1beta/models/..%2F..%2Ffiles:generateContent",
    ],
)
def test_nothing_leads_upwards(house: Served, provider: mocked.RequestsMock, path: str) -> None:
    for method in ("GET", "POST"):
        reply = house.client.open(path, method=method, json=GEMINI_ASKS if method == "POST" else None)
        assert reply.status_code in (404, 405) and "error" in reply.get_json()
    assert not [call for call in provider.calls if call.request.method == "POST"]


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1beta/models/org/m:generateContent", "org/m"),
        ("/v1beta/models/org%2Fm:generateContent", "org/m"),
        ("/v1beta/models/ft:gpt:x:generateContent", "ft:gpt:x"),
        ("/v1beta/models/%E6%A8%A1%E5%9E%8B:generateContent", "模型"),
        ("/v1beta/models/m", "m"),
        ("/v1beta/models//m:generateContent", "m"),
        ("/v1beta/models/a%20b:generateContent", "a b"),
    ],
)
def test_model_ids_in_paths(house: Served, provider: mocked.RequestsMock, path: str, model: str) -> None:
    assert house.client.post(path, json=GEMINI_ASKS).status_code == 200
    assert house.notes.records[-1].asked == model


@pytest.mark.parametrize("path", ["/v1/models/" + "x" * 4000, "/v1beta/models/" + "x" * 4000 + ":generateContent"])
def test_a_very_long_name(house: Served, provider: mocked.RequestsMock, path: str) -> None:
    assert house.client.open(path, method="POST" if ":" in path else "GET", json=GEMINI_ASKS).status_code == 404


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/", None),
        ("/v1", None),
        ("/v1/chat", None),
        ("/nowhere", None),
        ("/v1/chat/completions/nowhere", None),
        ("/v1/responses/resp_1", "/v1/responses/resp_1"),
        ("/responses/resp_1/input_items", "/v1/responses/resp_1/input_items"),
        ("/v1/chat/completions/responses/resp_1", "/v1/responses/resp_1"),
        ("/agents/support/chat/completions", "/agents/support/v1/chat/completions"),
        ("/agents/support/v1/v1/messages", "/agents/support/v1/messages"),
        ("/messages/count_tokens", "/v1/messages/count_tokens"),
        ("/embeddings", "/v1/embeddings"),
        ("/v1/models/chat/completions", "/v1/models/chat/completions"),
        ("/v1/embeddings", "/v1/embeddings"),
        ("/admin//accounts/", "/admin/accounts"),
        ("/metrics/", "/metrics"),
        ("/v1/..", None),
    ],
)
def test_repaired(path: str, meant: str | None) -> None:
    assert repaired(path) == meant


@pytest.mark.parametrize("path", sorted({meant for _, meant, _, _ in WRONG} | {meant for _, meant in LISTS}))
def test_repairing_is_done_once(path: str) -> None:
    assert repaired(path) == path
