"""Commit points, keep-alives and limits of a streamed answer."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, ClassVar

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Error, Script, json_body, text
from tests.scripted.upstream import ScriptedUpstream

NATIVE = {"chat": "chat", "messages": "anthropic", "gemini": "gemini", "responses": "responses"}
PROTOCOLS = pytest.mark.parametrize("protocol", NATIVE)
MODES = pytest.mark.parametrize("native", [True, False], ids=["passthrough", "translated"])
WORDS = "one two three four"
KEEPALIVE = {"chat": b"\n: ", "responses": b"\n: ", "messages": b"event: ping", "gemini": b"\n"}


def dialect_of(protocol: str, native: bool) -> str:
    return NATIVE[protocol] if native else "gemini" if protocol != "gemini" else "chat"


@MODES
@PROTOCOLS
def test_the_first_event_is_not_held_back(protocol: str, native: bool) -> None:
    gate = threading.Event()
    with ScriptedUpstream() as up:
        up.play(text(WORDS, gate=gate))
        with InProcess(config_for(Provider(up, dialect_of(protocol, native)))) as gateway:
            opened = gateway.open(protocol, stream=True)
            got = b""
            for chunk in opened.chunks():
                got += chunk
                if b"one" in got:
                    break
            assert b"one" in got
            assert b"two" not in got
            assert up.requests[0].done_at is None
            gate.set()
            assert b"four" in got + opened.reply().body


@MODES
@PROTOCOLS
def test_keepalives_before_the_first_word(protocol: str, native: bool) -> None:
    """They go out early, without the account; the answer follows in the same stream."""
    with ScriptedUpstream() as up:
        up.play(text(WORDS, first_delay=0.25))
        config = config_for(Provider(up, dialect_of(protocol, native)), server={"keepalive_s": 0.05})
        with InProcess(config) as gateway:
            reply = gateway.ask(protocol, stream=True)
        assert reply.body.startswith(KEEPALIVE[protocol].lstrip()[:2])
        assert reply.body.count(KEEPALIVE[protocol].lstrip() or KEEPALIVE[protocol]) >= 2
        assert "x-account-email" not in reply.headers
        assert (reply.told.text, reply.told.ended) == (WORDS, True)


@MODES
@PROTOCOLS
def test_keepalives_in_the_middle(protocol: str, native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(text(WORDS, stall_after=2, stall=0.25))
        config = config_for(Provider(up, dialect_of(protocol, native)), server={"keepalive_s": 0.05})
        with InProcess(config) as gateway:
            reply = gateway.ask(protocol, stream=True)
        tail = reply.body.partition(b"two")[2]
        assert reply.headers["x-account-email"] == "key-1"
        assert KEEPALIVE[protocol] in tail.partition(b"three")[0]
        assert (reply.told.text, reply.told.ended) == (WORDS, True)


@pytest.mark.parametrize("native", [True, False])
def test_keepalives_of_a_json_array_are_whitespace(native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(text(WORDS, first_delay=0.2, stall_after=1, stall=0.2))
        config = config_for(Provider(up, "gemini" if native else "chat"), server={"keepalive_s": 0.05})
        with InProcess(config) as gateway:
            body = json.dumps({"contents": [{"parts": [{"text": "x"}]}]}).encode()
            reply = gateway.post("/v1beta/models/m:streamGenerateContent", body, protocol="gemini").reply()
        assert reply.headers["content-type"].startswith("application/json")
        assert reply.body[:1].isspace()
        parts = [part["text"] for item in reply.json for part in item["candidates"][0]["content"].get("parts", [])]
        assert "".join(parts) == WORDS


@PROTOCOLS
def test_after_early_headers_a_failure_is_an_event(protocol: str) -> None:
    with ScriptedUpstream() as up:
        up.play(Script(first_delay=0.2, error_after=0, error_event=Error(503, "overloaded"), answer=Answer(("x",))))
        config = config_for(Provider(up, NATIVE[protocol]), server={"keepalive_s": 0.05}, routing={"max_attempts": 1})
        with InProcess(config) as gateway:
            reply = gateway.ask(protocol, stream=True)
            assert gateway.alive()
        assert reply.status == 200
        assert reply.told.error is not None
        assert not reply.told.ended
        assert b"[DONE]" not in reply.body


def test_after_early_headers_another_account_still_answers() -> None:
    with ScriptedUpstream() as up:
        up.play(Script(first_delay=0.2, cut_after=0), key="a")
        up.play(text(WORDS), key="b")
        config = config_for(Provider(up, "anthropic", keys=("a", "b")), server={"keepalive_s": 0.05})
        with InProcess(config) as gateway:
            for protocol in ("messages", "chat"):
                reply = gateway.ask(protocol, stream=True)
                assert (reply.told.text, reply.told.ended) == (WORDS, True)


class TestThinking:
    THOUGHT = Answer(("done",), thinking=("hm ", "let ", "me ", "see ") * 3)

    @pytest.mark.parametrize("protocol", ["chat", "messages", "gemini"])
    def test_flows_live_once_it_was_held_long_enough(self, protocol: str) -> None:
        """Also while thinking comes without a pause, which leaves no moment of silence."""
        with ScriptedUpstream() as up:
            up.play(Script(answer=self.THOUGHT, pace=0.04))
            config = config_for(Provider(up, "anthropic"), server={"hold_thinking_s": 0.1})
            with InProcess(config) as gateway:
                opened = gateway.open(protocol, stream=True)
                first = next(opened.chunks())
                assert b"hm" in first
                assert len(up.requests[0].sent) < 10, "the thinking was held to its end"
                reply = opened.reply()
        assert b"done" in reply.body

    def test_a_failure_while_it_is_held_is_invisible(self) -> None:
        with ScriptedUpstream() as up:
            up.play(Script(answer=self.THOUGHT, cut_after=3), key="a")
            up.play(Script(answer=Answer(("fine",), thinking=("other",))), key="b")
            with InProcess(config_for(Provider(up, "anthropic", keys=("a", "b")))) as gateway:
                for protocol in ("messages", "chat"):
                    told = gateway.ask(protocol, stream=True).told
                    assert (told.thinking, told.text, told.ended) == ("other", "fine", True)

    def test_hidden_thinking_never_commits(self) -> None:
        """/v1/completions has no place for thinking: a failure after the hold is still invisible."""
        with ScriptedUpstream() as up:
            up.play(Script(answer=self.THOUGHT, cut_after=10, pace=0.02), key="a")
            up.play(text("fine"), key="b")
            provider = Provider(up, "anthropic", keys=("a", "b"))
            config = config_for(provider, server={"hold_thinking_s": 0.1}, routing={"rotation_count": 1})
            with InProcess(config) as gateway:
                body = json.dumps({"model": "m", "prompt": "x", "stream": True, "max_tokens": 10}).encode()
                replies = [gateway.post("/v1/completions", body).reply() for _ in range(2)]
            for reply in replies:
                assert b"fine" in reply.body
                assert b"error" not in reply.body

    HIDING: ClassVar[dict[str, dict[str, Any]]] = {
        "messages": {"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}, "max_tokens": 4096},
        "gemini": {"generationConfig": {"thinkingConfig": {"includeThoughts": False, "thinkingBudget": 1024}}},
    }

    @pytest.mark.parametrize("protocol", HIDING)
    def test_thinking_the_client_asked_to_leave_out_is_left_out_and_never_commits(self, protocol: str) -> None:
        with ScriptedUpstream() as up:
            up.play(Script(answer=self.THOUGHT, cut_after=10, pace=0.02), key="a")
            up.play(Script(answer=self.THOUGHT), key="b")
            config = config_for(
                Provider(up, "chat", keys=("a", "b")), server={"hold_thinking_s": 0.1}, routing={"rotation_count": 1}
            )
            with InProcess(config) as gateway:
                for _ in range(2):
                    told = gateway.ask(protocol, stream=True, model="gpt-oss", **self.HIDING[protocol]).told
                    assert (told.text, told.thinking, told.error) == ("done", "", None)


class TestLimits:
    @MODES
    @PROTOCOLS
    def test_no_first_content(self, protocol: str, native: bool) -> None:
        dialect = dialect_of(protocol, native)
        with ScriptedUpstream() as up:
            up.play(text(WORDS, first_content_delay=20))
            provider = Provider(up, dialect, more={"first_content_timeout_s": 0.15})
            with InProcess(config_for(provider, routing={"max_attempts": 1})) as gateway:
                reply = gateway.ask(protocol, stream=True)
                assert gateway.alive()
            assert reply.status == 504
            assert reply.seconds < 5
            assert up.wait_for(lambda: up.requests[0].left_at is not None)

    def test_pings_are_no_content(self) -> None:
        with ScriptedUpstream() as up:
            up.play(text(WORDS, split=2, first_content_delay=20))
            provider = Provider(up, "anthropic", more={"first_content_timeout_s": 0.5})
            with InProcess(config_for(provider, routing={"max_attempts": 1})) as gateway:
                assert gateway.ask("messages", stream=True).status == 504

    @MODES
    @PROTOCOLS
    def test_silence_in_the_middle(self, protocol: str, native: bool) -> None:
        with ScriptedUpstream() as up:
            up.play(text(WORDS, stall_after=2))
            provider = Provider(up, dialect_of(protocol, native), more={"idle_timeout_s": 0.15})
            with InProcess(config_for(provider)) as gateway:
                reply = gateway.ask(protocol, stream=True)
                assert gateway.alive()
            told = reply.told
            assert (told.text, told.ended) == ("one two", False)
            assert told.error is not None
            assert reply.seconds < 5
            assert up.wait_for(lambda: up.requests[0].left_at is not None)

    @pytest.mark.parametrize("stream", [True, False])
    def test_everything_together(self, stream: bool) -> None:
        with ScriptedUpstream() as up:
            up.play(text("word " * 100, pace=0.05, head_delay=0 if stream else 30))
            with InProcess(config_for(Provider(up), server={"request_timeout_s": 1})) as gateway:
                reply = gateway.ask("chat", stream=stream)
                assert gateway.alive()
            assert 0.5 < reply.seconds < 5
            error: Any = reply.told.error
            assert error is not None
            assert error["code"] == "upstream_timeout"
            assert reply.status == (200 if stream else 504)


@MODES
@PROTOCOLS
def test_a_whole_answer_to_a_streamed_request(protocol: str, native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(text(WORDS, form="whole"))
        with InProcess(config_for(Provider(up, dialect_of(protocol, native)))) as gateway:
            told = gateway.ask(protocol, stream=True).told
        assert (told.text, told.ended) == (WORDS, True)


def test_an_error_in_a_whole_answer_to_a_streamed_request_has_its_status() -> None:
    with ScriptedUpstream() as up:
        up.play(json_body({"error": {"message": "slow down", "code": 429}}))
        with InProcess(config_for(Provider(up), routing={"max_attempts": 1})) as gateway:
            reply = gateway.ask("chat", stream=True)
            assert (reply.status, gateway.gateway.pool.accounts()[0].resting.status) == (429, 429)


@MODES
def test_a_garbled_event_is_left_out(native: bool) -> None:
    """With one account there is nobody else to ask: what came is passed on, without the event SDKs would die of."""
    with ScriptedUpstream() as up:
        up.play(Script(answer=Answer(spoken("a b c d")), malformed_at=2))
        with InProcess(config_for(Provider(up, dialect_of("chat", native)))) as gateway:
            told = gateway.ask("chat", stream=True).told
        assert told.ended
        assert told.text in ("a c d", "a b d")


def test_an_event_in_small_pieces() -> None:
    with ScriptedUpstream() as up:
        up.play(text("größer 世界 🌍 fine", split=3))
        started = time.monotonic()
        for protocol, dialect in NATIVE.items():
            with InProcess(config_for(Provider(up, dialect))) as gateway:
                for asked in (protocol, "chat", "messages"):
                    told = gateway.ask(asked, stream=True).told
                    assert (told.text, told.ended) == ("größer 世界 🌍 fine", True)
        assert time.monotonic() - started < 20
