"""failures.md rows 46-51 (52: test_huge_bodies.py): what a provider says with a 200 that is not an answer."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.doors import FORMS, MODES, PROTOCOLS, assert_error, dialect_of
from tests.gateways import InProcess, Provider, config_for
from tests.scripted import anthropic, chat, gemini, responses
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Script, json_body, text
from tests.scripted.upstream import DIALECTS, ScriptedUpstream

HTML = b"<!doctype html><html><body><h1>Bad gateway</h1></body></html>"
NO_ANSWERS = {
    "html": Script(body=HTML, content_type="text/html"),
    "html-called-json": Script(body=HTML),
    "empty": Script(body=b""),
    "truncated": Script(body=b'{"id": "x", "choices": [{"ind'),
    "null": Script(body=b"null"),
    "list": Script(body=b"[1, 2]"),
    "text": Script(body=b"upstream says hello", content_type="text/plain"),
    "shorter-than-said": Script(body=b'{"id":', content_length=4000, first_delay=0.01, cut_after=0),
    "gzip-garbage": Script(body=b"\x1f\x8bgarbage", headers={"Content-Encoding": "gzip"}),
}


@FORMS
@MODES
@PROTOCOLS
def test_46_51_no_answer(protocol: str, stream: bool, native: bool) -> None:
    """Another account answers; without one it is a 502."""
    with ScriptedUpstream() as up:
        dialect = dialect_of(protocol, native)
        lone = Provider(up, dialect, "one", ("lone-*",))
        two = Provider(up, dialect, "two", ("two-*",), keys=("k1", "k2"))
        with InProcess(config_for(lone, two)) as gateway:
            for case, script in NO_ANSWERS.items():
                up.play(script, model=f"lone-{case}")
                up.play(script, text("fine"), model=f"two-{case}")
                assert_error(gateway.ask(protocol, model=f"lone-{case}", stream=stream), 502)
                assert gateway.ask(protocol, model=f"two-{case}", stream=stream).told.text == "fine", case
                gateway.revive()
            assert gateway.alive()


@FORMS
@MODES
@PROTOCOLS
def test_47_an_error_in_a_200(protocol: str, stream: bool, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    document = DIALECTS[dialect].error(429, "slow down please")
    if dialect != "anthropic":
        document["error"]["code"] = 429
    with ScriptedUpstream() as up:
        up.play(json_body(document))
        with InProcess(config_for(Provider(up, dialect), routing={"max_attempts": 1})) as gateway:
            error = assert_error(gateway.ask(protocol, stream=stream), 429)
            assert "slow down please" in error["message"]


def empties(dialect: str) -> list[dict[str, Any]]:
    nothing = Answer()
    match dialect:
        case "chat":
            return [{**chat.whole(nothing, "m"), "choices": []}, chat.whole(nothing, "m")]
        case "anthropic":
            return [anthropic.whole(nothing, "m")]
        case "gemini":
            return [{**gemini.whole(nothing, "m"), "candidates": []}, gemini.whole(nothing, "m")]
        case _:
            return [responses.whole(nothing, "m")]


@FORMS
@MODES
@PROTOCOLS
def test_48_empty_answers_are_tried_once_more(protocol: str, stream: bool, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    for document in empties(dialect):
        with ScriptedUpstream() as up:
            up.play(json_body(document))
            with InProcess(config_for(Provider(up, dialect), routing={"max_attempts": 5})) as gateway:
                assert_error(gateway.ask(protocol, stream=stream), 502)
            assert len(up.asked()) == 2
            up.play(Script(answer=Answer()), text("fine"))
            with InProcess(config_for(Provider(up, dialect))) as gateway:
                assert gateway.ask(protocol, stream=stream).told.text == "fine"


FILTERED = {
    "chat": ("content_filter", "stop"), "messages": ("refusal",), "gemini": ("SAFETY", "STOP"),
    "responses": ("content_filter", "completed"),
}  # fmt: skip
CUT_SHORT = {"chat": "length", "messages": "max_tokens", "gemini": "MAX_TOKENS", "responses": "max_output_tokens"}


@FORMS
@MODES
@PROTOCOLS
def test_49_filtered_and_cut_short_are_no_errors(protocol: str, stream: bool, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.play(Script(answer=Answer(finish="length")))
        told = gateway.ask(protocol, stream=stream).told
        assert (told.finish, told.text, told.error) == (CUT_SHORT[protocol], "", None)
        up.play(Script(answer=Answer(finish="content_filter")))
        told = gateway.ask(protocol, stream=stream).told
        assert (told.finish, told.error) == (FILTERED[protocol][0], None)
        assert len(up.asked()) == 2


@FORMS
@PROTOCOLS
def test_49_a_blocked_prompt(protocol: str, stream: bool) -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        body = b"data: " + json.dumps(blocked).encode() + b"\r\n\r\n" if stream else json.dumps(blocked).encode()
        up.play(Script(body=body, content_type="text/event-stream" if stream else ""))
        told = gateway.ask(protocol, stream=stream).told
        assert told.error is None
        assert told.finish in ("content_filter", "refusal", "PROHIBITED_CONTENT")
        assert len(up.asked()) == 1


DRIFTS: dict[str, list[dict[str, Any]]] = {
    "chat": [
        *({"choices": value} for value in ("x", [5], None)),
        *({"choices": [{"message": {"content": "x"}, **change}]} for change in (
            {"index": None}, {"message": {"content": {"text": "x"}}}, {"message": "x"}, {"message": None},
            {"finish_reason": 5}, {"message": {"content": [1]}}, {"message": {"tool_calls": [5]}},
        )),
    ],
    "anthropic": [
        *({"content": value} for value in ("x", {"text": "x"}, [5], [{"type": "text", "text": 5}])),
        {"stop_reason": 5}, {"content": [{"type": "tool_use", "input": "x"}]},
    ],
    "gemini": [
        *({"candidates": value} for value in ("x", [5])),
        *({"candidates": [{"finishReason": "STOP", **change}]} for change in (
            {"content": "x"}, {"content": {"parts": "x"}}, {"content": {"parts": [5]}}, {"content": None},
            {"finishReason": 5}, {"content": {"parts": [{"text": 5}]}},
        )),
    ],
    "responses": [
        *({"output": value} for value in ("x", [5], [{"type": "message", "content": "x"}], None)),
        {"status": 5}, {"output": [{"type": "function_call", "arguments": {"a": 1}}]},
    ],
}  # fmt: skip


def drifted(dialect: str) -> list[dict[str, Any]]:
    whole: dict[str, Any] = DIALECTS[dialect].whole(Answer(spoken("some words")), "m")
    usage = "usageMetadata" if dialect == "gemini" else "usage"
    odd_usage: tuple[Any, ...] = ("many", 5, [], {"prompt_tokens": "x"}, None)
    changes: list[dict[str, Any]] = [{usage: value} for value in odd_usage]
    changes.append({"id": 5, "model": None, "created": "now", "modelVersion": 3, "responseId": []})
    return [{**whole, **change} for change in (*changes, *DRIFTS[dialect])]


@FORMS
@MODES
@PROTOCOLS
def test_50_drifting_types_are_tolerated_or_502(protocol: str, stream: bool, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect), routing={"max_attempts": 1})) as gateway:
        for document in drifted(dialect):
            gateway.revive()
            up.play(json_body(document))
            reply = gateway.ask(protocol, stream=stream)
            assert reply.status in (200, 502), (document, reply.body)
            if reply.status == 200 and not (native and not stream):
                assert reply.told.error is None or stream
        assert gateway.alive()


@FORMS
@MODES
@PROTOCOLS
def test_a_stream_where_a_whole_answer_was_asked(protocol: str, stream: bool, native: bool) -> None:
    dialect = dialect_of(protocol, native)
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        up.play(text("some words", form="whole" if stream else "stream", gzip=True))
        told = gateway.ask(protocol, stream=stream).told
        assert (told.text, told.ended) == ("some words", True)
