"""resume = "continue": a provider that takes a trailing assistant message goes on from what the client has."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.gateways import InProcess, Provider, Reply, config_for
from tests.relay.test_resume import FOREIGN, FORTY, MODES, NATIVE, PROTOCOLS, SIXTY, assert_broken
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script, text
from tests.scripted.upstream import ScriptedUpstream

TAKES_IT = '[[models.profiles]]\nmatch = "*"\ntrailing_assistant = true\n'
LAST_TWENTY = spoken(SIXTY)[40:]
REST = Script(answer=Answer(LAST_TWENTY))
BODIES = {"anthropic": "messages", "chat": "messages", "responses": "input", "gemini": "contents"}


def ask(protocol: str, native: bool, *scripts: Script, first: Script | None = None, takes: bool = True) -> Reply:
    """A stream that is cut at one upstream; `scripts` are what another one answers, one request after the other."""
    dialect = NATIVE[protocol] if native else FOREIGN[protocol]
    with ScriptedUpstream() as up:
        up.play(first or text(SIXTY, cut_after=40), key="k1")
        up.play(*scripts, key="k2")
        providers = [
            Provider(up, dialect, "one", keys=("k1",)),
            Provider(up, dialect, "two", keys=("k2",), more={"priority": 1}),
        ]
        config = config_for(*providers, server={"resume": "continue"}) + "\n"
        with InProcess(config + TAKES_IT if takes else config) as gateway:
            reply = gateway.ask(protocol, stream=True)
            assert gateway.alive()
        asked = up.asked(key="k2")
        assert len(asked) == len(scripts)
        ends = [_last(request.body, BODIES[dialect]) for request in asked]
        assert [FORTY in end for end in ends] == [takes, *(False for _ in ends[1:])]
    assert (reply.status, reply.cut) == (200, False)
    return reply


def _last(body: dict[str, object], field: str) -> str:
    items = body[field]
    return json.dumps(items[-1] if isinstance(items, list) else items, ensure_ascii=False)


def assert_whole(reply: Reply) -> None:
    told = reply.told
    assert (told.text, told.ended, told.error) == (SIXTY, True, None)


@MODES
@PROTOCOLS
@pytest.mark.parametrize("form", ["stream", "whole"])
def test_the_rest_is_added(protocol: str, native: bool, form: str) -> None:
    assert_whole(ask(protocol, native, replace(REST, form=form)))


@MODES
@PROTOCOLS
def test_white_space_between_is_not_doubled(protocol: str, native: bool) -> None:
    """Anthropic refuses an assistant message that ends in white space, so it is kept back: the model may say it."""
    first = Script(answer=Answer((*spoken(SIXTY)[:40], " \n", "")), cut_after=41)
    for said in ("wörd", " \nwörd", " wörd"):
        told = ask(protocol, native, text(said), first=first).told
        assert (told.text, told.ended) == (FORTY + " \nwörd", True)


@MODES
@PROTOCOLS
def test_a_refusal_is_never_the_client_s_error(protocol: str, native: bool) -> None:
    """S14: asked to carry on it refuses, so it is asked to start again."""
    refusing = text(SIXTY, refuse_trailing_assistant=True)
    assert_whole(ask(protocol, native, refusing, refusing))


@MODES
@PROTOCOLS
def test_an_answer_told_again_is_not_doubled(protocol: str, native: bool) -> None:
    assert_whole(ask(protocol, native, text(SIXTY)))


@MODES
@PROTOCOLS
def test_another_answer_told_from_its_beginning_is_an_error(protocol: str, native: bool) -> None:
    assert_broken(ask(protocol, native, text(SIXTY.replace("wörd7", "word7"))), FORTY)


@MODES
@PROTOCOLS
def test_a_model_that_does_not_carry_on_is_not_asked_to(protocol: str, native: bool) -> None:
    assert_whole(ask(protocol, native, text(SIXTY), takes=False))


@MODES
@PROTOCOLS
def test_nothing_may_be_missing(protocol: str, native: bool) -> None:
    """The cut came after the last word: the rest is an end without text."""
    reply = ask(
        protocol, native, Script(answer=Answer(("",))), first=Script(answer=Answer((*spoken(SIXTY), "")), cut_after=60)
    )
    assert_whole(reply)


@MODES
@PROTOCOLS
def test_the_rest_may_be_a_tool_call(protocol: str, native: bool) -> None:
    call = Answer((), tools=(ToolUse("look", '{"at": 1}', "c1"),))
    told = ask(protocol, native, Script(answer=call), first=text(SIXTY, cut_after=40)).told
    assert (told.text, told.ended, told.error) == (FORTY, True, None)
    assert [(name, json.loads(arguments)) for name, arguments in told.tools] == [("look", {"at": 1})]


@MODES
@PROTOCOLS
def test_what_breaks_again_is_told(protocol: str, native: bool) -> None:
    fifty = "".join(spoken(SIXTY)[:50])
    assert_broken(ask(protocol, native, replace(REST, cut_after=10)), fifty)
