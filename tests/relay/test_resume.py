"""Cut after content: the whole text by verified resume, or the dialect's error event, never a short success."""

from __future__ import annotations

import pytest

from tests.gateways import InProcess, Provider, Reply, config_for
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Cut, Error, Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

NATIVE = {"chat": "chat", "messages": "anthropic", "gemini": "gemini", "responses": "responses"}
FOREIGN = {"chat": "anthropic", "messages": "gemini", "gemini": "chat", "responses": "chat"}
PROTOCOLS = pytest.mark.parametrize("protocol", NATIVE)
MODES = pytest.mark.parametrize("native", [True, False], ids=["passthrough", "translated"])
SIXTY = " ".join(f"wörd{number}" for number in range(60))
FORTY = "".join(spoken(SIXTY)[:40])


def ask(protocol: str, native: bool, first: Script, second: Script | None, **server: object) -> Reply:
    """A stream answered by `first` at one upstream, with `second` at another one."""
    dialect = NATIVE[protocol] if native else FOREIGN[protocol]
    with ScriptedUpstream() as up:
        up.play(first, key="k1")
        providers = [Provider(up, dialect, "one", keys=("k1",))]
        if second is not None:
            up.play(second, key="k2")
            providers.append(Provider(up, dialect, "two", keys=("k2",), more={"priority": 1}))
        with InProcess(config_for(*providers, server=server)) as gateway:
            reply = gateway.ask(protocol, stream=True)
            assert gateway.alive()
            assert len(gateway.records) == 1
            assert len(up.asked(key="k1")) == 1
    assert (reply.status, reply.cut) == (200, False)
    return reply


def assert_broken(reply: Reply, text: str) -> None:
    """The error event ends it, after all that came, and nothing looks like an end."""
    told = reply.told
    assert told.text == text
    assert told.error is not None
    assert not told.ended
    assert b"[DONE]" not in reply.body
    assert b"message_stop" not in reply.body
    assert b"response.completed" not in reply.body


@MODES
@PROTOCOLS
@pytest.mark.parametrize("cut", ["close", "reset", "end"])
def test_the_whole_text_reaches_the_client(protocol: str, native: bool, cut: Cut) -> None:
    inside = 60 if cut == "close" else 0
    reply = ask(protocol, native, text(SIXTY, cut_after=40, cut_bytes=inside, cut=cut), text(SIXTY))
    told = reply.told
    assert (told.text, told.ended, told.error) == (SIXTY, True, None)
    assert told.finish in ("stop", "end_turn", "STOP", "completed")
    if protocol == "responses":
        numbers = [line.split(b'"sequence_number":')[1].split(b",")[0].strip(b" }") for line in reply.body.split(b"\n")
                   if b'"sequence_number":' in line]  # fmt: skip
        assert [int(number) for number in numbers] == list(range(len(numbers)))


@MODES
@PROTOCOLS
def test_another_text_is_an_error(protocol: str, native: bool) -> None:
    assert_broken(ask(protocol, native, text(SIXTY, cut_after=40), text(SIXTY.replace("wörd7", "word7"))), FORTY)


@MODES
@PROTOCOLS
def test_a_shorter_text_is_an_error(protocol: str, native: bool) -> None:
    assert_broken(ask(protocol, native, text(SIXTY, cut_after=40), text("".join(spoken(SIXTY)[:39]))), FORTY)


@MODES
@PROTOCOLS
def test_nobody_else_is_an_error(protocol: str, native: bool) -> None:
    assert_broken(ask(protocol, native, text(SIXTY, cut_after=40), None), FORTY)


@MODES
@PROTOCOLS
def test_switched_off_is_an_error(protocol: str, native: bool) -> None:
    assert_broken(ask(protocol, native, text(SIXTY, cut_after=40), text(SIXTY), resume="off"), FORTY)


@MODES
@PROTOCOLS
def test_a_refusal_of_the_other_is_never_the_client_s_error(protocol: str, native: bool) -> None:
    """S14: should the request end with an assistant turn, the fallback would refuse it."""
    second = text(SIXTY, refuse_trailing_assistant=True)
    told = ask(protocol, native, text(SIXTY, cut_after=40), second).told
    assert (told.text, told.ended) == (SIXTY, True)


@MODES
@PROTOCOLS
def test_an_error_event_after_content_is_resumed_or_told(protocol: str, native: bool) -> None:
    first = text(SIXTY, error_after=40, pace=0.003, error_event=Error(429, "slow down"))
    assert ask(protocol, native, first, text(SIXTY)).told.text == SIXTY
    reply = ask(protocol, native, first, failing(503))
    assert_broken(reply, FORTY)
    assert b"slow down" in reply.body
    assert b"429" in reply.body or b"rate_limit" in reply.body


@MODES
@PROTOCOLS
def test_silence_is_resumed(protocol: str, native: bool) -> None:
    reply = ask(protocol, native, text(SIXTY, stall_after=20), text(SIXTY), idle_timeout_s=0.2)
    assert (reply.told.text, reply.told.ended) == (SIXTY, True)


@MODES
@PROTOCOLS
def test_a_garbled_event_is_resumed(protocol: str, native: bool) -> None:
    """S10: with an event that is no JSON a word may be missing."""
    reply = ask(protocol, native, text(SIXTY, malformed_at=10), text(SIXTY))
    assert (reply.told.text, reply.told.ended) == (SIXTY, True)


@MODES
@PROTOCOLS
def test_inside_tool_arguments_is_an_error(protocol: str, native: bool) -> None:
    tools = ToolUse("f", '{"a": "a long argument", "b": [1, 2, 3]}', "c1"), ToolUse("g", '{"a": 1}', "c2")
    call = Answer(("wait",), tools=tools)
    arguments_come_whole = (NATIVE if native else FOREIGN)[protocol] == "gemini"
    reply = ask(protocol, native, Script(answer=call, cut_after=2 if arguments_come_whole else 3), Script(answer=call))
    assert_broken(reply, "wait")
    if not arguments_come_whole:
        assert b"content_block_stop" not in reply.body.partition(b"tool_use")[2]
        assert b"arguments.done" not in reply.body
        assert protocol != "gemini" or reply.told.tools == []


@MODES
@PROTOCOLS
def test_after_thinking(protocol: str, native: bool) -> None:
    """The other's thinking is not shown again."""
    first = Script(answer=Answer(spoken(SIXTY), thinking=("let me", " see")), cut_after=20)
    other = Script(answer=Answer(spoken(SIXTY), thinking=("something", " else"), completion_tokens=99))
    told = ask(protocol, native, first, other).told
    assert (told.text, told.thinking, told.ended) == (SIXTY, "let me see", True)
    assert told.usage is None or told.usage[1] == 99


@MODES
@PROTOCOLS
def test_the_second_may_break_too(protocol: str, native: bool) -> None:
    """Bytes of the second have left by then: what came is told, and that it broke."""
    fifty = "".join(spoken(SIXTY)[:50])
    assert_broken(ask(protocol, native, text(SIXTY, cut_after=40), text(SIXTY, cut_after=50)), fifty)
    assert_broken(ask(protocol, native, text(SIXTY, cut_after=40), text(SIXTY, cut_after=30)), FORTY)


@MODES
@PROTOCOLS
def test_the_second_may_be_whole_or_of_another_dialect(protocol: str, native: bool) -> None:
    assert ask(protocol, native, text(SIXTY, cut_after=40), text(SIXTY, form="whole")).told.text == SIXTY
    with ScriptedUpstream() as up:
        up.play(text(SIXTY, cut_after=40), model="first")
        up.play(text(SIXTY), model="second")
        dialects = (NATIVE[protocol], FOREIGN[protocol]) if native else (FOREIGN[protocol], NATIVE[protocol])
        providers = [Provider(up, dialects[0], "one", ("first",)), Provider(up, dialects[1], "two", ("second",))]
        with InProcess(config_for(*providers, chain={"m": ["first", "second"]})) as gateway:
            told = gateway.ask(protocol, stream=True).told
    assert (told.text, told.ended) == (SIXTY, True)


@PROTOCOLS
def test_whole_answers_start_again(protocol: str) -> None:
    for dialect in NATIVE.values():
        with ScriptedUpstream() as up:
            up.play(text(SIXTY, cut_after=40), key="k1")
            up.play(text(SIXTY), key="k2")
            with InProcess(config_for(Provider(up, dialect, keys=("k1", "k2")))) as gateway:
                reply = gateway.ask(protocol)
                assert (reply.status, reply.told.text) == (200, SIXTY)
                assert len(up.asked()) == 2
