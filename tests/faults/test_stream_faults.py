"""failures.md rows 53-63: what can happen to a stream on its way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest

from tests.faults.doors import FORMS, MODES, PROTOCOLS, assert_error, dialect_of
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Error, Script, text
from tests.scripted.upstream import DIALECTS, ScriptedUpstream

WORDS = "größer als 世界 🌍 und mehr"
ONCE = {"max_attempts": 1}
BROKEN_ANSWERS: dict[str, Script] = {
    "in-text": text(WORDS, pace=0.02, cut_after=3),
    "in-a-character": text(WORDS, pace=0.02, cut_after=2, cut_bytes=-7),
    "reset": text(WORDS, pace=0.02, cut_after=3, cut="reset"),
    "properly-ended": text(WORDS, pace=0.02, cut_after=3, cut="end"),
    "error-event": text(WORDS, pace=0.02, error_after=3, error_event=Error(429, "slow down")),
    "silence": text(WORDS, pace=0.02, stall_after=3),
}


@FORMS
@MODES
@PROTOCOLS
@pytest.mark.parametrize("before", ["reset", "close"])
def test_53_gone_before_headers(protocol: str, stream: bool, native: bool, before: Literal["reset", "close"]) -> None:
    with ScriptedUpstream() as up:
        up.play(Script(before=before), text("fine"))
        with InProcess(config_for(Provider(up, dialect_of(protocol, native), keys=("k1", "k2")))) as gateway:
            assert gateway.ask(protocol, stream=stream).told.text == "fine"


@FORMS
@PROTOCOLS
def test_54_silence_before_headers(protocol: str, stream: bool) -> None:
    """One attempt an account, then 504."""
    with ScriptedUpstream() as up:
        up.play(Script(before="silence"))
        provider = Provider(up, dialect_of(protocol, True), keys=("k1", "k2"), more={"first_content_timeout_s": 0.2})
        with InProcess(config_for(provider, routing={"max_attempts": 2})) as gateway:
            reply = gateway.ask(protocol, stream=stream)
            assert_error(reply, 504, "upstream_timeout")
            assert gateway.alive()
        assert sorted(request.key for request in up.asked()) == ["k1", "k2"]
        assert reply.seconds < 5


@MODES
@PROTOCOLS
def test_55_a_late_first_word(protocol: str, native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(text(WORDS, first_content_delay=0.4), key="k1")
        up.play(text("quick"), key="k2")
        dialect = dialect_of(protocol, native)
        for limit, expected in ((5, WORDS), (0.15, "quick")):
            patient = Provider(up, dialect, "one", keys=("k1",), more={"first_content_timeout_s": limit})
            other = Provider(up, dialect, "two", keys=("k2",), more={"priority": 1})
            with InProcess(config_for(patient, other, server={"keepalive_s": 0.1})) as gateway:
                told = gateway.ask(protocol, stream=True).told
                assert (told.text, told.ended) == (expected, True)


@MODES
@PROTOCOLS
def test_56_57_60_broken_after_content(protocol: str, native: bool) -> None:
    """The error event of the protocol; nothing that looks like an end."""
    with ScriptedUpstream() as up:
        provider = Provider(up, dialect_of(protocol, native), more={"idle_timeout_s": 0.15})
        with InProcess(config_for(provider, routing=ONCE)) as gateway:
            for case, script in BROKEN_ANSWERS.items():
                gateway.revive()
                up.play(script)
                reply = gateway.ask(protocol, stream=True)
                told = reply.told
                assert (reply.status, reply.cut, told.ended) == (200, False, False), case
                assert told.finish in (None, "failed"), case
                assert told.error is not None, case
                assert told.text and WORDS.startswith(told.text), case
                if case == "error-event":
                    assert "slow down" in str(told.error)
                    assert "429" in str(told.error) or "rate_limit" in str(told.error)
            assert gateway.alive()
            assert len(gateway.records) == len(BROKEN_ANSWERS)


@MODES
@PROTOCOLS
def test_58_an_event_that_is_not_json(protocol: str, native: bool) -> None:
    """Another account gives the whole answer. Alone, what is left out is never followed by an early end: either the
    rest is there with the proper finish, or the error event."""
    with ScriptedUpstream() as up:
        dialect = dialect_of(protocol, native)
        for place in (3, 5):
            broken = text(WORDS, malformed_at=place)
            with InProcess(config_for(Provider(up, dialect, keys=("k1", "k2")))) as gateway:
                up.play(broken, text(WORDS))
                told = gateway.ask(protocol, stream=True).told
                assert (told.text, told.ended, told.error) == (WORDS, True, None)
                assert len(up.asked()) == 2
                up.requests.clear()
            with InProcess(config_for(Provider(up, dialect), routing=ONCE)) as gateway:
                up.play(broken)
                reply = gateway.ask(protocol, stream=True)
                if reply.status == 200 and native and dialect == "responses":
                    # Its last event says the whole text again.
                    assert WORDS in json.loads(reply.events[-1][1])["response"]["output"][0]["content"][0]["text"]
                elif reply.status == 200:
                    told = reply.told
                    assert told.ended != (told.error is not None)
                    lost = set(WORDS.split()) - set(told.text.split())
                    assert not told.ended or len(lost) <= 1, "only what stood in that event"
                else:
                    assert_error(reply, 502)
                assert gateway.alive()
                up.requests.clear()


ODD_CALLS: dict[str, list[dict[str, Any]]] = {
    "two in one chunk": [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"n": 1}'}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": '{"n": 2}'}},
    ],
    "the same index for both": [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"n": 1}'}},
        {"index": 0, "id": "b", "type": "function", "function": {"name": "g", "arguments": '{"n": 2}'}},
    ],
    "out of order": [
        {"index": 1, "id": "b", "type": "function", "function": {"name": "f", "arguments": '{"n": 1}'}},
        {"index": 0, "id": "a", "type": "function", "function": {"name": "g", "arguments": '{"n": 2}'}},
    ],
    "arguments as an object": [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": {"n": 1}}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": {"n": 2}}},
    ],
    "the id only at first": [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"n"'}},
        {"index": 0, "function": {"arguments": ": 1}"}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
        {"index": 1, "id": "", "function": {"arguments": '{"n": 2}'}},
    ],
}


@pytest.mark.parametrize("together", [True, False], ids=["one-chunk", "many-chunks"])
@pytest.mark.parametrize("case", ODD_CALLS)
@pytest.mark.parametrize("protocol", ["messages", "gemini", "responses"])
def test_62_odd_calls_are_two_calls_with_valid_json(protocol: str, case: str, together: bool) -> None:
    calls = ODD_CALLS[case]
    deltas = [{"tool_calls": calls}] if together else [{"tool_calls": [call]} for call in calls]
    chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
    frame = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = [b"data: " + json.dumps({**frame, "choices": [chunk]}).encode() + b"\n\n" for chunk in chunks]
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "chat"))) as gateway:
        up.play(Script(body=b"".join([*events, b"data: [DONE]\n\n"]), content_type="text/event-stream"))
        reply = gateway.ask(protocol, stream=True)
        told = reply.told
        assert told.ended and told.error is None
        assert sorted((name, json.loads(said)["n"]) for name, said in told.tools) == [("f", 1), ("g", 2)]


@pytest.mark.parametrize(("dialect", "stream"), [("chat", False), ("chat", True), ("anthropic", True)])
@pytest.mark.parametrize("finish", ["length", "tool_calls"])
@pytest.mark.parametrize("protocol", ["responses", "gemini"])
def test_62_a_call_that_was_cut_by_a_limit_is_never_whole(
    protocol: str, finish: str, dialect: str, stream: bool
) -> None:
    """Nobody may run it: Gemini's clients get no call, those of Responses an incomplete one."""
    half = Answer(tools=(ToolUse("f", '{"path": "/tm'),), finish=finish)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.play(Script(answer=half))
        reply = gateway.ask(protocol, stream=stream)
        assert reply.status == 200 and reply.told.error is None
        if protocol == "gemini":
            assert reply.told.tools == []
            assert reply.told.finish == ("MAX_TOKENS" if finish == "length" else "MALFORMED_FUNCTION_CALL")
            return
        assert b"function_call_arguments.done" not in reply.body
        told = [json.loads(data) for _, data in reply.events] if stream else []
        done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
        items = done if stream else reply.json["output"]
        assert [item["status"] for item in items if item["type"] == "function_call"] == ["incomplete"]


@MODES
@PROTOCOLS
def test_62_two_calls_of_one_name_are_both_kept(protocol: str, native: bool) -> None:
    twice = Answer(tools=(ToolUse("f", '{"n": 1}', "call_a"), ToolUse("f", '{"n": 1}', "call_b")))
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect_of(protocol, native)))) as gateway:
        up.play(Script(answer=twice))
        for stream in (False, True):
            told = gateway.ask(protocol, stream=stream).told
            assert [(name, json.loads(said)) for name, said in told.tools] == [("f", {"n": 1})] * 2


@FORMS
@MODES
@PROTOCOLS
def test_half_a_character_costs_neither_the_answer_nor_the_words(protocol: str, native: bool, stream: bool) -> None:
    """Some providers cut an emoji's surrogates apart; orjson calls such JSON broken."""
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect_of(protocol, native)))) as gateway:
        up.play(text("so \ud83d and on"))
        reply = gateway.ask(protocol, stream=stream)
        assert reply.status == 200 and len(up.asked()) == 1
        told = reply.told
        assert told.text.replace("\ud83d", "\ufffd") == "so \ufffd and on" and told.error is None


@MODES
@PROTOCOLS
def test_60_an_error_event_first_is_a_status(protocol: str, native: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(text(WORDS, error_after=0, error_event=Error(429, "slow down")), key="k1")
        up.play(text(WORDS), key="k2")
        dialect = dialect_of(protocol, native)
        with InProcess(config_for(Provider(up, dialect, keys=("k1",)), routing=ONCE)) as gateway:
            assert "slow down" in assert_error(gateway.ask(protocol, stream=True), 429)["message"]
        with InProcess(config_for(Provider(up, dialect, keys=("k1", "k2")))) as gateway:
            assert gateway.ask(protocol, stream=True).told.text == WORDS


@MODES
@PROTOCOLS
def test_59_no_end_mark(protocol: str, native: bool) -> None:
    """Finished at once, with usage, also when the connection stays open."""
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect_of(protocol, native)))) as gateway:
        up.play(text(WORDS, end_mark=False))
        reply = gateway.ask(protocol, stream=True)
        told = reply.told
        if dialect_of(protocol, native) == "responses":
            assert told.error is not None  # its end mark is its finish
        else:
            assert (told.text, told.error, told.finish is not None) == (WORDS, None, True)
        assert reply.seconds < 3
        assert gateway.alive()
        record = gateway.records[0]
        if dialect_of(protocol, native) == "responses":
            assert record.source == "counted"
        else:
            assert (record.source, record.output_tokens) == ("provider", 7)


def rewritten(kind: str, dialect: str) -> Script:
    """A healthy stream in unusual clothes."""
    events = [event.data for event in DIALECTS[dialect].events(Answer(spoken(WORDS)), "m", {})]
    whole = b"".join(events)
    match kind:
        case "crlf":
            whole = whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        case "cr":
            whole = whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r")
        case "bom":
            whole = b"\xef\xbb\xbf" + whole
        case "comments":
            whole = b"".join(b": hello\n\n" + event for event in events)
        case "events-without-data":
            whole = b"".join(b"event: ping\n\nid: 5\nretry: 10\n\n" + event for event in events)
        case _:
            pass
    return Script(body=whole, content_type="text/event-stream")


@MODES
@PROTOCOLS
def test_61_other_clothes(protocol: str, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        for kind in ("crlf", "cr", "bom", "comments", "events-without-data", "one-packet"):
            up.play(rewritten(kind, dialect))
            told = gateway.ask(protocol, stream=True).told
            assert (told.text, told.ended, told.error) == (WORDS, True, None), kind


@MODES
@PROTOCOLS
def test_61_byte_by_byte_and_ten_thousand_events(protocol: str, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.play(text(WORDS, split=1))
        assert gateway.ask(protocol, stream=True).told.text == WORDS
        many = Answer(tuple("ab" * 2500))
        up.play(replace(text("x"), answer=many, gzip=True))
        assert gateway.ask(protocol, stream=True).told.text == many.text


@MODES
@PROTOCOLS
@pytest.mark.parametrize("usage", ["end", "twice", "every", "never"])
def test_63_usage_is_told_once(protocol: str, native: bool, usage: Literal["end", "twice", "every", "never"]) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.play(Script(answer=Answer(spoken(WORDS), usage=usage)))
        more = {"stream_options": {"include_usage": True}} if protocol == "chat" else {}
        told = gateway.ask(protocol, stream=True, **more).told
        assert (told.text, told.ended) == (WORDS, True)
        assert gateway.alive()
        record = gateway.records[0]
        if usage == "never":
            assert record.source == "counted" and record.output_tokens, "an estimate, and said to be one"
        else:
            assert (record.input_tokens, record.output_tokens) == (11, 7)
            assert told.usage == (11, 7)
        if not native:
            assert told.usages <= 1 or protocol == "gemini"
