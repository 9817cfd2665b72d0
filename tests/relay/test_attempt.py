"""The request as the provider sees it, and headers both ways."""

from __future__ import annotations

import json

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer
from tests.scripted.script import Script, text
from tests.scripted.told import path
from tests.scripted.upstream import ScriptedUpstream


def test_only_the_model_is_spliced_in_pass_through() -> None:
    raw = b'{ "model" : "wished","messages":[{"role":"user","content":"\\u00fc \\"model\\": x"}], "new_field": 1.0}'
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up), chain={"wished": ["real/one"]})) as gateway:
        up.text("chat", "fine")
        assert gateway.post(path("chat"), raw).reply().status == 200
        assert up.requests[-1].raw == raw.replace(b'"model" : "wished"', b'"model":"real/one"')


def test_usage_is_asked_for_and_taken_out_again() -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up))) as gateway:
        up.text("chat", "one two")
        silent = gateway.ask("chat", stream=True)
        asked = gateway.ask("chat", stream=True, stream_options={"include_usage": True})
        refused = gateway.ask("chat", stream=True, stream_options={"include_usage": False})
        whole = gateway.ask("chat")
        sent = [request.body.get("stream_options") for request in up.requests]
        assert gateway.alive()
        used = [(record.input_tokens, record.output_tokens) for record in gateway.records]
    assert sent == [{"include_usage": True}] * 3 + [None]
    assert [reply.told.usages for reply in (silent, asked, refused)] == [0, 1, 0]
    assert all(json.loads(data)["choices"] for _, data in silent.events if data != "[DONE]")
    assert silent.told.ended and asked.told.usage == whole.told.usage == (11, 7)
    assert used == [(11, 7)] * 4


def test_usage_of_a_translated_stream_is_written_only_when_asked() -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        up.text("gemini", "one two")
        assert gateway.ask("chat", stream=True).told.usages == 0
        assert gateway.ask("chat", stream=True, stream_options={"include_usage": True}).told.usages == 1


def test_headers_go_by_allow_list_both_ways() -> None:
    sent = {
        "anthropic-beta": "new-thing", "anthropic-version": "2025-01-01", "authorization": "Bearer client-secret",
        "x-api-key": "client-secret", "cookie": "a=b", "x-forwarded-for": "1.2.3.4",
    }  # fmt: skip
    back = {"anthropic-ratelimit-requests-remaining": "5", "set-cookie": "c=d", "x-internal": "no", "Server": "x"}
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "anthropic"), auth={"mode": "off"})) as gateway:
        up.text("anthropic", "fine", headers=back)
        reply = gateway.ask("messages", headers=sent)
        seen = up.requests[-1].headers
        assert (seen["anthropic-beta"], seen["anthropic-version"]) == ("new-thing", "2025-01-01")
        assert seen["x-api-key"] == "key-1"
        assert "client-secret" not in str(seen)
        assert not {"cookie", "authorization", "x-forwarded-for"} & set(seen)
        assert reply.headers["anthropic-ratelimit-requests-remaining"] == "5"
        assert not {"set-cookie", "x-internal"} & set(reply.headers)
        gateway.ask("chat", headers=sent)
        assert up.requests[-1].headers["anthropic-version"] == "2023-06-01"
        assert "anthropic-beta" not in up.requests[-1].headers


def test_a_redirect_is_not_followed() -> None:
    with ScriptedUpstream() as up, ScriptedUpstream() as other:
        up.play(Script(status=302, body=b"", headers={"Location": f"{other.base_url}/chat/completions"}))
        for stream in (False, True):
            with InProcess(config_for(Provider(up), routing={"max_attempts": 1})) as gateway:
                reply = gateway.ask("chat", stream=stream)
            assert (reply.status, reply.json["error"]["code"]) == (502, "upstream_error")
        assert other.requests == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_upstreams_own_request_timeout_leads_to_the_next_account(stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(Script(head_delay=20.0) if not stream else Script(first_content_delay=20.0), text("other"))
        slow = Provider(up, keys=("k1", "k2"), more={"request_timeout_s": 0.5})
        with InProcess(config_for(slow)) as gateway:
            reply = gateway.ask("chat", stream=stream)
            assert reply.told.text == "other" and reply.seconds < 10 and gateway.alive()
            assert [each.status for each in gateway.record(reply).tries] == [504, 200]


def test_an_upstreams_own_request_timeout_ends_a_stream_that_drips() -> None:
    """A drip never trips the idle limit."""
    with ScriptedUpstream() as up:
        up.play(Script(answer=Answer(("word ",) * 200), pace=0.1))
        slow = Provider(up, more={"request_timeout_s": 0.6})
        with InProcess(config_for(slow, server={"resume": "off"})) as gateway:
            reply = gateway.ask("chat", stream=True)
            assert reply.told.error and reply.told.error["code"] == "upstream_timeout" and reply.seconds < 10


@pytest.mark.parametrize("protocol", ["chat", "messages"])
def test_what_the_model_refuses_is_told_as_lost_also_where_the_request_is_passed_on(protocol: str) -> None:
    drop = '\n[[models.profiles]]\nmatch = "m"\ndrop = ["temperature", "top_p"]\n'
    with ScriptedUpstream() as up:
        with InProcess(drop + config_for(Provider(up))) as gateway:
            reply = gateway.ask(protocol, temperature=0.5)
            assert reply.headers["x-gateway-lossy"] == "temperature" and "temperature" not in up.requests[-1].body
            assert "x-gateway-lossy" not in gateway.ask(protocol).headers
        with InProcess(drop + config_for(Provider(up), server={"strict": True})) as gateway:
            reply = gateway.ask(protocol, temperature=0.5)
            assert reply.status == 400 and b"temperature (the model m refuses this field)" in reply.body
            assert gateway.ask(protocol).status == 200
