from __future__ import annotations

import re
import time
from types import SimpleNamespace
from typing import Any

from gateway.state.memory import MemoryStore
from gateway.web.admin.board import MOST, SPACE, WATCHED, Board
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.visitor import ADMIN


def running(count: int, *, age_s: float = 1.0) -> Any:
    """A gateway with so many running requests."""
    outcome = SimpleNamespace(mapped_model="m", attempts=[], first_content_s=None)

    def one(n: int) -> Any:
        call = SimpleNamespace(request_id=f"r{n}", asked="m", stream=True, outcome=outcome)
        return SimpleNamespace(call=call, at=time.time() - age_s - n, key="k", path="/v1/messages", sent=n)

    return SimpleNamespace(running={n: one(n) for n in range(count)})


def test_others_are_asked_only_while_somebody_looks() -> None:
    store = MemoryStore()
    here, there = Board(store, "here"), Board(store, "there")
    there.tell([running(2)])
    assert here.rows(running(1)) and store.get(SPACE, "worker/there") is None
    assert store.get(SPACE, WATCHED) is not None
    there.tell([running(2)])
    assert [row.id for row in here.rows(running(1))] == ["r1", "r0", "r0"]
    there.tell([running(0)])
    assert len(here.rows(running(1))) == 1


def test_a_worker_does_not_read_its_own_notes() -> None:
    board = Board(MemoryStore(), "here")
    board.rows(running(0))
    board.tell([running(3)])
    assert len(board.rows(running(3))) == 3


def test_short_ones_are_not_told_and_there_is_a_bound() -> None:
    store = MemoryStore()
    here, there = Board(store, "here"), Board(store, "there")
    here.rows(running(0))
    there.tell([running(5, age_s=-10)])
    assert here.rows(running(0)) == []
    there.tell([running(MOST + 50)])
    assert len(here.rows(running(0))) == MOST


def test_notes_of_another_version_are_passed_over() -> None:
    store = MemoryStore()
    store.put(SPACE, "worker/old", b'[{"id": "x"}]')
    store.put(SPACE, "worker/odd", b"\xff")
    assert Board(store, "here").rows(running(0)) == []


def test_every_worker_shows_every_workers_requests_once() -> None:
    """A stream runs on one of two workers; whichever answers the page, its row is there."""
    with ScriptedUpstream() as up:
        up.play(text("a b c d e f g h " * 20, pace=0.1), dialect="chat")
        config = config_for(Provider(up), auth={"mode": "off", "admin_key": ADMIN})
        with RunningGateway(config, workers=2) as gateway:
            cookie = log_in(gateway.port)
            streaming = Client(gateway.port).open("chat", model="the-model", stream=True)
            assert next(streaming.chunks())
            seen: list[int] = []
            until = time.monotonic() + 15
            while time.monotonic() < until and seen[-12:] != [1] * 12:
                seen.append(ask(gateway.port, "/admin/live", cookie).count("the-model"))
                time.sleep(0.1)
            streaming.leave()
            assert seen[-12:] == [1] * 12 and max(seen) == 1


def ask(port: int, path: str, cookie: str) -> str:
    """On a connection of its own, so that either worker may take it."""
    reply = Client(port).post(path, b"", {"Cookie": cookie}, method="GET").reply()
    assert reply.status == 200, reply.body
    return reply.body.decode()


def log_in(port: int) -> str:
    form = Client(port).post("/admin", b"", method="GET").reply()
    token = re.findall(r'name="token" value="([^"]+)"', form.body.decode())[0]
    given = form.headers["set-cookie"].partition(";")[0]
    fields = f"token={token}&key={ADMIN}&to=".encode()
    typed = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": given}
    done = Client(port).post("/admin/login", fields, typed).reply()
    assert done.status == 303, done.body
    return re.findall(r"dragoman_admin=[^;]+", done.headers["set-cookie"])[0]
