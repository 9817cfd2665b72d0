from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from openai import OpenAI

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream
from tests.web.answers import CHAT_ASKS, COMPLETION_ASKS, MESSAGES_ASKS, RESPONSES_ASKS, kind

AGENTS = """
[[agents]]
id = "support"
model = "alias"
system_prompt = "You answer for the shop."
temperature = 0.3
max_tokens = 40
lock = ["temperature"]
tokens = ["agent-secret-1", "agent-secret-2"]

[[agents]]
id = "open"
model = "real-model"
upstream = "gemini"
visibility = "public"
tokens = ["agent-secret-3"]

[[agents]]
id = "shut"
model = "real-model"
"""
CLIENT_KEY = "sk-client-0123456789abcdef"
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("chat/completions", CHAT_ASKS),
    "completions": ("completions", COMPLETION_ASKS),
    "responses": ("responses", RESPONSES_ASKS),
    "messages": ("messages", MESSAGES_ASKS),
}


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        yield up


@pytest.fixture(scope="module")
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    toml = config_for(
        Provider(up, "chat"),
        Provider(up, "gemini"),
        auth={"mode": "strict", "api_keys": [CLIENT_KEY]},
    )
    with InProcess(toml + '\n[models.map]\nalias = "chat/real-model"\n' + AGENTS) as house:
        yield house


@pytest.fixture(autouse=True)
def fresh(up: ScriptedUpstream) -> None:
    up.requests.clear()
    up.play(Script())


def ask(
    house: InProcess, id: str, path: str, body: dict[str, Any] | None = None, token: str = "agent-secret-1", **more: Any
) -> requests.Response:
    method = more.pop("method", "GET" if body is None else "POST")
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})} if token else {}
    return requests.request(method, f"{house.url}/agents/{id}/{path}", json=body, headers=headers, timeout=10)


@pytest.mark.parametrize("model", ["whatever", "", None])
@pytest.mark.parametrize("protocol", ROUTES)
def test_the_requests_model_is_ignored_and_the_answer_names_the_real_one(
    house: InProcess, up: ScriptedUpstream, protocol: str, model: str | None
) -> None:
    path, body = ROUTES[protocol]
    reply = ask(house, "support", f"v1/{path}", {**body, "model": model})
    assert reply.status_code == 200, reply.text
    assert reply.json()["model"] == "real-model" and kind(reply.json()) == protocol
    asked = up.asked()[-1].body
    assert asked["model"] == "real-model" and asked["temperature"] == 0.3
    assert asked["messages"][0] == {"role": "system", "content": "You answer for the shop."}
    assert reply.headers["X-Mapped-Model"] == "real-model"
    assert "X-Account-Email" not in reply.headers


@pytest.mark.parametrize("protocol", ROUTES)
def test_streams_name_the_real_model_too(house: InProcess, protocol: str) -> None:
    path, body = ROUTES[protocol]
    body = {name: value for name, value in body.items() if name != "model"}
    reply = ask(house, "support", f"v1/{path}", {**body, "stream": True})
    assert reply.headers["Content-Type"].startswith("text/event-stream") and "ok" in reply.text
    assert '"model":"real-model"' in reply.text and "alias" not in reply.text
    assert "X-Account-Email" not in reply.headers


def test_the_clients_own_words_and_knobs_win_unless_locked(house: InProcess, up: ScriptedUpstream) -> None:
    turns = [{"role": "system", "content": "mine"}, {"role": "user", "content": "hi"}]
    ask(house, "support", "v1/chat/completions", {"messages": turns, "max_tokens": 7, "temperature": 1.0})
    asked = up.asked()[-1].body
    assert asked["messages"] == turns and asked["max_tokens"] == 7 and asked["temperature"] == 0.3
    assert asked["model"] == "real-model"


SAID = "You answer for somebody else."
SYSTEMS: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "developer", "content": SAID}, {"role": "user", "content": "hi"}]},
    "responses": {"instructions": SAID},
    "messages": {"system": [{"type": "text", "text": SAID}]},
}


@pytest.mark.parametrize("protocol", SYSTEMS)
def test_a_system_text_of_any_protocol_replaces_the_agents(
    house: InProcess, up: ScriptedUpstream, protocol: str
) -> None:
    path, body = ROUTES[protocol]
    assert ask(house, "support", f"v1/{path}", {**body, **SYSTEMS[protocol], "temperature": 0.9}).status_code == 200
    asked = up.asked()[-1].body
    systems = [turn["content"] for turn in asked["messages"] if turn["role"] in ("system", "developer")]
    assert systems == [SAID] and asked["temperature"] == 0.3, "which is locked"


def test_sound_is_carried_to_another_protocol(house: InProcess, up: ScriptedUpstream) -> None:
    sound = base64.b64encode(b"RIFF....WAVE").decode()
    part = {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}}
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "what is said?"}, part]}]}
    reply = ask(house, "open", "v1/chat/completions", body, "agent-secret-3")
    assert reply.status_code == 200 and "X-Gateway-Lossy" not in reply.headers
    heard = up.asked()[-1].body["contents"][0]["parts"][1]["inlineData"]
    assert heard["data"] == sound and heard["mimeType"] in ("audio/wav", "audio/x-wav")


@pytest.mark.parametrize(
    ("id", "token", "status"),
    [
        ("support", "agent-secret-2", 200),
        ("support", "", 401),
        ("support", CLIENT_KEY, 401),
        ("support", "agent-secret-3", 401),
        ("open", "agent-secret-3", 200),
        ("open", CLIENT_KEY, 200),
        ("open", "", 401),
        ("open", "agent-secret-1", 401),
        ("shut", CLIENT_KEY, 401),
    ],
)
def test_whose_token_opens_which_agent(house: InProcess, id: str, token: str, status: int) -> None:
    for path, body in (("v1/chat/completions", CHAT_ASKS), ("v1/models", None), ("v1/embeddings", {"input": "x"})):
        reply = ask(house, id, path, body, token)
        assert reply.status_code == (404 if status == 200 and "embeddings" in path else status), path
        assert token not in reply.text or not token


def test_a_token_is_needed_where_client_keys_are_not(up: ScriptedUpstream) -> None:
    with InProcess(config_for(Provider(up, "chat"), Provider(up, "gemini"), auth={"mode": "off"}) + AGENTS) as house:
        for id in ("support", "open"):
            assert ask(house, id, "v1/chat/completions", CHAT_ASKS, token="").status_code == 401
        assert ask(house, "open", "v1/chat/completions", CHAT_ASKS, token="anything").status_code == 401


def test_an_agents_token_opens_nothing_else(house: InProcess) -> None:
    for path in ("/v1/models", "/v1/chat/completions", "/agents/nobody/v1/models"):
        reply = requests.get(house.url + path, headers={"Authorization": "Bearer agent-secret-1"}, timeout=10)
        assert reply.status_code in (401, 405) and reply.status_code != 200, path
    assert ask(house, "nobody", "v1/models", token=CLIENT_KEY).json()["error"]["code"] == "agent_not_found"


@pytest.mark.parametrize(
    ("headers", "field", "name"),
    [({}, "id", "real-model"), ({"anthropic-version": "2023-06-01"}, "id", "real-model")],
)
def test_its_model_list_holds_the_real_model(house: InProcess, headers: dict[str, str], field: str, name: str) -> None:
    reply = ask(house, "support", "v1/models", headers=headers)
    assert [each[field] for each in reply.json()["data"]] == [name]
    assert ask(house, "support", "v1/models/real-model", headers=headers).json()[field] == name
    assert ask(house, "support", "v1/models/another", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["v1/embeddings", "v1/images/generations", "v1/audio/speech", "v1/files", "v1/fine_tuning/jobs", "v1/assistants",
     "v1/messages/count_tokens", "v1beta/models/m:generateContent", "call"],
)  # fmt: skip
def test_what_an_agent_does_not_offer_is_a_native_404(house: InProcess, path: str) -> None:
    for method in ("GET", "POST"):
        reply = ask(house, "support", path, {}, method=method)
        assert reply.status_code == 404 and reply.headers["Content-Type"] == "application/json"
        error = reply.json()["error"]
        assert "does not offer" in error["message"] and "/v1/chat/completions" in error["message"]
        assert (reply.json().get("type") == "error") == path.startswith("v1/messages")


def test_a_wrong_method_is_told(house: InProcess) -> None:
    reply = ask(house, "support", "v1/chat/completions")
    assert reply.status_code == 405 and reply.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["chat/completions", "v1/v1/chat/completions", "v1//chat/completions/"])
def test_wrong_bases_are_repaired(house: InProcess, path: str) -> None:
    reply = ask(house, "support", path, CHAT_ASKS)
    assert reply.status_code == 200 and reply.headers["X-Gateway-Path-Repaired"].startswith("/agents/support/v1/")


def test_the_openai_sdk_with_an_agent_as_its_base_url(house: InProcess) -> None:
    client = OpenAI(base_url=f"{house.url}/agents/support/v1", api_key="agent-secret-1", max_retries=0)
    assert [each.id for each in client.models.list()] == ["real-model"]
    said = client.chat.completions.create(model="ignored", messages=[{"role": "user", "content": "hi"}])
    assert said.choices[0].message.content == "ok" and said.model == "real-model"
    stream = client.chat.completions.create(model="x", messages=[{"role": "user", "content": "hi"}], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "ok"
    legacy = client.completions.create(
        model="x", prompt="hi", max_tokens=5, temperature=0.5, top_p=1, n=3, best_of=1, echo=False, user="u",
        presence_penalty=0, frequency_penalty=0, stop=["#"],
    )  # fmt: skip
    assert legacy.object == "text_completion" and [each.text for each in legacy.choices] == ["ok"]


def test_the_record_names_the_agent_and_no_token(house: InProcess) -> None:
    headers = {"X-Request-Id": "this-one"}
    assert ask(house, "support", "v1/chat/completions", CHAT_ASKS, headers=headers).status_code == 200
    (record,) = [record for record in house.records if record.id == "this-one"]
    assert record.key == "agent:support" and "agent-secret" not in repr(record)


def test_with_repair_off_the_404_names_the_agents_own_base(up: ScriptedUpstream) -> None:
    toml = config_for(Provider(up, "chat"), server={"repair_paths": False}) + AGENTS.replace('"gemini"', '""')
    with InProcess(toml.replace('"alias"', '"real-model"')) as house:
        for wrong in ("chat/completions", "v1/v1/chat/completions", "v1/chat/completions/"):
            reply = requests.post(
                f"{house.url}/agents/support/{wrong}",
                json=CHAT_ASKS,
                headers={"x-api-key": "agent-secret-1"},
                timeout=9,
            )
            assert reply.status_code == 404, reply.text
            assert f"base URL to {house.url}/agents/support/v1" in reply.json()["error"]["message"]
            assert requests.post(f"{house.url}/agents/support/{wrong}", json=CHAT_ASKS, timeout=9).status_code == 401
