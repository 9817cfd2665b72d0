"""Clients of an agent and of the tools' address: Node's SDK as seed 002 shows it, langchain-openai, Open WebUI's calls
(more of them in tests/seeds/test_seed_001.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.clients.process import MODULES, NODE, PYTHON, Ended, run
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream
from tests.upstreams.cli.house import toml

pytestmark = pytest.mark.clients

AGENT = """
[[agents]]
id = "support"
model = "chat/real-model"
system_prompt = "You answer for the shop."
temperature = 0.3
tokens = ["agent-secret-1"]
"""
SEED_002 = """
import OpenAI from 'openai';
const client = new OpenAI({
baseURL: 'http://localhost:8080/openai/v1',
apiKey: 'not-needed'
});
const response = await client.chat.completions.create({
model: 'claude',
messages: [{ role: 'user', content: 'Hello!' }]
});
console.log(response.choices[0].message.content);
"""
"""客户端示例: TypeScript/JavaScript, as it stands there."""
NODE_SDK = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.env.BASE, apiKey: process.env.KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello!" }];
const models = [];
for await (const model of client.models.list()) models.push(model.id);
const whole = await client.chat.completions.create({ model: "claude", messages });
const legacy = process.env.LEGACY && (await client.completions.create({ model: "x", prompt: "Hello!", n: 3 }));
let text = "";
for await (const chunk of await client.chat.completions.create({ model: "claude", messages, stream: true }))
  text += chunk.choices[0]?.delta?.content ?? "";
const said = { models, whole: whole.choices[0].message.content, model: whole.model, text };
if (legacy) said.legacy = legacy.choices.map((choice) => choice.text);
console.log(JSON.stringify(said));
"""
LANGCHAIN = """
import json, os
from langchain_openai import ChatOpenAI

chat = ChatOpenAI(base_url=os.environ["BASE"], api_key=os.environ["KEY"], model="ignored", max_retries=0)
whole = chat.invoke("Hello!")
text = "".join(str(chunk.content) for chunk in chat.stream("Hello!"))
batch = [each.content for each in chat.batch(["one", "two"])]
shaped = chat.with_structured_output({"title": "Said", "type": "object", "properties": {"word": {"type": "string"}}})
print(json.dumps({
    "whole": whole.content, "model": whole.response_metadata["model_name"], "text": text, "batch": batch,
    "tokens": whole.usage_metadata["total_tokens"] > 0, "shaped": shaped.invoke("as JSON"),
}))
"""


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        up.play(Script(answer=Answer(spoken("hello there"))))
        yield up


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """With an agent, and a fake claude under /openai/v1."""
    folder = tmp_path_factory.mktemp("tool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_NOTES", str(folder / "notes"))
        config = config_for(Provider(up, "chat", models=("real-model",))) + "\n" + toml(folder)
        with InProcess(config + AGENT) as gateway:
            yield gateway


def told(ended: Ended) -> dict[str, object]:
    assert ended.code == 0, str(ended)
    found: dict[str, object] = json.loads(ended.out.splitlines()[-1])
    return found


def test_the_snippet_of_the_document(gateway: InProcess, tmp_path: Path) -> None:
    script = tmp_path / "snippet.mjs"
    script.write_text(SEED_002.replace("http://localhost:8080", gateway.url))
    (tmp_path / "node_modules").symlink_to(MODULES)
    ended = run([NODE, script], tmp_path, {})
    assert ended.code == 0 and ended.out == "hello there\n", str(ended)


def node(home: Path, base: str, key: str, **env: str) -> dict[str, object]:
    script = home / "ask.mjs"
    script.write_text(NODE_SDK)
    (home / "node_modules").symlink_to(MODULES)
    return told(run([NODE, script], home, {"BASE": base, "KEY": key, **env}))


def test_nodes_sdk_at_the_tools_address(gateway: InProcess, tmp_path: Path) -> None:
    said = node(tmp_path, gateway.url + "/openai/v1", "not-needed")
    assert {"claude", "real-model"} <= set(said.pop("models"))  # type: ignore[call-overload]
    assert said == {"whole": "hello there", "model": "claude", "text": "hello there"}


def test_nodes_sdk_at_an_agent(gateway: InProcess, up: ScriptedUpstream, tmp_path: Path) -> None:
    said = node(tmp_path, gateway.url + "/agents/support/v1", "agent-secret-1", LEGACY="1")
    assert said.pop("legacy") == ["hello there"]
    assert said == {"models": ["real-model"], "whole": "hello there", "model": "real-model", "text": "hello there"}
    assert up.asked()[-1].body["messages"][0]["content"] == "You answer for the shop."


def test_langchain_at_an_agent(gateway: InProcess, up: ScriptedUpstream, tmp_path: Path) -> None:
    """TW-14."""
    script = tmp_path / "ask.py"
    script.write_text(LANGCHAIN)
    env = {"BASE": gateway.url + "/agents/support/v1", "KEY": "agent-secret-1", "LANGSMITH_TRACING": "false"}
    up.play(Script(answer=Answer(spoken('{"word": "hello"}'))), model="real-model")
    said = told(run([PYTHON, script], tmp_path, env))
    up.play(Script(answer=Answer(spoken("hello there"))), model="real-model")
    word = '{"word": "hello"}'
    assert said == {
        "whole": word, "model": "real-model", "text": word, "batch": [word, word], "tokens": True,
        "shaped": {"word": "hello"},
    }  # fmt: skip


def test_open_webuis_first_calls(gateway: InProcess) -> None:
    """It lists the models with the key of the connection, then asks one of them by a stream, and titles by a whole."""
    base, key = gateway.url + "/agents/support/v1", {"Authorization": "Bearer agent-secret-1"}
    models = requests.get(base + "/models", headers=key, timeout=10).json()["data"]
    assert [model["id"] for model in models] == ["real-model"]
    body = {"model": models[0]["id"], "messages": [{"role": "user", "content": "hi"}]}
    streamed = requests.post(
        base + "/chat/completions", json={**body, "stream": True, "stream_options": {"include_usage": True}},
        headers=key, timeout=10,
    )  # fmt: skip
    assert streamed.text.endswith("data: [DONE]\n\n") and '"usage":{' in streamed.text
    title = requests.post(
        base + "/chat/completions", json={**body, "stream": False, "max_completion_tokens": 1000}, headers=key,
        timeout=10,
    )  # fmt: skip
    assert title.json()["choices"][0]["message"]["content"] == "hello there"
