"""Private addresses on every way to a provider that speaks the client's own dialect, and on those aside of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateways import InProcess, Provider, Reply, config_for
from tests.scripted.upstream import ScriptedUpstream

URL = "http://10.0.0.1/a.png"
TOKEN = "agent-secret-1"
FILE = {"fileData": {"fileUri": URL, "mimeType": "image/png"}}
GEMINI: dict[str, Any] = {"contents": [{"role": "user", "parts": [FILE]}]}
CHAT = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL}}]}]}
MESSAGES = {
    "max_tokens": 5,
    "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": URL}}]}],
}
RESPONSES = {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": URL}]}]}
MCP = {"type": "mcp", "server_label": "x", "server_url": URL}
SAID = {"max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    dialects = ("chat", "anthropic", "responses", "gemini")
    toml = config_for(*(Provider(up, each, models=(each,)) for each in dialects))
    toml += "".join(f'\n[[agents]]\nid = "{each}"\nmodel = "{each}"\ntokens = ["{TOKEN}"]\n' for each in dialects)
    with InProcess(toml) as gateway:
        yield gateway


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "an agent of chat": ("/agents/chat/v1/chat/completions", {"model": "x", **CHAT}),
    "an agent of messages": ("/agents/anthropic/v1/messages", {"model": "x", **MESSAGES}),
    "an agent of responses": ("/agents/responses/v1/responses", {"model": "x", **RESPONSES}),
    "an array of Gemini": ("/v1beta/models/gemini:streamGenerateContent", GEMINI),
    "counting for messages": ("/v1/messages/count_tokens", {"model": "anthropic", **MESSAGES}),
    "counting elsewhere": ("/v1/messages/count_tokens", {"model": "gemini", **MESSAGES}),
    "counting for Gemini": ("/v1beta/models/gemini:countTokens", GEMINI),
    "counting a request": ("/v1beta/models/gemini:countTokens", {"generateContentRequest": {"model": "x", **GEMINI}}),
    "tool servers of Responses": ("/v1/responses", {"model": "responses", "input": "x", "tools": [MCP]}),
    "tool servers of Messages": ("/v1/messages", {"model": "anthropic", **SAID, "mcp_servers": [{"url": URL}]}),
    "embeddings": ("/v1beta/models/gemini:embedContent", {"content": {"parts": [{"text": "x"}, FILE]}}),
}


def asked(house: InProcess, target: str, body: dict[str, Any], key: str = TOKEN) -> Reply:
    return house.post(target, json.dumps(body).encode(), {"x-api-key": key}).reply()


@pytest.mark.parametrize(("target", "body"), WAYS.values(), ids=WAYS)
def test_a_private_address_goes_nowhere(
    house: InProcess, up: ScriptedUpstream, target: str, body: dict[str, Any]
) -> None:
    up.requests.clear()
    reply = asked(house, target, body)
    assert reply.status == 400, reply.body
    assert not any(b"10.0.0.1" in request.raw for request in up.requests)


@pytest.mark.parametrize("way", ["an agent of chat", "an array of Gemini", "tool servers of Responses"])
def test_a_public_address_does(house: InProcess, up: ScriptedUpstream, way: str) -> None:
    target, body = WAYS[way]
    public = json.loads(json.dumps(body).replace("http://10.0.0.1", "https://pictures.example.org"))
    assert asked(house, target, public).status == 200
    assert b"pictures.example.org" in up.requests[-1].raw
