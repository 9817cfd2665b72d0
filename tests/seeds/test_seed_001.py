"""The page "OpenAI-совместимый API" of Timeweb Cloud's agents (the brief's seed 001), replayed heading by heading.

Each test quotes the heading it replays. The copy of the page has lost its snippets; what stands here is what the text
around them says of each. The ones in JavaScript, LangChain and Open WebUI are in tests/clients/test_agents.py.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from openai import OpenAI

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Script, failing
from tests.scripted.upstream import ScriptedUpstream

TOKEN = "agent-token-0123456789"
AGENTS = f"""
[[agents]]
id = "private"
model = "real-model"
system_prompt = "Ты отвечаешь за магазин."
temperature = 0.3
max_tokens = 40
tokens = ["{TOKEN}"]

[[agents]]
id = "public"
model = "real-model"
visibility = "public"
tokens = ["{TOKEN}"]

[[agents]]
id = "thinker"
model = "gpt-5-mini"
temperature = 0.3
max_tokens = 40
tokens = ["{TOKEN}"]

[[agents]]
id = "hearing"
model = "gemini-2.5-flash"
tokens = ["{TOKEN}"]
"""
HELLO = [{"role": "user", "content": "Привет!"}]


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        yield up


@pytest.fixture(scope="module")
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    providers = (
        Provider(up, "chat", models=("real-model", "gpt-5*")),
        Provider(up, "gemini", models=("gemini-*",)),
    )
    with InProcess(config_for(*providers) + AGENTS) as house:
        yield house


@pytest.fixture(autouse=True)
def fresh(up: ScriptedUpstream) -> None:
    up.requests.clear()
    up.play(Script(answer=Answer(spoken("Здравствуйте, чем помочь?"))))


def base(house: InProcess, id: str = "private") -> str:
    return f"{house.url}/agents/{id}/v1"


def ask(house: InProcess, body: dict[str, Any], id: str = "private", path: str = "chat/completions") -> Any:
    return requests.post(
        f"{base(house, id)}/{path}", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
    )


# --- Ограничения и особенности


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "embeddings"),
        ("POST", "fine_tuning/jobs"),
        ("POST", "images/generations"),
        ("POST", "audio/speech"),
        ("POST", "audio/transcriptions"),
        ("POST", "files"),
        ("GET", "files"),
        ("POST", "assistants"),
    ],
)
def test_what_is_not_supported(house: InProcess, method: str, path: str) -> None:
    """Не поддерживается: JSON that says what there is, never a page (TW-10)."""
    reply = requests.request(
        method, f"{base(house)}/{path}", json={}, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
    )
    assert reply.status_code == 404 and reply.headers["Content-Type"] == "application/json"
    assert reply.json()["error"].keys() == {"message", "type", "param", "code"}
    assert "/v1/chat/completions" in reply.json()["error"]["message"]


def test_the_responses_protocol_is_offered_here(house: InProcess) -> None:
    """Не поддерживается names it; the provider's newer papers have it, and so have we (TW-10)."""
    document = ask(house, {"input": "Привет!"}, path="responses").json()
    assert document["object"] == "response" and document["output"][-1]["content"][0]["text"].startswith("Здравствуйте")


@pytest.mark.parametrize("model", ["gpt-4o", "nobody/has-this", "", None])
def test_the_requests_model_is_ignored(house: InProcess, up: ScriptedUpstream, model: str | None) -> None:
    """Особенности реализации: the agent's model answers and is named (TW-4)."""
    reply = ask(house, {"model": model, "messages": HELLO})
    assert reply.status_code == 200 and reply.json()["model"] == up.asked()[-1].body["model"] == "real-model"


def test_settings_that_a_model_does_not_know_may_be_ignored(house: InProcess, up: ScriptedUpstream) -> None:
    """Особенности реализации: and are told (TW-6)."""
    body = {"messages": HELLO, "logit_bias": {"5": 1}, "frequency_penalty": 0.5}
    reply = ask(house, body, "hearing")
    assert reply.status_code == 200 and "logit_bias" in reply.headers["X-Gateway-Lossy"]
    assert up.asked()[-1].body["generationConfig"]["frequencyPenalty"] == 0.5


# --- Использование


@pytest.mark.parametrize("id", ["private", "public"])
def test_authentication(house: InProcess, id: str) -> None:
    """Аутентификация: a token whatever the kind of API, as `Authorization: Bearer` (TW-3)."""
    for path in ("chat/completions", "completions"):
        body = {"messages": HELLO, "prompt": "Привет!"}
        assert ask(house, body, id, path).status_code == 200
        for headers in ({}, {"Authorization": "Bearer wrong-token-0123"}, {"Authorization": TOKEN[:-1]}):
            reply = requests.post(f"{base(house, id)}/{path}", json=body, headers=headers, timeout=10)
            assert reply.status_code == 401 and reply.json()["error"]["message"]


def curl(house: InProcess, path: str, body: str) -> Any:
    """With the token in the environment, as the page advises."""
    command = (
        f'curl -s {base(house)}/{path} -H "Content-Type: application/json" '
        f"-H \"Authorization: Bearer $TOKEN\" -d '{body}'"
    )
    done = subprocess.run(
        ["bash", "-c", command], env={**os.environ, "TOKEN": TOKEN}, capture_output=True, timeout=20, check=True
    )
    return json.loads(done.stdout)


def test_the_token_in_the_environment(house: InProcess) -> None:
    """Аутентификация: `$TOKEN` is put in by the shell."""
    document = curl(house, "chat/completions", '{"messages": [{"role": "user", "content": "Привет!"}]}')
    assert document["choices"][0]["message"]["content"].startswith("Здравствуйте")


def test_the_base_url(house: InProcess) -> None:
    """Базовый URL: one for each agent (TW-1); its model list is there with the same token (TW-2, TW-14)."""
    for id, model in (("private", "real-model"), ("thinker", "gpt-5-mini")):
        client = OpenAI(base_url=base(house, id), api_key=TOKEN, max_retries=0)
        assert [each.id for each in client.models.list()] == [model]


# --- Chat Completions


def test_an_example_of_chat_completions(house: InProcess, up: ScriptedUpstream) -> None:
    """Пример использования Chat Completions: every parameter of the list, and the answer (TW-2, TW-6)."""
    body = '{"model": "x", "messages": [{"role": "user", "content": "?"}], "temperature": 0.7, "max_tokens": 100}'
    document = curl(house, "chat/completions", body)
    assert document["object"] == "chat.completion" and document["id"] and document["created"]
    assert document["model"] == "real-model" and document["usage"]["total_tokens"] > 0
    (choice,) = document["choices"]
    assert choice["index"] == 0 and choice["finish_reason"] == "stop" and choice["message"]["role"] == "assistant"
    asked = up.asked()[-1].body
    assert (asked["temperature"], asked["max_tokens"]) == (0.7, 100)


@pytest.mark.parametrize("stream", [True, False])
def test_stream_is_true_or_false(house: InProcess, stream: bool) -> None:
    """Параметры: stream."""
    reply = ask(house, {"messages": HELLO, "stream": stream})
    assert reply.text.endswith("data: [DONE]\n\n") == stream
    assert reply.headers["Content-Type"].startswith("text/event-stream" if stream else "application/json")


def test_the_python_sdk(house: InProcess) -> None:
    """The SDK with the agent's base URL and token, whole and streamed."""
    client = OpenAI(base_url=base(house), api_key=TOKEN, max_retries=0)
    said = client.chat.completions.create(model="gpt-4o", messages=HELLO)  # type: ignore[call-overload]
    assert said.choices[0].message.content == "Здравствуйте, чем помочь?" and said.model == "real-model"
    stream = client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)  # type: ignore[call-overload]
    assert "".join(each.choices[0].delta.content or "" for each in stream) == "Здравствуйте, чем помочь?"


@pytest.mark.parametrize("route", ["chat/completions", "completions"])
def test_the_gpt_5_family(house: InProcess, up: ScriptedUpstream, route: str) -> None:
    """Для моделей gpt-5 параметр max_tokens заменен, temperature вызовет ошибку: neither reaches it (TW-7)."""
    body = {"messages": HELLO} if route.startswith("chat") else {"prompt": "Привет!"}
    for more, limit in (({}, 40), ({"max_tokens": 77, "temperature": 0.9}, 77), ({"max_completion_tokens": 78}, 78)):
        if route == "completions" and "max_completion_tokens" in more:
            continue
        reply = ask(house, {**body, **more}, "thinker", route)
        asked = up.asked()[-1].body
        assert reply.status_code == 200 and asked["max_completion_tokens"] == limit, reply.text
        assert "max_tokens" not in asked and "temperature" not in asked
        assert "temperature" in reply.headers["X-Gateway-Lossy"]


# --- Text Completions


def test_an_example_of_text_completions(house: InProcess, up: ScriptedUpstream) -> None:
    """Пример использования Text Completions: every parameter of the list (TW-8), and the answer (TW-12)."""
    body = '{"prompt": "Привет!", "model": "x", "max_tokens": 9, "temperature": 0.7, "top_p": 0.9, "n": 3}'
    document = curl(house, "completions", body)
    assert document["object"] == "text_completion" and document["id"] and document["created"]
    assert document["model"] == "real-model" and document["usage"]["total_tokens"] > 0
    (choice,) = document["choices"]
    assert choice == {"text": "Здравствуйте, чем помочь?", "index": 0, "logprobs": None, "finish_reason": "stop"}
    asked = up.asked()[-1].body
    assert (asked["max_tokens"], asked["temperature"], asked["top_p"]) == (9, 0.7, 0.9) and asked.get("n") in (None, 1)
    assert asked["messages"][-1] == {"role": "user", "content": "Привет!"}


def test_text_completions_streamed(house: InProcess) -> None:
    """Параметры: stream (TW-8)."""
    text = ask(house, {"prompt": "Привет!", "stream": True}, path="completions").content.decode()
    told = [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: {")]
    assert "".join(each["choices"][0]["text"] for each in told if each["choices"]) == "Здравствуйте, чем помочь?"
    assert {each["object"] for each in told} == {"text_completion"} and text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("logprobs", 2),
        ("echo", True),
        ("echo", False),
        ("stop", ["END"]),
        ("stop", "END"),
        ("presence_penalty", 0.5),
        ("frequency_penalty", 0.5),
        ("best_of", 3),
        ("user", "user-1"),
    ],
)
def test_the_other_parameters_of_text_completions(
    house: InProcess, up: ScriptedUpstream, name: str, value: Any
) -> None:
    """Остальные параметры поддерживаются частично: carried or told, never an error (TW-8)."""
    reply = ask(house, {"prompt": "Привет!", name: value}, path="completions")
    assert reply.status_code == 200 and len(reply.json()["choices"]) == 1, reply.text
    asked = up.asked()[-1].body
    carried = asked.get(name) in (value, [value])
    told = name in reply.headers.get("X-Gateway-Lossy", "").split(", ")
    assert carried or told or value is False


# --- Роли


def test_the_role_user(house: InProcess, up: ScriptedUpstream) -> None:
    """user: and, where the request has no system text, the agent's own (TW-5)."""
    ask(house, {"messages": HELLO})
    assert up.asked()[-1].body["messages"] == [{"role": "system", "content": "Ты отвечаешь за магазин."}, *HELLO]


def test_the_role_assistant(house: InProcess, up: ScriptedUpstream) -> None:
    """assistant: the history comes with every request, the last turn is answered (TW-9)."""
    turns = [
        {"role": "user", "content": "Ответь кратко. Столица Франции?"},
        {"role": "assistant", "content": "Париж."},
        {"role": "user", "content": "Ответь кратко. А Италии?"},
    ]
    assert ask(house, {"messages": turns}).status_code == 200
    assert up.asked()[-1].body["messages"][1:] == turns
    ask(house, {"messages": HELLO})
    assert len(up.asked()[-1].body["messages"]) == 2, "nothing is kept from one request to the next"


def test_the_role_system(house: InProcess, up: ScriptedUpstream) -> None:
    """system: the request's own text replaces the agent's (TW-5)."""
    turns = [{"role": "system", "content": "Отвечай кратко."}, *HELLO]
    ask(house, {"messages": turns})
    assert up.asked()[-1].body["messages"] == turns


# --- Работа с готовыми UI (например, Open WebUI): its calls as recorded of 0.12.4


@pytest.fixture
def webui(house: InProcess) -> requests.Session:
    """A connection of Open WebUI: base URL and key, and the headers it sends with them."""
    session = requests.Session()
    session.headers.update(
        {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "X-OpenWebUI-User-Name": "Anna",
            "X-OpenWebUI-User-Role": "admin",
        }
    )
    return session


FUNCTIONS = [
    {"type": "function", "function": {"name": f"tool_{number}", "description": "does", "parameters": schema}}
    for number, schema in enumerate([{"type": "object", "properties": {"q": {"type": "string"}}}] * 28)
]


def test_open_webui_lists_the_models_first(house: InProcess, webui: requests.Session) -> None:
    """With the key of the connection, on "verify" and on refresh; what is not listed is never asked (TW-14)."""
    for query in ("", "?refresh=true"):
        document = webui.get(f"{base(house)}/models{query}", timeout=10).json()
        assert document["object"] == "list" and [each["id"] for each in document["data"]] == ["real-model"]
    refused = requests.get(f"{base(house)}/models", headers={"Authorization": "Bearer no"}, timeout=10)
    assert refused.status_code == 401 and refused.json()["error"]["message"]


def test_open_webui_streams_a_turn(house: InProcess, up: ScriptedUpstream, webui: requests.Session) -> None:
    """With its own tools, without stream_options and max_tokens; a stream is what says text/event-stream (TW-14)."""
    body = {"model": "real-model", "messages": HELLO, "stream": True, "tools": FUNCTIONS}
    reply = webui.post(f"{base(house)}/chat/completions", json=body, timeout=10)
    assert reply.status_code == 200 and reply.headers["Content-Type"].startswith("text/event-stream")
    told = reply.content.decode()
    chunks = [json.loads(line[6:]) for line in told.split("\n") if line.startswith("data: {")]
    assert "".join(each["choices"][0]["delta"].get("content") or "" for each in chunks) == "Здравствуйте, чем помочь?"
    assert told.endswith("data: [DONE]\n\n") and len(up.asked()[-1].body["tools"]) == 28
    history = [
        *HELLO,
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "call_1", "type": "function", "index": 0, "function": {"name": "tool_1", "arguments": "{}"}}
        ]},
        {"role": "tool", "tool_call_id": "call_1", "content": "18"},
    ]  # fmt: skip
    assert webui.post(f"{base(house)}/chat/completions", json={**body, "messages": history}, timeout=10).ok


@pytest.mark.parametrize("task", ["title_generation", "follow_up_generation", "tags_generation"])
def test_open_webui_asks_three_things_about_a_new_chat(
    house: InProcess, up: ScriptedUpstream, webui: requests.Session, task: str
) -> None:
    """Whole calls whose answers are JSON; `metadata` of its own is no concern of the provider's (TW-14)."""
    up.play(Script(answer=Answer(spoken('{"title": "Привет"}'))))
    body = {
        "model": "real-model",
        "messages": [{"role": "user", "content": "### Task: Generate a concise title. Output: JSON"}],
        "stream": False,
        "max_completion_tokens": 1000,
        "metadata": {"task": task, "chat_id": "c-1"},
    }
    document = webui.post(f"{base(house)}/chat/completions", json=body, timeout=10).json()
    assert json.loads(document["choices"][0]["message"]["content"]) == {"title": "Привет"}


def test_open_webui_shows_the_message_of_an_error(
    house: InProcess, up: ScriptedUpstream, webui: requests.Session
) -> None:
    """It never retries and shows `error.message`; a failed stream is JSON with its status, no empty stream (TW-14)."""
    up.play(failing(400, "the context is too long"))
    for stream in (True, False):
        body = {"model": "real-model", "messages": HELLO, "stream": stream}
        reply = webui.post(f"{base(house)}/chat/completions", json=body, timeout=10)
        assert reply.status_code == 400 and reply.headers["Content-Type"] == "application/json"
        assert "the context is too long" in reply.json()["error"]["message"]


# --- what the page only touches on


@pytest.mark.parametrize("kind", ["text", "image_url", "input_audio"])
def test_a_message_of_parts(house: InProcess, up: ScriptedUpstream, kind: str) -> None:
    """Audio API: кроме аудиосообщений в чате (TW-11)."""
    sound, pixel = base64.b64encode(b"RIFF....WAVE").decode(), base64.b64encode(PNG).decode()
    part: dict[str, Any] = {
        "text": {"type": "text", "text": "и ещё"},
        "image_url": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}},
        "input_audio": {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}},
    }[kind]
    turns = [{"role": "user", "content": [{"type": "text", "text": "Что это?"}, part]}]
    for id in ("private", "hearing"):
        reply = ask(house, {"messages": turns}, id)
        assert reply.status_code == 200 and "X-Gateway-Lossy" not in reply.headers, reply.text
    theirs, ours = up.asked()[0].body["messages"][-1]["content"], up.asked()[1].body["contents"][0]["parts"]
    assert theirs[1] == part
    assert ours[1] == {"text": "и ещё"} if kind == "text" else ours[1]["inlineData"]["data"] in (sound, pixel)


def test_a_header_of_its_own_kind(house: InProcess) -> None:
    """x-proxy-source, which the specification asks for, is accepted and means nothing here (TW-13)."""
    headers = {"Authorization": f"Bearer {TOKEN}", "x-proxy-source": "integration"}
    reply = requests.post(f"{base(house)}/chat/completions", json={"messages": HELLO}, headers=headers, timeout=10)
    assert reply.status_code == 200


@pytest.mark.parametrize("path", ["call", "v1/call", "embed.js"])
def test_the_native_calls_are_a_404(house: InProcess, path: str) -> None:
    """The platform's own call and widget, which keep settings and context elsewhere (TW-2, TW-9)."""
    for method in ("GET", "POST"):
        reply = requests.request(
            method, f"{house.url}/agents/private/{path}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
        )
        assert reply.status_code == 404 and "does not offer" in reply.json()["error"]["message"]


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
