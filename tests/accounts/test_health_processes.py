"""Two workers of one gateway: what one learns of an account the other obeys within a second (issue 7, point 3)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.gateways import Client, Provider, config_for
from tests.keys.test_limits_over_workers import dragoman
from tests.running import RunningGateway
from tests.scripted.script import failing, text
from tests.scripted.upstream import ScriptedUpstream

AGREED_S = 1.0


@contextmanager
def only(gateway: RunningGateway, chosen: int) -> Iterator[Client]:
    """This worker answers, the others stand still."""
    still = [pid for number, pid in enumerate(gateway.workers()) if number != chosen]
    for pid in still:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield Client(gateway.port)
    finally:
        for pid in still:
            os.kill(pid, signal.SIGCONT)


def test_a_cooldown_a_reset_and_a_disablement_reach_the_other_worker() -> None:
    with ScriptedUpstream() as up, RunningGateway(config_for(Provider(up)), workers=2) as gateway:

        def status(worker: int) -> int:
            with only(gateway, worker) as client:
                return client.ask("chat").status

        assert [status(0), status(1)] == [200, 200]
        up.play(failing(429, retry_after="60"))
        assert status(0) == 429
        up.play(text("fine"))
        time.sleep(AGREED_S)
        before = len(up.asked())
        assert status(1) == 429 and len(up.asked()) == before
        dragoman(gateway, "accounts", "reset", "all")
        time.sleep(AGREED_S)
        assert [status(0), status(1)] == [200, 200]
        up.play(failing(401))
        assert status(1) in (502, 503)
        up.play(text("fine"))
        time.sleep(AGREED_S)
        before = len(up.asked())
        assert status(0) in (502, 503) and len(up.asked()) == before
        dragoman(gateway, "accounts", "enable", "key-1")
        time.sleep(AGREED_S)
        assert [status(0), status(1)] == [200, 200]
