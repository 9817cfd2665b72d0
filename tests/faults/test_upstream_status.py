"""failures.md rows 30, 31, 35-42, 44, 45: keys, and what a provider's status does to the request and the account."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.faults.doors import FORMS, MODES, PROTOCOLS, assert_error, dialect_of
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.script import Script, failing, json_body, text
from tests.scripted.told import path, request
from tests.scripted.upstream import ScriptedUpstream

CANARY = "sk-canary-3f9a"


def config(up: ScriptedUpstream, protocol: str, native: bool, keys: tuple[str, ...] = ("k1",), **routing: Any) -> str:
    return config_for(Provider(up, dialect_of(protocol, native), keys=keys), routing=routing or {"max_attempts": 3})


@PROTOCOLS
@pytest.mark.parametrize("key", ["", CANARY, CANARY * 700, "' OR 1=1--", "sk-ant-api03-" + CANARY, "x y"])
def test_30_wrong_keys(protocol: str, key: str) -> None:
    with ScriptedUpstream() as up:
        auth = {"mode": "strict", "api_keys": ["sk-right-key-of-decent-length"]}
        with InProcess(config_for(Provider(up), auth=auth)) as gateway:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            reply = gateway.ask(protocol, headers=headers)
            assert_error(reply, 401, "invalid_api_key")
            assert CANARY.encode() not in reply.body
            assert CANARY not in str(gateway.records)
            for name, value in (("Authorization", "Bearer {}"), ("x-api-key", "{}"), ("x-goog-api-key", "{}")):
                sent = {name: value.format("sk-right-key-of-decent-length")}
                assert gateway.ask(protocol, headers=sent).status == 200
            assert len(gateway.records) == 4
        assert len(up.asked()) == 3


@FORMS
def test_31_key_in_the_query_of_gemini_routes(stream: bool) -> None:
    with ScriptedUpstream() as up:
        auth = {"mode": "strict", "api_keys": [CANARY + "-right-one"]}
        with InProcess(config_for(Provider(up, "gemini"), auth=auth)) as gateway:
            target = path("gemini", "m", stream)
            target += ("&" if "?" in target else "?") + f"key={CANARY}-right-one"
            raw = json.dumps(request("gemini")).encode()
            assert gateway.post(target, raw, protocol="gemini").reply().status == 200
            chat = json.dumps(request("chat")).encode()
            assert gateway.post(f"/v1/chat/completions?key={CANARY}-right-one", chat).reply().status == 401
            assert CANARY not in str(gateway.records)
        assert CANARY not in up.requests[0].path


@FORMS
@MODES
@PROTOCOLS
def test_35_another_account_at_once_after_a_long_retry_after(protocol: str, stream: bool, native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(429, retry_after="30"), key="k1")
        up.play(text("fine"), key="k2")
        with InProcess(config(up, protocol, native, ("k1", "k2"))) as gateway:
            for _ in range(5):
                reply = gateway.ask(protocol, stream=stream)
                assert (reply.told.text, reply.headers["x-account-email"]) == ("fine", "k2")
                assert reply.seconds < 1.5
        assert len(up.asked(key="k1")) == 1


@FORMS
@PROTOCOLS
def test_35_nobody_else_gets_the_429_with_its_retry_after(protocol: str, stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(429, "slow down", retry_after="30"))
        with InProcess(config(up, protocol, True)) as gateway:
            for _ in range(2):
                reply = gateway.ask(protocol, stream=stream)
                assert_error(reply, 429)
                assert 25 <= int(reply.headers["retry-after"]) <= 30
            assert gateway.alive()
        assert len(up.asked()) == 1


@PROTOCOLS
def test_35_a_short_retry_after_is_waited_for(protocol: str) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(429, retry_after="1"), text("fine"))
        with InProcess(config(up, protocol, True)) as gateway:
            reply = gateway.ask(protocol)
            assert (reply.told.text, len(up.asked())) == ("fine", 2)
            assert up.requests[1].at - up.requests[0].at >= 1.0


def test_35_not_hammered() -> None:
    with ScriptedUpstream() as up:
        up.play(failing(429, retry_after="0.2"), key="k1")
        up.play(text("fine"), key="k2")
        with InProcess(config(up, "chat", True, ("k1", "k2"), max_attempts=6)) as gateway:
            assert gateway.ask("chat").told.text == "fine"
        assert len(up.asked(key="k1")) <= 2


@FORMS
@PROTOCOLS
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_36_39_persistent(protocol: str, stream: bool, status: int) -> None:
    """At most `max_attempts` in all; the last status reaches the client (529 as 529 only in Anthropic's protocol)."""
    with ScriptedUpstream() as up:
        up.play(failing(status, "busy"))
        with InProcess(config(up, protocol, True, max_attempts=2)) as gateway:
            reply = gateway.ask(protocol, stream=stream)
            expected = 503 if status == 529 and protocol != "messages" else status
            assert reply.status == expected
            assert_error(reply, expected)
            assert gateway.alive()
            if status != 500:
                assert int(reply.headers["retry-after"]) >= 1
        assert 1 <= len(up.asked()) <= 2


def test_37_a_quota_delay_of_a_week_is_capped() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "604800s"}
    quota = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [info]}}
    with ScriptedUpstream() as up:
        up.play(json_body(quota, 429), text("back"))
        with InProcess(config(up, "gemini", True, cooldown_max_s=2, max_attempts=1)) as gateway:
            reply = gateway.ask("gemini")
            assert_error(reply, 429)
            assert int(reply.headers["retry-after"]) <= 604800
            time.sleep(2.1)
            assert gateway.ask("gemini").told.text == "back"


@FORMS
@MODES
@PROTOCOLS
def test_38_one_500(protocol: str, stream: bool, native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(500), text("fine"))
        with InProcess(config(up, protocol, native)) as gateway:
            assert gateway.ask(protocol, stream=stream).told.text == "fine"
            assert gateway.alive()
        assert len(up.asked()) == 2


CONTEXT = {
    "chat": failing(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
    "anthropic": failing(400, "prompt is too long: 210000 tokens > 200000 maximum"),
    "gemini": failing(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
    "responses": failing(400, "Your input exceeds the context window of this model.", "context_length_exceeded"),
}


@FORMS
@MODES
@PROTOCOLS
def test_40_context_length(protocol: str, stream: bool, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up:
        up.play(CONTEXT[dialect])
        with InProcess(config(up, protocol, native, ("k1", "k2"))) as gateway:
            reply = gateway.ask(protocol, stream=stream)
            error = assert_error(reply, 400)
            refusal = CONTEXT[dialect].error
            assert refusal is not None
            assert refusal.message in error["message"]
            assert protocol not in ("chat", "responses") or error["code"] == "context_length_exceeded"
            assert gateway.gateway.pool.any_usable()
        assert len(up.asked()) == 1


@FORMS
@PROTOCOLS
def test_41_content_policy(protocol: str, stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(400, "Your request was rejected by our safety system.", "content_policy_violation"), model="a")
        up.play(text("fine"), model="b")
        providers = [Provider(up, "chat", name, (name,)) for name in "ab"]
        with InProcess(config_for(*providers, chain={"m": ["a", "b"]})) as gateway:
            error = assert_error(gateway.ask(protocol, stream=stream), 400)
            assert "safety system" in error["message"]
        assert len(up.asked()) == 1


@FORMS
@MODES
@PROTOCOLS
@pytest.mark.parametrize("status", [401, 403])
def test_42_a_refused_credential_is_not_the_client_s(protocol: str, stream: bool, native: bool, status: int) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(status, f"invalid key {CANARY}"))
        with InProcess(config(up, protocol, native)) as gateway:
            reply = gateway.ask(protocol, stream=stream)
            assert_error(reply, 503 if status == 401 else 502, "upstream_auth")
            assert CANARY.encode() not in reply.body
            later = gateway.ask(protocol, stream=stream)
            assert later.status in (429, 503)
        assert len(up.asked()) == 1


@FORMS
@PROTOCOLS
def test_42_a_refused_credential_that_is_called_a_bad_request(protocol: str, stream: bool) -> None:
    """Gemini's OpenAI-compatible endpoint answers a bad key with 400, in an array."""
    told = {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}
    with ScriptedUpstream() as up:
        up.play(json_body([told], 400), key="k1")
        up.play(text("fine"), key="k2")
        with InProcess(config_for(Provider(up, "chat", keys=("k1",)))) as gateway:
            assert_error(gateway.ask(protocol, stream=stream), 503, "upstream_auth")
        with InProcess(config_for(Provider(up, "chat", keys=("k1", "k2")))) as gateway:
            assert gateway.ask(protocol, stream=stream).told.text == "fine"


@PROTOCOLS
def test_42_another_account_answers(protocol: str) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(401, "invalid x-api-key"), key="k1")
        up.play(text("fine"), key="k2")
        with InProcess(config(up, protocol, True, ("k1", "k2"))) as gateway:
            assert [gateway.ask(protocol).told.text for _ in range(4)] == ["fine"] * 4
            assert gateway.gateway.pool.accounts()[0].disabled_reason
        assert len(up.asked(key="k1")) == 1


@FORMS
@PROTOCOLS
def test_44_a_missing_model_is_the_model_s(protocol: str, stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(404, "The model 'gone' does not exist", "model_not_found"), model="gone")
        up.play(text("fine"), model="here")
        with InProcess(config(up, protocol, True)) as gateway:
            for _ in range(2):
                assert_error(gateway.ask(protocol, model="gone", stream=stream), 404)
            assert gateway.ask(protocol, model="here", stream=stream).told.text == "fine"
        assert len(up.asked(model="gone")) == 1


@FORMS
@PROTOCOLS
def test_45_a_redirect_is_not_followed(protocol: str, stream: bool) -> None:
    with ScriptedUpstream() as up, ScriptedUpstream() as other:
        up.play(Script(status=302, body=b"", headers={"Location": other.root_url}))
        with InProcess(config(up, protocol, True, max_attempts=1)) as gateway:
            assert_error(gateway.ask(protocol, stream=stream), 502)
        assert other.requests == []
