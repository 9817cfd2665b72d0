"""The sixteen scenarios of the public Failover Bench on chat, whole and streamed, with its times scaled down.

Two models at one provider, a primary and one fallback; every healthy answer is one text of sixty words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.doors import FORMS
from tests.gateways import InProcess, Provider, Reply, config_for
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

SIXTY = " ".join(f"word{number}" for number in range(60))
HEALTHY = text(SIXTY, pace=0.002)


@contextmanager
def bench(*primary: Script, fallback: Script = HEALTHY, **server: Any) -> Iterator[tuple[ScriptedUpstream, InProcess]]:
    with ScriptedUpstream() as up:
        up.play(*primary, model="primary")
        up.play(fallback, model="fallback")
        limits = {"first_content_timeout_s": 0.6, "idle_timeout_s": 0.4, **server}
        providers = [Provider(up, "chat", name, (name,)) for name in ("primary", "fallback")]
        config = config_for(
            *providers, chain={"m": ["primary", "fallback"]}, server=limits, routing={"cooldown_max_s": 1}
        )
        with InProcess(config) as gateway:
            yield up, gateway
            up.play(HEALTHY)
            up.play(HEALTHY, model="primary")
            up.play(HEALTHY, model="fallback")
            assert gateway.ask("chat").told.text == SIXTY, "not healthy afterwards"
            assert gateway.alive()


def passed(reply: Reply) -> bool:
    return reply.status == 200 and (reply.told.text, reply.told.ended, reply.told.error) == (SIXTY, True, None)


def usage_wish(stream: bool) -> dict[str, Any]:
    return {"stream_options": {"include_usage": True}} if stream else {}


RESCUED: dict[str, tuple[tuple[Script, ...], Callable[[ScriptedUpstream], bool]]] = {
    "S02": ((failing(429),), lambda up: len(up.asked(model="primary")) <= 4),
    "S03": ((failing(500), HEALTHY), lambda up: len(up.asked()) == 2),
    "S04": ((failing(503),), lambda up: len(up.asked()) <= 6),
    "S05": ((Script(before="reset"), HEALTHY), lambda up: len(up.asked()) == 2),
    "S06": ((Script(before="silence"),), lambda up: len(up.asked(model="primary")) == 1),
    "S07": ((text(SIXTY, first_delay=20),), lambda up: len(up.asked(model="primary")) == 1),
    "S08": ((text(SIXTY, cut_after=40),), lambda up: len(up.asked()) == 2),
    "S09": ((text(SIXTY, stall_after=20),), lambda up: len(up.asked()) <= 2),
    "S10": ((text(SIXTY, malformed_at=10),), lambda up: len(up.asked()) <= 2),
    "S11": ((text(SIXTY, end_mark=False),), lambda up: len(up.asked()) == 1),
    "S16": ((failing(503),), lambda up: len(up.asked()) <= 4),
}


@FORMS
@pytest.mark.parametrize("scenario", RESCUED)
def test_the_whole_text_reaches_the_caller(scenario: str, stream: bool) -> None:
    scripts, sparing = RESCUED[scenario]
    with bench(*scripts) as (up, gateway):
        started = time.monotonic()
        reply = gateway.ask("chat", stream=stream, **usage_wish(stream))
        if scenario == "S11" and stream:
            # The provider forgot [DONE], and its bytes pass through; the answer itself is whole.
            assert (reply.told.text, reply.told.finish, reply.told.error) == (SIXTY, "stop", None)
        else:
            assert passed(reply), reply.body[-300:]
        assert sparing(up)
        assert time.monotonic() - started < 8
        assert reply.told.usage == (11, 7)


@FORMS
def test_s01_a_first_429_with_retry_after(stream: bool) -> None:
    """The bench's 2 s as 1 s: that account is not asked before, or another one answers."""
    with bench(failing(429, retry_after="1"), HEALTHY) as (up, gateway):
        assert passed(gateway.ask("chat", stream=stream))
        primary = up.asked(model="primary")
        assert len(up.asked()) == 2
        assert len(primary) == 1 or primary[1].at - primary[0].at >= 0.9


@FORMS
def test_s07_waits_for_a_late_first_word_without_a_limit(stream: bool) -> None:
    patient: dict[str, Any] = {"first_content_timeout_s": 5, "idle_timeout_s": 5, "keepalive_s": 0.2}
    with bench(text(SIXTY, first_delay=1), **patient) as (up, gateway):
        assert passed(gateway.ask("chat", stream=stream))
        assert len(up.asked()) == 1


@FORMS
def test_s12_context_length(stream: bool) -> None:
    refusal = failing(400, "This model's maximum context length is 8 tokens.", "context_length_exceeded")
    with bench(refusal) as (up, gateway):
        assert passed(gateway.ask("chat", stream=stream))
        assert [request.model for request in up.asked()] == ["primary", "fallback"]
    with bench(refusal, fallback=refusal) as (up, gateway):
        reply = gateway.ask("chat", stream=stream)
        assert (reply.status, reply.json["error"]["code"]) == (400, "context_length_exceeded")
        assert [request.model for request in up.asked()] == ["primary", "fallback"]


@FORMS
def test_s13_content_policy(stream: bool) -> None:
    with bench(failing(400, "rejected by our safety system", "content_policy_violation")) as (up, gateway):
        reply = gateway.ask("chat", stream=stream)
        assert (reply.status, reply.json["error"]["code"]) == (400, "content_policy_violation")
        assert "safety system" in reply.json["error"]["message"]
        assert [request.model for request in up.asked()] == ["primary"]


@FORMS
def test_s14_the_fallback_refuses_a_trailing_assistant(stream: bool) -> None:
    other = replace(HEALTHY, refuse_trailing_assistant=True)
    for resume in ("verified", "continue"):
        with bench(text(SIXTY, cut_after=40), fallback=other, resume=resume) as (_, gateway):
            assert passed(gateway.ask("chat", stream=stream))


def test_s15_a_primary_that_recovers() -> None:
    """503 for a while, then healthy: few attempts meanwhile, and it is used again."""
    with bench(failing(503)) as (up, gateway):
        begin = time.monotonic()
        while time.monotonic() - begin < 1.5:
            reply = gateway.ask("chat")
            assert passed(reply)
            assert reply.headers["x-mapped-model"] == "fallback"
            time.sleep(0.1)
        assert len(up.asked(model="primary")) <= 4
        up.play(HEALTHY, model="primary")
        assert up.wait_for(lambda: gateway.ask("chat").headers["x-mapped-model"] == "primary", 3)


@FORMS
def test_s16_the_fallback_is_named_and_its_usage_is_its_own(stream: bool) -> None:
    other = Script(answer=Answer(spoken(SIXTY), prompt_tokens=5, completion_tokens=60))
    with bench(failing(503), fallback=other) as (_, gateway):
        reply = gateway.ask("chat", stream=stream, **usage_wish(stream))
        assert (reply.told.model, reply.headers["x-mapped-model"]) == ("fallback", "fallback")
        assert reply.told.usage == (5, 60)
        assert gateway.alive()
        assert [(record.status, record.output_tokens) for record in gateway.records] == [(200, 60)]
