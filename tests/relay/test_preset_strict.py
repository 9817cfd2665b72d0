"""[server] strict and what an agent itself wishes: only the client's own words are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.gateways import InProcess, Provider, Reply, config_for
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

AGENTS = """
[[agents]]
id = "fussy"
model = "{model}"
temperature = 0.3
top_p = 0.5
top_k = 4
seed = 7
stop = ["a", "b", "c", "d", "e", "f"]
presence_penalty = 1.0
frequency_penalty = 1.0
max_tokens = 2000
reasoning_effort = "low"
tokens = ["agent-secret-1"]

[[models.profiles]]
match = "picky*"
drop = ["temperature", "top_p", "stop", "stop_sequences", "generationConfig.topP"]
thinking = false
"""


@pytest.fixture(scope="module", params=["chat", "responses", "anthropic", "gemini"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["picky-1", "claude-3-7-sonnet-20250219"])
def house(request: pytest.FixtureRequest, dialect: str) -> Iterator[InProcess]:
    with ScriptedUpstream() as up:
        up.play(Script())
        toml = config_for(Provider(up, dialect), server={"strict": True})
        with InProcess(toml + AGENTS.replace("{model}", request.param)) as gateway:
            yield gateway


def ask(house: InProcess, path: str, **more: object) -> Reply:
    field = "input" if path == "responses" else "messages"
    body = {"model": "x", field: [{"role": "user", "content": "hi"}], **more}
    if path == "messages":
        body.setdefault("max_tokens", 3000)
    headers = {"x-api-key": "agent-secret-1"}
    return house.post(f"/agents/fussy/v1/{path}", json.dumps(body).encode(), headers, protocol="chat").reply()


@pytest.mark.parametrize("path", ["chat/completions", "responses", "messages"])
def test_what_the_agent_wishes_refuses_no_request(house: InProcess, path: str) -> None:
    reply = ask(house, path)
    assert reply.status == 200, reply.body
    assert reply.headers["x-gateway-lossy"]


def test_what_the_client_wishes_still_does(house: InProcess, dialect: str) -> None:
    reply = ask(house, "chat/completions", logit_bias={"1": 2}, prediction={"type": "content", "content": "x"})
    told = "400" if dialect in ("anthropic", "gemini", "responses") else "200"
    assert str(reply.status) == told, reply.body
    if reply.status == 400:
        assert (
            reply.json["error"]["code"] == "lossy_translation" and "temperature" not in reply.json["error"]["message"]
        )
