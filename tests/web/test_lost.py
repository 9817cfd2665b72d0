from __future__ import annotations

import pytest

from tests.web.answers import kind
from tests.web.served import shared


@pytest.mark.parametrize(
    ("path", "headers", "dialect"),
    [
        ("/nowhere", {}, "openai"),
        ("/v1/nowhere", {}, "openai"),
        ("/v1/nowhere", {"anthropic-version": "2023-06-01"}, "messages"),
        ("/v1/nowhere", {"x-goog-api-key": "k"}, "gemini"),
        ("/v1/messages/nowhere", {}, "messages"),
        ("/anthropic/nowhere", {}, "messages"),
        ("/anthropic/v1/nowhere", {"x-goog-api-key": "k"}, "messages"),
        ("/v1beta/nowhere", {}, "gemini"),
        ("/v1alpha/nowhere", {"anthropic-version": "x"}, "gemini"),
        ("/gemini/v1beta/nowhere", {}, "gemini"),
        ("/openai/v1/nowhere", {"anthropic-version": "x"}, "openai"),
        ("/v1/threads/t/messages", {}, "openai"),
    ],
)
def test_404_in_the_askers_words(path: str, headers: dict[str, str], dialect: str) -> None:
    house = shared().rested()
    reply = house.client.get(path, headers=headers)
    document = reply.get_json()
    assert reply.status_code == 404 and kind(document) == dialect
    assert path in document["error"]["message"]
    assert house.notes.records[-1].error == "unknown_url"
    assert reply.content_type == ("application/problem+json" if path.startswith("/openai/") else "application/json")
    if dialect == "openai":
        assert document["error"]["code"] == "unknown_url"


def test_the_nearest_routes_are_named() -> None:
    message = shared().rested().client.post("/v1/chat/completion").get_json()["error"]["message"]
    assert "/v1/chat/completions" in message and "POST" in message


def test_the_nearest_routes_are_a_clients_and_readable() -> None:
    client = shared().rested().client
    told = [
        client.get(path).get_json()["error"]["message"] for path in ("/anthropic/v1/modells/x", "/nothing", "/admi")
    ]
    assert "/anthropic/v1/models/{model}" in told[0]
    assert not any("<" in each or "/admin" in each or "event_logging" in each for each in told)


def test_problem_json() -> None:
    reply = shared().rested().client.get("/openai/v1/nowhere")
    document = reply.get_json()
    assert document["type"] == "https://api.clinvk.dev/errors/unknown-url"
    assert document["title"] and document["status"] == 404
    assert document["detail"] == document["error"]["message"]


def test_a_problem_without_a_code_has_https_word() -> None:
    reply = shared().rested().client.post("/openai/v1/chat/completions", data=b"{")
    document = reply.get_json()
    assert reply.status_code == 400 and document["title"] == "Bad Request"
    assert document["type"] == "https://api.clinvk.dev/errors/bad-request"


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("/v1/images/generations", "chat"),
        ("/v1/audio/transcriptions", "input_audio"),
        ("/v1/audio/speech", "input_audio"),
        ("/v1/files", "messages"),
        ("/v1/fine_tuning/jobs", "provider"),
        ("/v1/assistants", "/v1/responses"),
        ("/v1/threads", "/v1/responses"),
        ("/v1/realtime", "stream"),
        ("/v1/batches", "one by one"),
        ("/v1/uploads", "base64"),
        ("/v1/moderations", "provider"),
        ("/v1/vector_stores", "/v1/embeddings"),
        ("/openai/v1/images/edits", "chat"),
        ("/v1beta/files", "messages"),
        ("/v1beta/cachedContents", "every request"),
        ("/v1/messages/batches", "one by one"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_offered_says_what_is(path: str, instead: str, method: str) -> None:
    reply = shared().rested().client.open(path, method=method)
    assert reply.status_code == 404
    message = reply.get_json()["error"]["message"]
    assert "not offered" in message and instead in message


@pytest.mark.parametrize(
    ("path", "method", "allowed", "dialect"),
    [
        ("/v1/chat/completions", "GET", "POST", "openai"),
        ("/v1/chat/completions", "DELETE", "POST", "openai"),
        ("/v1/completions", "PUT", "POST", "openai"),
        ("/openai/v1/chat/completions", "GET", "POST", "openai"),
        ("/v1/messages", "GET", "POST", "messages"),
        ("/anthropic/v1/messages", "GET", "POST", "messages"),
        ("/v1/messages/count_tokens", "GET", "POST", "messages"),
        ("/v1/models", "POST", "GET", "openai"),
        ("/v1beta/models", "POST", "GET", "gemini"),
        ("/v1beta/models/m:generateContent", "DELETE", "POST", "gemini"),
        ("/healthz", "POST", "GET", "openai"),
    ],
)
def test_405_names_what_is_allowed(path: str, method: str, allowed: str, dialect: str) -> None:
    reply = shared().rested().client.open(path, method=method)
    assert reply.status_code == 405 and kind(reply.get_json()) == dialect
    assert allowed in reply.headers["Allow"] and allowed in reply.get_json()["error"]["message"]
    if path.startswith("/openai/"):
        assert reply.content_type == "application/problem+json" and reply.get_json()["status"] == 405


def test_anthropic_names_the_request() -> None:
    reply = shared().rested().client.get("/v1/messages", headers={"X-Request-Id": "req-mine"})
    assert reply.get_json()["request_id"] == "req-mine" == reply.headers["X-Request-Id"]


def test_a_gemini_method_that_is_not_offered() -> None:
    reply = shared().rested().client.post("/v1beta/models/m:predict", json={})
    assert reply.status_code == 400 and "generateContent" in reply.get_json()["error"]["message"]


@pytest.mark.parametrize("path", ["/nowhere\n\x00", "/v1/%ff%fe", "/v1/模型", "/" + "x" * 3000])
def test_odd_paths_get_json(path: str) -> None:
    reply = shared().rested().client.get(path)
    assert reply.status_code == 404 and len(reply.get_json()["error"]["message"]) < 1000


def test_who_opens_the_address_from_the_log_is_told_what_this_is() -> None:
    message = shared().rested().client.get("/", headers={"Host": "localhost:8045"}).get_json()["error"]["message"]
    assert "this is Dragoman" in message and "http://localhost:8045/v1 for OpenAI clients" in message
    assert "http://localhost:8045/admin" in message
