"""The document "OpenAI 兼容 API" of clinvoker (the brief's seed 002), replayed heading by heading over fake tools.

Each test quotes the heading it replays. Its curl and its Python are run as they stand there, save for the address;
its TypeScript is run by tests/clients/test_agents.py, where Node is.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from anthropic import Anthropic

from gateway.config.load import load
from tests.upstreams.cli.house import Tools, toml, tools

ADDRESS = "http://localhost:8080"
HELLO = [{"role": "user", "content": "Hello!"}]
PYTHON = """
from openai import OpenAI
client = OpenAI(
    base_url="http://localhost:8080/openai/v1",
    api_key="not-needed"
)
response = client.chat.completions.create(
    model="claude",
    messages=[
        {"role": "system", "content": "You are a helpful coding assistant."},
        {"role": "user", "content": "Write a hello world in Python"}
    ]
)
print(response.choices[0].message.content)
"""
PYTHON_STREAM = """
from openai import OpenAI
client = OpenAI(
    base_url="http://localhost:8080/openai/v1",
    api_key="not-needed"
)
stream = client.chat.completions.create(
    model="claude",
    messages=[{"role": "user", "content": "Tell me a story"}],
    stream=True
)
for chunk in stream:
    if chunk.choices[0].delta.content is not None:
        print(chunk.choices[0].delta.content, end="")
"""
CURL = """curl -X POST http://localhost:8080/openai/v1/chat/completions \\
-H "Content-Type: application/json" \\
-d '{"model": "claude", "messages": [{"role": "user", "content": "Hello!"}]}'
"""
BODY = {
    "model": "claude",
    "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Hello!"},
    ],
    "max_tokens": 4096,
    "temperature": 0.7,
    "stream": False,
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """All three tools; claude takes what nobody else serves, as there."""
    folder = tmp_path_factory.mktemp("tools")
    others = toml(folder, name="gemini-cli", tool="gemini") + toml(folder, name="codex-cli", tool="codex")
    with pytest.MonkeyPatch.context() as patch, tools(folder, patch, others, default=True) as house:
        yield house


@pytest.fixture(autouse=True)
def fresh(house: Tools) -> None:
    house.fresh()


def printed(house: Tools, snippet: str) -> str:
    """What a Python snippet of the document prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(snippet.replace(ADDRESS, house.gateway.url), {})
    return said.getvalue()


def chunks(reply: requests.Response) -> list[dict[str, Any]]:
    lines = [line for line in reply.text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines) and lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_authentication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    """认证: where a key is configured, `Authorization: Bearer <key>` or `X-Api-Key: <key>` (CL-R5, CL-R6)."""
    key = "key-0123456789"
    with tools(tmp_path, monkeypatch, f'[auth]\nmode = "strict"\napi_keys = ["{key}"]\n') as house:
        value = f"Bearer {key}" if header == "Authorization" else key
        assert house.post(BODY, **{header: value}).status_code == 200
        for wrong in ({}, {header: value + "x"}):
            reply = house.post(BODY, **wrong)
            assert reply.status_code == reply.json()["status"] == 401 and len(house.notes()) == 1
            models = requests.get(house.gateway.url + "/openai/v1/models", headers=wrong, timeout=5)
            assert models.status_code == 401


def test_no_key_is_needed_where_none_is_configured(house: Tools) -> None:
    """认证: 如果未配置 Key,则允许无认证请求 (CL-R5)."""
    assert house.post(BODY).status_code == 200
    assert house.post(BODY, Authorization="Bearer not-needed").status_code == 200


def test_get_models(house: Tools) -> None:
    """GET /openai/v1/models: the tools by name, in an order that does not change (CL-R1)."""
    documents = [requests.get(house.gateway.url + "/openai/v1/models", timeout=5).json() for _ in range(3)]
    assert documents[0] == documents[1] == documents[2] and documents[0]["object"] == "list"
    data = documents[0]["data"]
    assert [each["id"] for each in data] == ["claude", "codex", "gemini"]
    assert [each["owned_by"] for each in data] == ["claude-cli", "codex-cli", "gemini-cli"]
    assert {each["object"] for each in data} == {"model"} and all(type(each["created"]) is int for each in data)


def test_post_chat_completions(house: Tools) -> None:
    """POST /openai/v1/chat/completions: the request shown there (CL-R2), every field of the answer (CL-R11)."""
    document = house.post(BODY).json()
    assert document["id"].startswith("chatcmpl-") and document["object"] == "chat.completion"
    assert type(document["created"]) is int and document["model"] == "claude"
    (choice,) = document["choices"]
    assert choice["index"] == 0 and choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant" and choice["message"]["content"] == "hello there"
    usage = document["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 3, 10)
    (note,) = house.notes()
    assert note["system"] == ["You are a helpful assistant."] and note["prompt"] == "Hello!"


def test_two_answers_have_two_ids(house: Tools) -> None:
    """Within one second too (CL-R15)."""
    assert house.post(BODY).json()["id"] != house.post(BODY).json()["id"]


@pytest.mark.parametrize("field", ["model", "messages"])
def test_the_fields_that_are_required(house: Tools, field: str) -> None:
    """字段: model 是, messages 是 (CL-R7)."""
    reply = house.post({name: value for name, value in BODY.items() if name != field})
    assert reply.status_code == 400 and reply.json()["error"]["param"] == field and house.notes() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_tokens", 4096),
        ("temperature", 0.7),
        ("top_p", 0.9),
        ("n", 3),
        ("stop", "END"),
        ("stop", ["END", "STOP"]),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -0.5),
        ("logit_bias", {"50256": -100}),
        ("user", "user-1"),
    ],
)
def test_a_field_that_is_accepted_and_ignored(house: Tools, field: str, value: Any) -> None:
    """字段: 被忽略 (CL-R7); `n` 始终为 1."""
    reply = house.post({"model": "claude", "messages": HELLO, field: value})
    assert reply.status_code == 200 and len(reply.json()["choices"]) == 1
    told = reply.headers.get("X-Gateway-Lossy", "").split(", ")
    assert (field in told) == (field != "user"), "user is about nothing that is said"
    assert str(value) not in json.dumps(house.notes()[0]["argv"])


def test_fields_nobody_knows_and_content_in_parts(house: Tools) -> None:
    """What clinvoker's own framework refused (CL-R8)."""
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    body = {"model": "claude", "messages": [{"role": "user", "content": parts}], "extra": {"a": [1]}}
    assert house.post(body).status_code == 200
    assert house.notes()[0]["prompt"] == "one\n\ntwo"


def test_stream_is_a_switch(house: Tools) -> None:
    """字段: stream 启用流式(SSE)时为 true."""
    for stream, kind in ((True, "text/event-stream"), (False, "application/json")):
        assert house.post({**BODY, "stream": stream}).headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize("stream", [False, True])
def test_dry_run(house: Tools, stream: bool) -> None:
    """字段: dry_run 仅模拟执行,不实际运行命令 (CL-X6)."""
    body = {**BODY, "model": "codex", "dry_run": True, "stream": stream}
    reply = house.post(body)
    found = chunks(reply) if stream else [reply.json()]
    said = "".join((each["choices"][0].get("delta") or each["choices"][0].get("message", {})).get("content") or ""
                   for each in found)  # fmt: skip
    assert said.startswith("Would execute: ") and "exec --json" in said and "--sandbox=read-only" in said
    assert "Hello!" not in said and "helpful" not in said and house.notes() == []


def test_the_stream(house: Tools) -> None:
    """流式响应: the role alone, the text, an empty delta with the finish, [DONE] (CL-R12)."""
    reply = house.post({"model": "claude", "messages": HELLO, "stream": True})
    told = chunks(reply)
    assert {each["object"] for each in told} == {"chat.completion.chunk"} and len({each["id"] for each in told}) == 1
    assert {each["model"] for each in told} == {"claude"} and len({each["created"] for each in told}) == 1
    choices = [each["choices"][0] for each in told]
    assert choices[0]["delta"]["role"] == "assistant" and not choices[0]["delta"].get("content")
    assert "".join(each["delta"]["content"] for each in choices[1:-1]) == "hello there" and len(choices) > 3
    assert choices[-1]["delta"] == {} and choices[-1]["finish_reason"] == "stop"
    assert all(each["finish_reason"] is None and each["index"] == 0 for each in choices[:-1])


MAPPING = [
    ("claude", "claude"),
    ("codex", "codex"),
    ("gemini", "gemini"),
    ("my-claude-3", "claude"),
    ("gpt-4o", "codex"),
    ("gemini-2.5-pro", "gemini"),
    ("gpt-like-claude", "claude"),
    ("Gemini", "claude"),
    ("whatever", "claude"),
]


@pytest.mark.parametrize("path", ["/openai/v1/chat/completions", "/anthropic/v1/messages"])
@pytest.mark.parametrize(("model", "tool"), MAPPING)
def test_the_model_mapping(house: Tools, model: str, tool: str, path: str) -> None:
    """模型映射: every row (CL-R9), for Anthropic's clients too (CL-R10); none of these is a model's name (CL-P3)."""
    reply = house.post({**BODY, "model": model}, path)
    assert reply.status_code == 200 and reply.json()["model"] == model, reply.text
    (note,) = house.notes()
    argv = note["argv"]
    ran = "codex" if argv[0] == "exec" else "gemini" if argv[0].startswith("--output-format=") else "claude"
    assert ran == tool and not [each for each in argv if each.startswith("--model")]


def test_the_system_text_reaches_every_tool(house: Tools) -> None:
    """clinvoker told it to claude only (CL-P2)."""
    for tool in ("claude", "codex", "gemini"):
        assert house.post({**BODY, "model": tool}).status_code == 200
    for note in house.notes():
        assert json.dumps([note["prompt"], note["system"]]).count("You are a helpful assistant.") == 1


def test_the_python_example(house: Tools) -> None:
    """客户端示例: Python(openai 包)."""
    assert printed(house, PYTHON) == "hello there\n"
    assert house.notes()[0]["system"] == ["You are a helpful coding assistant."]


def test_the_curl_example(house: Tools) -> None:
    """客户端示例: cURL."""
    command = CURL.replace(ADDRESS, house.gateway.url)
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=20, check=True)
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "hello there"


def test_the_streaming_example(house: Tools) -> None:
    """流式示例(Python)."""
    assert printed(house, PYTHON_STREAM) == "hello there" and house.notes()[0]["prompt"] == "Tell me a story"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/openai/v1/completions", {"prompt": "Hello!"}, 200),
        ("/openai/v1/embeddings", {"input": "Hello!"}, 404),
        ("/openai/v1/images/generations", {"prompt": "Hello!"}, 404),
        ("/openai/v1/audio/speech", {"input": "Hello!"}, 404),
    ],
)
def test_the_differences_from_openai(house: Tools, path: str, body: dict[str, str], status: int) -> None:
    """与 OpenAI API 的差异: what is not offered is told in OpenAI's words; completions work here (CL-R18)."""
    reply = house.post({"model": "claude", **body}, path)
    assert reply.status_code == status, reply.text
    if status == 200:
        assert reply.json()["choices"][0]["text"] == "hello there"
    else:
        assert reply.headers["Content-Type"] == "application/problem+json" and reply.json()["error"]["message"]


def test_nothing_is_remembered(house: Tools) -> None:
    """与 OpenAI API 的差异: 会话 无状态 (CL-R18)."""
    house.post({"model": "claude", "messages": [{"role": "user", "content": "the word is xylophone"}]})
    house.post({"model": "claude", "messages": HELLO})
    assert "xylophone" not in json.dumps(house.notes()[1])


def test_the_configuration(tmp_path: Path) -> None:
    """配置: the server's keys by their names there (CL-R19)."""
    file = tmp_path / "dragoman.toml"
    file.write_text(
        '[server]\nhost = "127.0.0.1"\nport = 8080\n'
        "request_timeout_secs = 300\nread_timeout_secs = 30\nwrite_timeout_secs = 300\n"
        '[[upstreams]]\nname = "c"\nkind = "cli"\ntool = "claude"\nrequest_timeout_secs = 120\n'
    )
    config = load(file, environ={"DRAGOMAN_DATA": str(tmp_path)})
    assert config.server.address == "127.0.0.1:8080" and config.server.body_timeout_s == 30
    assert config.server.request_timeout_s == 300 and config.upstreams[0].timeout_s == 120


def test_the_error_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """错误响应: the problem document shown there (CL-R13, CL-Z6)."""
    with tools(tmp_path, monkeypatch) as house:
        reply = house.post({"model": "unknown", "messages": HELLO})
        document = reply.json()
        assert reply.status_code == document["status"] == 400
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert document["type"] == "https://api.clinvk.dev/errors/backend-not-found"
        assert document["title"] == "Backend Not Found" and "'unknown'" in document["detail"]
        assert document["error"]["code"] == "backend_not_found"
        assert house.post({"model": "unknown", "messages": HELLO}, "/v1/chat/completions").status_code == 404


def test_the_anthropic_side(house: Tools) -> None:
    """下一步: Anthropic 兼容, by its SDK (CL-R3)."""
    client = Anthropic(base_url=house.gateway.url + "/anthropic", api_key="x", max_retries=0)
    asked: dict[str, Any] = {"model": "claude", "max_tokens": 9, "system": "S", "messages": HELLO}
    with client.messages.stream(**asked) as stream:
        assert "".join(stream.text_stream) == "hello there"
    assert client.messages.create(**asked).content[0].to_dict()["text"] == "hello there"
    assert [note["system"] for note in house.notes()] == [["S"], ["S"]]


def test_the_order_of_an_anthropic_stream(house: Tools) -> None:
    """One block after the other, the usage in message_delta (CL-R16, CL-R17)."""
    body = {"model": "claude", "max_tokens": 9, "messages": HELLO, "stream": True}
    text = house.post(body, "/anthropic/v1/messages").text
    events = [line.removeprefix("event: ") for line in text.split("\n") if line.startswith("event: ")]
    assert events[:2] == ["message_start", "content_block_start"]
    assert events[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(events[2:-3]) == {"content_block_delta"}
    delta = json.loads(text.split("event: message_delta\ndata: ")[1].split("\n")[0])
    assert delta["usage"]["output_tokens"] == 3 and delta["usage"]["input_tokens"] == 5
