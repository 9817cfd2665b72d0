"""The document the tools came from (seeds/001 of the brief: clinvoker's OpenAI-compatible API), replayed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from anthropic import Anthropic
from openai import OpenAI

from tests.upstreams.cli.house import Tools, toml, tools

AGENT = """
[[agents]]
id = "coder"
model = "claude"
system_prompt = "Be brief."
temperature = 0.5
tokens = ["agent-secret-1"]
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    folder, other = tmp_path_factory.mktemp("tools"), tmp_path_factory.mktemp("other")
    codex = toml(other, name="codex-cli", tool="codex", model="gpt-x")
    with pytest.MonkeyPatch.context() as patch, tools(folder, patch, codex, AGENT, default=True) as house:
        yield house


@pytest.fixture(autouse=True)
def fresh(house: Tools) -> None:
    house.notes_file.unlink(missing_ok=True)
    house.gateway.revive()


def post(house: Tools, body: dict[str, Any], path: str = "/openai/v1/chat/completions", **headers: str) -> Any:
    return requests.post(house.gateway.url + path, json=body, headers=headers, timeout=20)


HELLO = [{"role": "user", "content": "Hello!"}]


def test_the_models_are_the_tools_in_a_stable_order(house: Tools) -> None:
    for _ in range(2):
        document = requests.get(house.gateway.url + "/openai/v1/models", timeout=5).json()
        assert document["object"] == "list"
        assert [(each["id"], each["object"], each["owned_by"]) for each in document["data"]] == [
            ("claude", "model", "claude-cli"),
            ("codex", "model", "codex-cli"),
        ]


def test_the_curl_of_the_document(house: Tools) -> None:
    document = post(house, {"model": "claude", "messages": HELLO}).json()
    assert document["id"].startswith("chatcmpl-") and document["object"] == "chat.completion"
    assert document["model"] == "claude" and document["usage"]["total_tokens"] == 10
    choice = document["choices"][0]
    assert choice["index"] == 0 and choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant" and choice["message"]["content"] == "hello there"


def test_every_field_of_the_table_is_accepted(house: Tools) -> None:
    fields = {
        "max_tokens": 4096, "temperature": 0.7, "top_p": 0.9, "n": 1, "stop": ["x"], "presence_penalty": 0.1,
        "frequency_penalty": 0.1, "logit_bias": {"50256": -100}, "user": "u",
    }  # fmt: skip
    turns = [{"role": "system", "content": "You are a helpful assistant."}, *HELLO]
    reply = post(house, {"model": "claude", "messages": turns, "stream": False, **fields})
    assert reply.status_code == 200 and "temperature" in reply.headers["X-Gateway-Lossy"]
    (note,) = house.notes()
    assert note["system"] == ["You are a helpful assistant."] and note["prompt"] == "Hello!"
    assert post(house, {"model": "claude", "messages": HELLO, "stop": "x"}).status_code == 200


def test_the_stream_of_the_document(house: Tools) -> None:
    client = OpenAI(base_url=house.gateway.url + "/openai/v1", api_key="not-needed", max_retries=0)
    chunks = list(client.chat.completions.create(model="claude", messages=HELLO, stream=True))  # type: ignore[arg-type]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hello there"
    assert chunks[-1].choices[0].finish_reason == "stop" and {chunk.model for chunk in chunks} == {"claude"}


@pytest.mark.parametrize(
    ("model", "mapped", "told"),
    [
        ("claude", "claude", None),
        ("my-claude", "claude", None),
        ("anything", "claude", None),
        ("claude/opus", "opus", "opus"),
        ("claude/--yolo", "--yolo", "--yolo"),
    ],
)
def test_which_tool_and_which_model(house: Tools, model: str, mapped: str, told: str | None) -> None:
    reply = post(house, {"model": model, "messages": HELLO})
    assert reply.status_code == 200 and reply.headers["X-Mapped-Model"] == mapped
    argv = house.notes()[0]["argv"]
    assert [each for each in argv if each.startswith("--model")] == ([f"--model={told}"] if told else [])


def test_dry_run_tells_the_command_line_and_runs_nothing(house: Tools) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "a secret"}], "dry_run": True}
    said = post(house, body).json()["choices"][0]["message"]["content"]
    assert said.startswith("Would execute: ") and "exec --json" in said and "--model=gpt-x" in said
    assert "a secret" not in said and "--sandbox=read-only" in said
    streamed = post(house, {**body, "stream": True})
    assert "Would execute" in streamed.text and streamed.text.endswith("data: [DONE]\n\n")
    message = post(house, {**body, "model": "claude", "max_tokens": 9}, "/anthropic/v1/messages").json()
    assert "--print" in message["content"][0]["text"] and house.notes() == []


def test_errors_are_problem_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tools(tmp_path, monkeypatch) as house:
        reply = post(house, {"model": "unknown", "messages": HELLO})
        document = reply.json()
        assert reply.status_code == document["status"] == 400
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert document["type"] == "https://api.clinvk.dev/errors/backend-not-found"
        assert document["title"] == "Backend Not Found" and "'unknown'" in document["detail"]
        assert document["error"]["code"] == "backend_not_found"
        assert post(house, {"model": "unknown", "messages": HELLO}, "/v1/chat/completions").status_code == 404


def test_the_anthropic_sdk(house: Tools) -> None:
    client = Anthropic(base_url=house.gateway.url + "/anthropic", api_key="x", max_retries=0)
    with client.messages.stream(max_tokens=9, model="claude", system="S", messages=HELLO) as stream:  # type: ignore[arg-type]
        assert "".join(stream.text_stream) == "hello there"
    assert house.notes()[0]["system"] == ["S"]


def test_history_is_told_once(house: Tools) -> None:
    turns = [
        {"role": "system", "content": "one"},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4"},
        {"role": "developer", "content": "two"},
        {"role": "user", "content": "times 3?"},
    ]
    post(house, {"model": "claude", "messages": turns})
    (note,) = house.notes()
    assert note["system"] == ["one\n\ntwo"]
    assert note["prompt"].count("2+2?") == note["prompt"].count("times 3?") == 1
    assert note["prompt"].endswith("<user>\ntimes 3?\n</user>") and "<assistant>\n4\n</assistant>" in note["prompt"]


def test_no_message_of_a_user_is_a_400(house: Tools) -> None:
    assert post(house, {"model": "claude", "messages": [{"role": "system", "content": "x"}]}).status_code == 400
    assert house.notes() == []


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://rebound.example:8045"]
)
def test_a_foreign_page_runs_nothing(house: Tools, origin: str) -> None:
    for stream in (False, True):
        host = {"Host": "rebound.example:8045"} if "rebound" in origin else {}
        reply = post(house, {"model": "claude", "messages": HELLO, "stream": stream}, Origin=origin, **host)
        assert reply.status_code == 403 and reply.json()["error"]["code"] == "origin_not_allowed"
    assert house.notes() == []


def test_pages_of_named_origins_and_our_own_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tools(tmp_path, monkeypatch, '[server]\ncors_origins = ["https://mine.example"]') as house:
        for origin in ("https://mine.example", house.gateway.url):
            assert post(house, {"model": "claude", "messages": HELLO}, Origin=origin).status_code == 200
        assert post(house, {"model": "claude", "messages": HELLO}, Origin="https://evil.example").status_code == 403


def test_an_agent_on_a_tool(house: Tools) -> None:
    path = "/agents/coder/v1/chat/completions"
    document = post(house, {"messages": HELLO}, path, Authorization="Bearer agent-secret-1").json()
    assert document["model"] == "claude" and house.notes()[0]["system"] == ["Be brief."]


def test_the_clients_wishes_never_reach_the_command_line(house: Tools) -> None:
    body = {
        "model": "claude",
        "messages": HELLO,
        "sandbox": "danger-full-access",
        "sandbox_mode": "full",
        "workdir": "/",
    }
    assert post(house, {**body, "approval_mode": "auto", "extra": ["--yolo"], "env": {"A": "b"}}).status_code == 200
    (note,) = house.notes()
    line = json.dumps(note["argv"])
    assert "danger" not in line and "yolo" not in line and "bypass" not in line and "A" not in note["env"]


def test_a_configured_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "kept").touch()
    with tools(tmp_path, monkeypatch, workdir=str(work)) as house:
        assert post(house, {"model": "claude", "messages": HELLO}).status_code == 200
        assert house.notes()[0]["cwd"] == str(work.resolve()) and house.all_gone() and (work / "kept").exists()
    link = tmp_path / "link"
    link.symlink_to("/etc")
    for wrong in ("/", "/etc", str(link), str(tmp_path / "nowhere")):
        with tools(tmp_path, monkeypatch, workdir=wrong) as house:
            assert post(house, {"model": "claude", "messages": HELLO}).status_code == 502


def test_readiness_names_what_is_missing(house: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert requests.get(house.gateway.url + "/readyz", timeout=5).json() == {"status": "ready", "version": "0.1.0"}
    other = '[[upstreams]]\nname = "codex-cli"\nkind = "cli"\ntool = "codex"\ncommand = "no-such-program"\n'
    with tools(tmp_path, monkeypatch, other) as house:
        document = requests.get(house.gateway.url + "/readyz", timeout=5).json()
        assert document["status"] == "ready" and "not found" in document["unavailable"]["codex-cli"]
