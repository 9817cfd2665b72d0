"""Issue 9, shown point 4: what explain says would be sent is what the provider then receives, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import BadRequest
from gateway.relay.explained import Explanation
from gateway.web.explain import explain_request
from tests.assist_house import MODEL, house, project, write_tokens
from tests.gateways import InProcess, Provider, config_for
from tests.pictures import PNG
from tests.relay.signing import SigningGemini
from tests.scripted.assist import ScriptedAssist
from tests.scripted.script import failing
from tests.scripted.upstream import ScriptedUpstream

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
AGENT = """
[[agents]]
id = "poet"
model = "chat-model"
system_prompt = "Speak in verse."
temperature = 0.3
tokens = ["poet-token-0123456789"]
"""


def chat(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts) or "say it"}], **more}


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream) -> Iterator[InProcess]:
    config = config_for(
        Provider(up, "chat", models=("chat-model", "old-model", "o3"), keys=("c-1", "c-2", "c-3")),
        Provider(up, "gemini", models=("gemini-*",), keys=("g-1",)),
        Provider(up, "anthropic", models=("claude-*",), keys=("a-1",)),
        Provider(up, "responses", models=("responses-model",), keys=("r-1",)),
        Provider(up, "chat", "worn", models=("worn-model",), keys=("worn-1",)),
        chain={"gpt-4o": ["gemini-2.5-flash"], "chained": ["worn-model", "claude-sonnet-4-5"]},
    )
    profile = '\n[[models.profiles]]\nmatch = "old-model"\ndrop = ["temperature"]\n'
    with InProcess(AGENT + profile + config) as running:
        yield running


def explained(gateway: InProcess, body: dict[str, Any], **more: Any) -> Explanation:
    return explain_request(gateway.gateway, json.dumps(body).encode(), **more)


CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "pass-through": ("openai", chat(model="chat-model", odd={"kept": [1.0]}), "passthrough"),
    "streamed pass-through": ("openai", chat(model="chat-model", stream=True), "passthrough"),
    "chat to anthropic": ("openai", chat(model="claude-sonnet-4-5", tools=[TOOL], max_tokens=9), "translated"),
    "anthropic to responses": ("anthropic", chat(model="responses-model", max_tokens=9, top_k=3), "translated"),
    "map": ("openai", chat(model="gpt-4o", reasoning_effort="low"), "translated"),
    "profile drop": ("openai", chat(model="old-model", temperature=0.5), "passthrough"),
    "forced tool for a schema": ("openai", chat(model="claude-3-haiku-20240307", response_format=FORMAT), "translated"),
    "fallback": ("openai", chat(model="chained"), "translated"),
    "media": (
        "openai",
        chat(
            {"type": "text", "text": "what is it"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            model="gemini-2.5-flash",
        ),
        "translated",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_explained_is_what_is_sent(name: str, gateway: InProcess, up: ScriptedUpstream) -> None:
    protocol, body, mode = CASES[name]
    gateway.revive()
    if name == "fallback":
        up.play(failing(401), key="worn-1")
        gateway.ask("chat", model="worn-model")
    before = len(up.asked())
    found = explained(gateway, body, protocol=protocol)
    assert len(up.asked()) == before and found.sending is not None and found.mode == mode, found
    gateway.post(PATHS[protocol], json.dumps(body).encode()).reply()
    (sent,) = up.asked()[before:]
    assert found.sending.raw == sent.raw
    assert found.sending.body == sent.body and found.sending.url.endswith(sent.path)
    assert found.account == sent.key and "[redacted]" in found.sending.headers.values()
    assert {name.lower() for name in found.sending.headers} <= sent.headers.keys()


def test_an_agents_preset_is_in_the_body(gateway: InProcess, up: ScriptedUpstream) -> None:
    body = chat(model="ignored")
    found = explained(gateway, body, agent="poet")
    headers = {"Authorization": "Bearer poet-token-0123456789"}
    gateway.post("/agents/poet/v1/chat/completions", json.dumps(body).encode(), headers).reply()
    sent = up.asked()[-1]
    assert found.sending is not None and found.sending.raw == sent.raw
    assert sent.body["messages"][0] == {"role": "system", "content": "Speak in verse."}


def test_signatures_that_are_remembered_are_put_back() -> None:
    with SigningGemini(1) as up, InProcess(config_for(Provider(up, "gemini", models=("gemini-*",)))) as gateway:
        body = chat(model="gemini-3-pro", tools=[TOOL])
        message = gateway.post(PATHS["openai"], json.dumps(body).encode()).reply().json["choices"][0]["message"]
        for call in message["tool_calls"]:
            call.pop("extra_content", None)
        results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in message["tool_calls"]]
        body["messages"] += [message, *results]
        found = explained(gateway, body)
        gateway.post(PATHS["openai"], json.dumps(body).encode()).reply()
        sent = up.asked()[-1]
    assert found.sending is not None and found.sending.raw == sent.raw
    assert up.signatures[0].encode() in sent.raw and not up.complaints


def test_the_code_assist_envelope(tmp_path: Path) -> None:
    """Equal but for the ids that are new with every attempt; nothing is asked for it, not even a token."""
    tokens = tmp_path / "tokens.json"
    with ScriptedAssist() as up:
        write_tokens(tokens, project("r1", up.account("r1", access=True)))
        with house(up, tokens) as gateway:
            body = {"contents": [{"role": "user", "parts": [{"text": "say it"}]}], "labels": {"a": "b"}}
            found = explained(gateway, body, model=MODEL, stream=True)
            assert not up.asked("streamGenerateContent") and found.sending is not None and found.mode == "wrapped"
            raw = json.dumps(body).encode()
            gateway.post(f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse", raw, protocol="gemini").reply()
            sent = up.asked("streamGenerateContent")[0].body
    for name in ("requestId", "user_prompt_id"):
        assert found.sending.body.pop(name) != sent.pop(name)
    assert found.sending.body == sent and found.account == "r1@example.com" and found.notes


def test_explaining_uses_no_turn_and_leaves_no_trace(gateway: InProcess) -> None:
    gateway.revive()
    accounts = gateway.gateway.pool.accounts()
    before = [(each.uses, each.in_use, each.unsaved_uses) for each in accounts]
    body, noted = chat(model="chat-model"), len(gateway.records)
    told = {explained(gateway, body).account for _ in range(7)}
    assert len(told) == 1 and len(gateway.records) == noted
    assert [(each.uses, each.in_use, each.unsaved_uses) for each in accounts] == before
    assert gateway.ask("chat", model="chat-model").headers["x-account-email"] in told


def test_a_conversation_is_explained_at_the_account_it_belongs_to(gateway: InProcess) -> None:
    gateway.revive()
    body = chat(model="chat-model", prompt_cache_key="a session of its own")
    assert explained(gateway, body).affinity == "new"
    at = gateway.post(PATHS["openai"], json.dumps(body).encode()).reply().headers["x-account-email"]
    for _ in range(4):
        gateway.ask("chat", model="chat-model")
    found = explained(gateway, body)
    assert (found.account, found.affinity) == (at, "kept")
    assert explained(gateway, body, headers={"authorization": "Bearer another-client"}).affinity == "new"
    (own,) = (each for each in gateway.gateway.pool.accounts() if each.label == at)
    own.disabled_reason = "scripted"
    moved = explained(gateway, body)
    assert moved.account not in ("", at) and moved.affinity == "moved"
    own.disabled_reason = None
    gateway.revive()
    assert explained(gateway, body).affinity == "kept"


def test_candidates_are_refused_with_reasons(gateway: InProcess, up: ScriptedUpstream) -> None:
    gateway.revive()
    up.play(failing(429, retry_after="300"), key="c-1")
    up.play(failing(401), key="c-2")
    while len([each for each in gateway.gateway.pool.accounts() if each.resting or each.disabled_reason]) < 2:
        gateway.ask("chat", model="chat-model")
    found = explained(gateway, chat(model="chat-model"))
    why = {each.account: each.why for each in found.refused if each.upstream == "chat"}
    assert why["c-1"].startswith("resting for") and why["c-2"].startswith("disabled: 401") and "c-3" not in why
    assert found.tiers[0][0].accounts == [found.account] == ["c-3"]
    others = {each.upstream: each.why for each in found.refused if each.upstream != "chat"}
    assert others.keys() == {"gemini", "anthropic", "responses", "worn"}
    assert others["gemini"] == "'chat-model' is none of its models (gemini-*)"
    gateway.revive()


def test_when_nobody_is_usable_it_says_when(gateway: InProcess, up: ScriptedUpstream) -> None:
    gateway.revive()
    up.play(failing(429, retry_after="200"), key="a-1")
    gateway.ask("chat", model="claude-sonnet-4-5")
    found = explained(gateway, chat(model="claude-sonnet-4-5"))
    assert found.account == "" and "back in" in found.why and found.sending is not None
    gateway.revive()


def test_losses_are_told_and_what_nobody_serves(gateway: InProcess) -> None:
    found = explained(gateway, chat(model="claude-sonnet-4-5", seed=7)).document()
    assert [loss["path"] for loss in found["losses"]] == ["seed"] and "raw" not in found["sending"]
    assert "a-1" not in json.dumps(found["sending"])
    nobody = explained(gateway, chat(model="mystery"))
    assert not nobody.served and "mystery" in nobody.why and nobody.sending is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"messages": 3, "model": "chat-model"}', b'{"messages": []}'])
def test_what_would_be_refused_is_refused(raw: bytes, gateway: InProcess) -> None:
    with pytest.raises(BadRequest):
        explain_request(gateway.gateway, raw)


def test_strict_mode_says_what_the_client_would_be_told(up: ScriptedUpstream) -> None:
    with InProcess(config_for(Provider(up, "anthropic", models=("claude-*",)), server={"strict": True})) as strict:
        found = explained(strict, chat(model="claude-sonnet-4-5", seed=7))
    assert found.sending is None and found.error.startswith("400: strict mode") and found.losses


def test_a_dry_run_notes_no_attempt(gateway: InProcess, up: ScriptedUpstream) -> None:
    before = len(up.asked())
    reply = gateway.post(PATHS["openai"], json.dumps(chat(model="gpt-4o", dry_run=True, seed=3)).encode()).reply()
    assert reply.status == 200 and len(up.asked()) == before
    assert "gemini -> gemini-2.5-flash (translated)" in reply.told.text and "g-1" not in reply.told.text
    assert gateway.records[-1].attempts == [] and gateway.records[-1].account == ""


@pytest.mark.parametrize("value", [False, None])
def test_no_dry_run_is_a_request_like_any_other(up: ScriptedUpstream, value: Any) -> None:
    """It is the gateway's own word: OpenAI would refuse it, and nothing is lost without it."""
    providers = Provider(up, "chat", models=("c",)), Provider(up, "anthropic", models=("a",))
    with InProcess(config_for(*providers)) as gateway:
        for model in ("c", "a"):
            reply = gateway.post(PATHS["openai"], json.dumps(chat(model=model, dry_run=value)).encode()).reply()
            assert reply.status == 200 and "x-gateway-lossy" not in reply.headers
            assert b"dry_run" not in up.asked()[-1].raw


@pytest.mark.parametrize("value", ["true", 1, {}])
def test_an_unclear_dry_run_is_no_call(gateway: InProcess, up: ScriptedUpstream, value: Any) -> None:
    before = len(up.asked())
    assert gateway.post(PATHS["openai"], json.dumps(chat(model="gpt-4o", dry_run=value)).encode()).reply().status == 400
    embed = json.dumps({"model": "chat-model", "input": "x", "dry_run": True}).encode()
    assert gateway.post("/v1/embeddings", embed).reply().status == 400
    assert len(up.asked()) == before


def test_a_provider_that_is_not_there_is_not_waited_for(gateway: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = gateway.gateway.upstreams["responses"]
    monkeypatch.setattr(type(upstream), "available", lambda self: "it is still loading")
    monkeypatch.setattr(type(upstream), "bases", lambda self: pytest.fail("the embedded model waits here"))
    found = explained(gateway, chat(model="responses-model"))
    assert found.sending is not None and found.sending.url == ""
    assert [each.why for each in found.refused if each.upstream == "responses"] == ["it is still loading"]
