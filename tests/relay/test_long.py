"""Whole answers longer than the gateway holds, relayed as they arrive."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.relay.long import HOLD
from tests.assist_house import MODEL, house, project, write_tokens
from tests.faults.doors import NATIVE, PROTOCOLS, assert_error
from tests.gateways import Client, InProcess, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.answer import Answer
from tests.scripted.assist import Reply as Answered
from tests.scripted.assist import ScriptedAssist
from tests.scripted.script import Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

LONG = "word " * ((HOLD + (1 << 20)) // 5)
TALE = Answer((LONG,))
LENGTHS = pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        yield up


@pytest.fixture(scope="module")
def in_process(up: ScriptedUpstream) -> Iterator[InProcess]:
    with InProcess(config_for(*(Provider(up, each, models=(each,)) for each in NATIVE.values()))) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def running(up: ScriptedUpstream) -> Iterator[RunningGateway]:
    providers = (Provider(up, each, models=(each,), keys=("k1", "k2")) for each in NATIVE.values())
    with RunningGateway(config_for(*providers, server={"workers": 1}, routing={"max_attempts": 2})) as gateway:
        yield gateway


@LENGTHS
@PROTOCOLS
def test_it_arrives_byte_for_byte_and_is_accounted(
    up: ScriptedUpstream, in_process: InProcess, protocol: str, chunked: bool
) -> None:
    up.play(Script(answer=TALE, chunked=chunked))
    reply = in_process.ask(protocol, model=NATIVE[protocol])
    assert (reply.status, reply.cut) == (200, False)
    assert reply.told.text == LONG and reply.told.ended
    assert ("content-length" in reply.headers) == (not chunked)
    assert reply.headers["x-gateway-mode"] == "passthrough"
    assert reply.headers["x-account-email"] == "key-1"
    assert in_process.alive()
    record = in_process.record(reply)
    assert (record.status, record.ended, record.source) == (200, "complete", "provider")
    assert (record.input_tokens, record.output_tokens) == (11, 7)
    assert record.finish == "stop"


@PROTOCOLS
def test_a_compressed_one(up: ScriptedUpstream, in_process: InProcess, protocol: str) -> None:
    up.play(Script(answer=TALE, gzip=True))
    reply = in_process.ask(protocol, model=NATIVE[protocol])
    assert reply.told.text == LONG
    assert "content-length" not in reply.headers and "content-encoding" not in reply.headers


@LENGTHS
@PROTOCOLS
def test_one_that_is_cut_never_looks_finished(
    up: ScriptedUpstream, running: RunningGateway, protocol: str, chunked: bool
) -> None:
    """The connection ends without the proper end of the body, and the account that was cut is settled."""
    up.play(Script(answer=Answer((LONG * 2,)), chunked=chunked, cut_after=0))
    reply = Client(running.port).ask(protocol, model=NATIVE[protocol])
    assert reply.status == 200 and reply.cut
    assert len(reply.body) > HOLD
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    up.play(text("fine"))
    assert Client(running.port).ask(protocol, model=NATIVE[protocol]).told.text == "fine"
    assert "Traceback" not in running.log()


@PROTOCOLS
def test_a_proper_end_of_half_a_document_is_a_cut(up: ScriptedUpstream, running: RunningGateway, protocol: str) -> None:
    up.play(Script(body=b'{"id": "x", "choices": [{"message": {"content": "' + LONG.encode() * 2, chunked=True))
    reply = Client(running.port).ask(protocol, model=NATIVE[protocol])
    assert reply.cut


@PROTOCOLS
def test_what_is_no_json_is_found_before_a_byte_leaves(
    up: ScriptedUpstream, running: RunningGateway, protocol: str
) -> None:
    page = Script(body=b"<html>" + b"x" * (2 * HOLD))
    up.play(page, Script(answer=TALE))
    reply = Client(running.port).ask(protocol, model=NATIVE[protocol])
    assert reply.told.text == LONG
    up.play(page)
    assert_error(Client(running.port).ask(protocol, model=NATIVE[protocol]), 502)


def test_a_refusal_still_leads_to_another_account(up: ScriptedUpstream, running: RunningGateway) -> None:
    up.play(failing(500), Script(answer=TALE))
    assert Client(running.port).ask("chat", model="chat").told.text == LONG


def test_the_first_bytes_leave_before_the_last_have_come(up: ScriptedUpstream, running: RunningGateway) -> None:
    """The provider is held back by a client that does not read, and goes on when it does."""
    up.play(Script(answer=Answer((LONG * 12,))))
    opened = Client(running.port).open("chat", model="chat")
    assert opened.response.status == 200
    time.sleep(0.5)
    request = up.asked()[-1]
    assert request.done_at is None, "60 MB were taken in though nobody read them"
    assert opened.reply().told.text == LONG * 12


def test_a_client_that_leaves_ends_it(up: ScriptedUpstream, running: RunningGateway) -> None:
    up.play(Script(answer=Answer((LONG * 12,))))
    opened = Client(running.port).open("chat", model="chat")
    assert opened.response.read(1000)
    request = up.asked()[-1]
    opened.leave()
    assert up.wait_for(lambda: request.left_at is not None, 5)


def test_a_response_of_medium_length_is_stored(up: ScriptedUpstream, in_process: InProcess) -> None:
    up.play(Script(answer=TALE))
    reply = in_process.ask("responses", model="responses")
    identity = reply.json["id"]
    connection = http.client.HTTPConnection("127.0.0.1", in_process.port, timeout=20)
    connection.request("GET", f"/v1/responses/{identity}")
    assert json.loads(connection.getresponse().read()) == reply.json
    connection.close()
    up.play(text("I know it"))
    assert in_process.ask("responses", model="chat", previous_response_id=identity).told.text == "I know it"
    assert LONG.encode() in up.asked()[-1].raw


def test_choices_are_added_to_a_long_one(up: ScriptedUpstream) -> None:
    up.play(Script(answer=TALE))
    with InProcess(config_for(Provider(up, "responses"), server={"responses_choices": True})) as gateway:
        assert gateway.ask("responses").json["choices"][0]["message"]["content"] == LONG


def test_two_at_once_do_not_wait_for_each_other(up: ScriptedUpstream, running: RunningGateway) -> None:
    up.play(Script(answer=Answer((LONG * 4,))))
    opened = Client(running.port).open("chat", model="chat")
    assert opened.response.status == 200
    told = []
    thread = threading.Thread(target=lambda: told.append(Client(running.port).ask("chat", model="chat").told.text))
    thread.start()
    thread.join(20)
    assert told == [LONG * 4]
    opened.leave()


@pytest.mark.parametrize("protocol", ["gemini", "chat"])
def test_in_an_envelope_it_is_held_once_and_limited(tmp_path: Path, protocol: str) -> None:
    tokens = tmp_path / "tokens.json"
    with ScriptedAssist() as up:
        write_tokens(tokens, project("r1", up.account("r1", access=True)))
        with house(up, tokens) as gateway:
            for size, status in ((8 << 20, 200), (70 << 20, 502)):
                candidate = {"content": {"role": "model", "parts": [{"text": "x" * size}]}, "finishReason": "STOP"}
                up.play("generateContent", Answered(200, {"response": {"candidates": [candidate]}}))
                reply = gateway.ask(protocol, model=MODEL)
                if status == 200:
                    assert reply.told.text == "x" * size
                else:
                    assert_error(reply, 502, "answer_too_large")
                assert gateway.alive()
            assert len(up.asked("generateContent")) == 2
