"""A key that ends while it is used, and a worker that is killed with what it held (docs/configuration.md)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from gateway.command.main import command
from gateway.config.model import AuthKey
from gateway.keys.ledger import SPACE
from gateway.keys.tally import HOLD_S, Tally
from gateway.state.sqlite import SqliteStore
from tests.gateways import Client, Opened, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream

LIVES_S = 5.0


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream) -> Iterator[RunningGateway]:
    with RunningGateway(config_for(Provider(up, "chat"), auth={"mode": "strict"}), workers=2) as running:
        yield running


def dragoman(gateway: RunningGateway, *words: str) -> str:
    environment = {"DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)}
    result = CliRunner(env=environment).invoke(command, words)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def begun(gateway: RunningGateway, up: ScriptedUpstream, key: str) -> tuple[Opened, threading.Event]:
    """A stream that has said its first word and says the rest when the event is set."""
    gate = threading.Event()
    up.play(text("one two three", gate=gate))
    stream = Client(gateway.port).open("chat", stream=True, headers={"x-api-key": key})
    assert stream.response.status == 200
    return stream, gate


def asked(gateway: RunningGateway, key: str) -> tuple[int, dict[str, str]]:
    reply = Client(gateway.port).ask("chat", headers={"x-api-key": key})
    return reply.status, reply.headers


def comes(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def tally(gateway: RunningGateway, name: str) -> Tally:
    store = SqliteStore(gateway.data / "gateway.db")
    try:
        return Tally.load(store.get(SPACE, name))
    finally:
        store.close()


def test_an_answer_that_runs_outlives_its_keys_expiry(gateway: RunningGateway, up: ScriptedUpstream) -> None:
    ends = time.time() + LIVES_S
    secret = dragoman(gateway, "keys", "add", "short", "--expires", datetime.fromtimestamp(ends, UTC).isoformat())
    stream, gate = begun(gateway, up, secret)
    assert time.time() < ends, "the machine was too slow for this test"
    assert comes(lambda: time.time() > ends)
    up.play(text("fine"))
    assert asked(gateway, secret)[0] == 401
    gate.set()
    reply = stream.reply()
    assert reply.told.text == "one two three" and reply.told.finish == "stop"


def test_an_answer_that_runs_outlives_its_revoked_key_and_is_counted(
    gateway: RunningGateway, up: ScriptedUpstream
) -> None:
    secret = dragoman(gateway, "keys", "add", "anna", "--max-concurrency", "1")
    up.play(text("fine"))
    assert asked(gateway, secret)[0] == 200
    stream, gate = begun(gateway, up, secret)
    dragoman(gateway, "keys", "revoke", "anna")
    up.play(text("fine"))
    assert comes(lambda: asked(gateway, secret)[0] == 401)
    gate.set()
    assert stream.reply().told.text == "one two three"
    again = dragoman(gateway, "keys", "add", "anna", "--max-concurrency", "1")
    assert comes(lambda: asked(gateway, again)[0] == 200), "what the former key of this name held is free"


def test_what_a_killed_worker_held_is_free_after_a_while(gateway: RunningGateway, up: ScriptedUpstream) -> None:
    """Nobody can tell a dead worker from one of another machine that is slow: its hold lasts HOLD_S, no longer."""
    secret = dragoman(gateway, "keys", "add", "ben", "--max-concurrency", "1")
    up.play(text("fine"))
    assert asked(gateway, secret)[0] == 200 and comes(lambda: not tally(gateway, "ben").holds)
    stream, _ = begun(gateway, up, secret)
    assert comes(lambda: len(tally(gateway, "ben").holds) == 1)
    [worker] = tally(gateway, "ben").holds
    os.kill(int(worker.partition("-")[0]), signal.SIGKILL)
    reply = stream.reply()
    assert reply.cut or reply.told.finish is None
    up.play(text("fine"))
    assert comes(lambda: len(gateway.workers()) == 2)
    status, headers = asked(gateway, secret)
    assert status == 429 and 1 <= int(headers["retry-after"]) <= HOLD_S
    later = tally(gateway, "ben").at(time.time() + HOLD_S + 1)
    limits = AuthKey(name="ben", key_hash="", max_concurrency=1)
    assert later.holds == {} and later.enter(limits, "another", 1, 0, time.time() + HOLD_S + 1) is None
