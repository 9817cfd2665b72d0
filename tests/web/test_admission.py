from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import responses as mocked

from gateway.config.model import AuthKey
from tests.web.answers import CHAT, DOORS, kind
from tests.web.served import BASES, Served, served, upstream

KEY = "sk-of-a-person-0123456789"
URL = BASES["openai"] + "/chat/completions"


@pytest.fixture
def provider() -> Iterator[mocked.RequestsMock]:
    with mocked.RequestsMock(assert_all_requests_are_fired=False) as playing:
        playing.post(URL, json={**CHAT, "usage": {"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50}})
        yield playing


def house(models: tuple[str, ...] = ("*",), serves: tuple[str, ...] = ("*",), **limits: Any) -> Served:
    key = AuthKey(name="anna", key_hash="sha256:" + hashlib.sha256(KEY.encode()).hexdigest(), models=models, **limits)
    return served(upstream("openai", models=serves), auth={"mode": "strict", "keys": (key,)})


def ask(found: Served, door: str = "chat", **more: Any) -> Any:
    path, body = DOORS[door]
    return found.client.post(path, json={**body, **more}, headers={"Authorization": f"Bearer {KEY}"})


@pytest.mark.parametrize("door", DOORS)
def test_a_model_that_is_not_on_the_list(provider: mocked.RequestsMock, door: str) -> None:
    reply = ask(house(models=("gemini-*",)), door)
    assert reply.status_code == 403 and not provider.calls
    assert kind(reply.get_json()) == {"messages": "messages", "gemini": "gemini"}.get(door, "openai")
    assert "anna" in reply.text and "gemini-*" in reply.text and KEY not in reply.text


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"models": ["cheap", "dear"]}, "models"),
        ({"fallbacks": ["dear"]}, "fallbacks"),
        ({"fallbacks": [{"cheap": ["dear"]}]}, "fallbacks"),
        ({"fallback_models": "dear"}, "fallback_models"),
        ({"tools": [{"type": "image_generation", "model": "dear"}]}, "tools[0].model"),
    ],
)
def test_a_model_beside_the_model(provider: mocked.RequestsMock, more: dict[str, Any], param: str) -> None:
    """OpenRouter and LiteLLM as providers answer with others of the body's."""
    reply = ask(house(models=("cheap",)), model="cheap", **more)
    assert reply.status_code == 403 and not provider.calls
    assert (reply.get_json()["error"]["code"], reply.get_json()["error"]["param"]) == ("model_not_allowed", param)
    assert ask(house(), model="cheap", **more).status_code != 403


def test_further_models_of_the_list_may_be_named(provider: mocked.RequestsMock) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"properties": {"model": {"type": "string"}}}}}
    assert ask(house(models=("cheap", "b*")), model="cheap", models=["cheap", "b1"], tools=[tool]).status_code == 200


@pytest.mark.parametrize("door", ["chat", "messages", "responses"])
def test_a_name_as_long_as_a_book_is_kept_nowhere(provider: mocked.RequestsMock, door: str) -> None:
    for models in (("*",), ("cheap",)):
        found = house(models=models)
        reply = ask(found, door, model="m" * 2_000_000)
        assert reply.status_code == 404 and len(reply.data) < 1000
        [record] = found.notes.records
        assert len(record.asked) < 1000


def test_the_list_shows_what_the_key_may_use(provider: mocked.RequestsMock) -> None:
    found = house(models=("gpt-a*",), serves=("gpt-a1", "gpt-b1"))
    key = {"Authorization": f"Bearer {KEY}"}
    assert [each["id"] for each in found.client.get("/v1/models", headers=key).get_json()["data"]] == ["gpt-a1"]
    assert found.client.get("/v1/models/gpt-a1", headers=key).status_code == 200
    assert found.client.get("/v1/models/gpt-b1", headers=key).status_code == 404


@pytest.mark.parametrize("door", DOORS)
def test_the_request_after_the_last(provider: mocked.RequestsMock, door: str) -> None:
    found = house(rpm=1)
    assert ask(found, "chat").status_code == 200
    reply = ask(found, door)
    assert reply.status_code == 429 and 1 <= int(reply.headers["Retry-After"]) <= 61
    assert kind(reply.get_json()) == {"messages": "messages", "gemini": "gemini"}.get(door, "openai")
    assert len(provider.calls) == 1 and [each.status for each in found.notes.records] == [200, 429]


def test_a_bad_request_uses_nothing(provider: mocked.RequestsMock) -> None:
    found = house(rpm=1)
    assert ask(found, messages=5).status_code == 400
    assert ask(found).status_code == 200


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"tpm": 50}, "rate_limit_exceeded"),
        ({"daily_tokens": 50}, "insufficient_quota"),
        ({"monthly_usd": 1e-9}, "insufficient_quota"),
    ],
)
def test_tokens_and_cost_that_were_used(provider: mocked.RequestsMock, limits: dict[str, Any], code: str) -> None:
    found = house(**limits)
    assert ask(found, model="gpt-4o").status_code == 200
    reply = ask(found, model="gpt-4o")
    assert reply.status_code == 429 and reply.get_json()["error"]["code"] == code
    assert len(provider.calls) == 1


def test_a_failed_request_frees_what_it_held(provider: mocked.RequestsMock) -> None:
    provider.replace(mocked.POST, URL, json={"error": {"message": "no"}}, status=400)
    found = house(max_concurrency=1, daily_tokens=3000)
    assert [ask(found).status_code for _ in range(3)] == [400, 400, 400]


def test_counting_is_for_its_models_only_and_costs_a_request(provider: mocked.RequestsMock) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    key = {"x-api-key": KEY}
    found = house(rpm=1)
    assert found.client.post("/v1/messages/count_tokens", json=body, headers=key).status_code == 200
    assert found.client.post("/v1/messages/count_tokens", json=body, headers=key).status_code == 429
    assert house(models=("x",)).client.post("/v1/messages/count_tokens", json=body, headers=key).status_code == 403
