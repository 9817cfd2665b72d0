"""Passed through and translated agree; what headers tell; failing over before the first word."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script, failing, text
from tests.scripted.told import Told
from tests.scripted.upstream import ScriptedUpstream

NATIVE = {"chat": "chat", "messages": "anthropic", "gemini": "gemini", "responses": "responses"}
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
PROTOCOLS = pytest.mark.parametrize("protocol", NATIVE)

CASES = {
    "text": Answer(("Grüße", ", 世界 ", "🌍", "\n")),
    "length": Answer(("cut", " off"), finish="length"),
    "thinking": Answer(("so",), thinking=("first", " second")),
    "tool": Answer((), tools=(ToolUse("look_up", '{"q": "a b", "n": 3}', "call_7"),)),
    "text-then-tools": Answer(("wait",), tools=(ToolUse("a", '{"x": 1}', "c1"), ToolUse("b", "{}", "c2"))),
}


def comparable(told: Told) -> tuple[object, ...]:
    return (
        told.text, told.thinking, [(name, "".join(arguments.split())) for name, arguments in told.tools],
        told.finish, told.ended, told.error, told.usage,
    )  # fmt: skip


@BOTH
@PROTOCOLS
@pytest.mark.parametrize("case", CASES)
def test_passed_through_and_translated_agree(protocol: str, stream: bool, case: str) -> None:
    """The native upstream passes through; all others are translated and must say the same."""
    answer = CASES[case]
    told: dict[str, tuple[object, ...]] = {}
    with ScriptedUpstream() as up:
        up.play(Script(answer=answer))
        providers = [Provider(up, dialect, models=(dialect,)) for dialect in NATIVE.values()]
        more = {"stream_options": {"include_usage": True}} if protocol == "chat" and stream else {}
        with InProcess(config_for(*providers)) as gateway:
            for dialect in NATIVE.values():
                reply = gateway.ask(protocol, model=dialect, stream=stream, **more)
                assert reply.status == 200, reply.body
                mode = "passthrough" if dialect == NATIVE[protocol] else "translated"
                assert reply.headers["x-gateway-mode"] == mode
                assert reply.headers["x-mapped-model"] == dialect
                assert reply.headers["x-account-email"] == "key-1"
                told[dialect] = comparable(reply.told)
            assert gateway.alive()
    native = told.pop(NATIVE[protocol])
    assert native[0] == answer.text
    for dialect, other in told.items():
        assert other == native, dialect


@BOTH
@PROTOCOLS
def test_another_account_answers_before_the_client_notices(protocol: str, stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(500), key="bad")
        up.play(text("whole answer"), key="good")
        provider = Provider(up, NATIVE[protocol], keys=("bad", "good"))
        with InProcess(config_for(provider)) as gateway:
            replies = [gateway.ask(protocol, stream=stream) for _ in range(2)]
        assert [reply.told.text for reply in replies] == ["whole answer"] * 2
        assert {reply.headers["x-account-email"] for reply in replies} == {"good"}
        assert len(up.asked(key="bad")) >= 1


def test_a_fallback_of_another_model_is_named() -> None:
    with ScriptedUpstream() as up:
        up.play(failing(503), model="first")
        up.play(text("from the second"), model="second")
        providers = Provider(up, "anthropic", "a", ("first",)), Provider(up, "anthropic", "b", ("second",))
        with InProcess(config_for(*providers, chain={"wished": ["first", "second"]})) as gateway:
            for stream in (False, True):
                reply = gateway.ask("chat", model="wished", stream=stream)
                assert (reply.headers["x-mapped-model"], reply.told.model) == ("second", "second")
                reply = gateway.ask("messages", model="wished", stream=stream)
                assert (reply.headers["x-mapped-model"], reply.told.model) == ("second", "second")
            up.play(text("from the first"), model="first")
            gateway.gateway.pool.accounts()[0].recover()
            reply = gateway.ask("chat", model="wished")
            assert (reply.headers["x-mapped-model"], reply.told.model) == ("first", "wished")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("keys", [("one",), ("one", "two")])
@pytest.mark.parametrize(("status", "code"), [(404, "model_not_found"), (400, "context_length_exceeded")])
def test_a_chain_goes_on_at_the_account_that_lacks_the_first_model(
    status: int, code: str, keys: tuple[str, ...], stream: bool
) -> None:
    """What is wrong with a model is not wrong with the account; a prompt too long for a model is asked of it once."""
    with ScriptedUpstream() as up:
        up.play(failing(status, code=code), model="first")
        up.play(text("from the second"), model="second")
        config = config_for(Provider(up, "chat", keys=keys), chain={"wished": ["first", "second"]})
        with InProcess(config) as gateway:
            reply = gateway.ask("chat", model="wished", stream=stream)
            assert (reply.status, reply.headers["x-mapped-model"], reply.told.text) == (
                200,
                "second",
                "from the second",
            )
        assert len(up.asked(model="first")) == (1 if status == 400 else len(keys))


def test_headers_of_an_attempt_that_failed_are_forgotten() -> None:
    with ScriptedUpstream() as up:
        up.play(Script(answer=Answer(), headers={"x-request-id": "theirs"}), model="first")
        up.play(text("fine"), model="second")
        providers = Provider(up, "chat", "a", ("first",)), Provider(up, "anthropic", "b", ("second",))
        with InProcess(config_for(*providers, chain={"m": ["first", "second"]})) as gateway:
            reply = gateway.ask("chat", stream=True, headers={"X-Request-Id": "mine"})
        assert (reply.told.text, reply.headers["x-gateway-mode"]) == ("fine", "translated")
        assert reply.headers["x-request-id"] == "mine"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("protocol", ["messages", "chat"])
def test_what_an_attempt_that_failed_counted_is_forgotten(protocol: str, stream: bool) -> None:
    """An empty answer with a count of tokens is not charged, neither alone nor as that of the account that answers."""
    empty = Script(answer=Answer(completion_tokens=60))
    for models in (["first"], ["first", "second"]):
        with ScriptedUpstream() as up:
            up.play(empty, model="first")
            up.play(Script(answer=Answer(("fine",), usage="never")), model="second")
            providers = Provider(up, "anthropic", "a", ("first",)), Provider(up, "chat", "b", ("second",))
            with InProcess(config_for(*providers, chain={"m": models})) as gateway:
                reply = gateway.ask(protocol, stream=stream)
                assert up.wait_for(lambda: bool(gateway.records))
            (record,) = gateway.records
            if len(models) == 1:
                assert (reply.status, record.input_tokens, record.output_tokens) == (502, None, None)
            else:
                assert (reply.told.text, record.source) == ("fine", "counted")


@pytest.mark.parametrize("stream", [False, True])
def test_strict_refuses_what_cannot_be_carried(stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(text("fine"))
        for strict in (False, True):
            with InProcess(config_for(Provider(up, "anthropic"), server={"strict": strict})) as gateway:
                reply = gateway.ask("chat", stream=stream, seed=7, logit_bias={"1": 2})
                if strict:
                    assert (reply.status, reply.json["error"]["code"]) == (400, "lossy_translation")
                    assert gateway.alive()
                else:
                    assert reply.status == 200
                    assert "seed" in reply.headers["x-gateway-lossy"]
        assert len(up.asked()) == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("dialect", "protocol"), [("chat", "chat"), ("anthropic", "messages"), ("anthropic", "chat")])
def test_the_request_id_is_ours_and_the_providers_is_in_the_record(dialect: str, protocol: str, stream: bool) -> None:
    name = "request-id" if dialect == "anthropic" else "x-request-id"
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.play(text("fine", headers={name: "theirs"}))
        reply = gateway.ask(protocol, stream=stream, headers={"X-Request-Id": "mine"})
        assert reply.headers["x-request-id"] == "mine"
        assert reply.headers.get("request-id") == ("theirs" if protocol == "messages" else None)
        assert up.wait_for(lambda: bool(gateway.records))
        (record,) = gateway.records
        assert (record.id, record.provider_request_id) == ("mine", "theirs")


def test_the_gateways_own_share_of_the_time() -> None:
    """What the provider takes, before the head and between events, is none of it; nor is a pause between attempts."""
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up))) as gateway:
        up.play(failing(503), text("a b c", head_delay=0.2, pace=0.1))
        assert gateway.ask("chat", stream=True).status == 200
        assert up.wait_for(lambda: bool(gateway.records))
        (record,) = gateway.records
        assert record.waited_s is not None and record.waited_s >= 0.7
        assert 0 < record.seconds - record.waited_s < 0.2


def test_a_pool_that_lacks_the_model_for_a_while_says_for_how_long() -> None:
    with ScriptedUpstream() as up:
        up.play(failing(404))
        with InProcess(config_for(Provider(up))) as gateway:
            replies = [gateway.ask("chat") for _ in range(2)]
            assert [reply.status for reply in replies] == [404, 404]
            assert 1 <= int(replies[1].headers["retry-after"]) <= 300


@BOTH
def test_a_proxy_that_cannot_be_used_is_the_fault_of_one_provider(
    stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PySocks is an extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with ScriptedUpstream() as up:
        up.play(text("fine"))
        barred = Provider(up, "chat", "a", ("first",), more={"proxy": "socks5://h:1"})
        other = Provider(up, "chat", "b", ("second",))
        with InProcess(config_for(barred, other, chain={"m": ["first", "second"]})) as gateway:
            assert gateway.ask("chat", stream=stream).told.text == "fine"
            alone = gateway.ask("chat", model="first", stream=stream)
            assert alone.status == 502 and "requests[socks]" in alone.json["error"]["message"]


def test_a_request_waits_a_moment_for_a_place() -> None:
    """`max_concurrency` = 1: the second of two that come together is answered once the first is."""
    with ScriptedUpstream() as up:
        up.play(text("hello", head_delay=0.5))
        config = config_for(Provider(up)) + "max_concurrency = 1\n"
        with InProcess(config) as gateway, ThreadPoolExecutor(2) as pool:
            replies = [each.result() for each in [pool.submit(gateway.ask, "chat") for _ in range(2)]]
            assert [reply.status for reply in replies] == [200, 200]
            first, second = sorted(up.asked(), key=lambda request: request.at)
            assert first.done_at is not None and second.at >= first.done_at


def test_where_no_place_gets_free_it_is_said() -> None:
    with ScriptedUpstream() as up:
        gate = threading.Event()
        up.play(text("hello", gate=gate))
        config = config_for(Provider(up)) + "max_concurrency = 1\n"
        with InProcess(config) as gateway:
            running = gateway.open("chat", stream=True)
            try:
                assert up.wait_for(lambda: bool(up.asked()))
                refused = gateway.ask("chat")
            finally:
                gate.set()
                running.reply()
            assert refused.status == 429 and refused.headers["retry-after"] == "1"
            assert "max_concurrency" in refused.json["error"]["message"]
            assert len(up.asked()) == 1 and gateway.ask("chat").status == 200
