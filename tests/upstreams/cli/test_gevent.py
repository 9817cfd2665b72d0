"""As it runs in production: gunicorn's worker, gevent, a drain."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.upstreams.cli.slots import runs_folder
from tests.gateways import Client
from tests.running import RunningGateway
from tests.upstreams.cli.house import Tools, alive, toml


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[RunningGateway, Tools]]:
    notes = tmp_path / "notes"
    config = "[server]\ndrain_timeout_s = 1\n" + toml(tmp_path, max_processes=3, queue=50)
    with RunningGateway(config, workers=2, env={"FAKE_NOTES": str(notes)}) as running:
        yield running, Tools(None, notes)  # type: ignore[arg-type]
        shutil.rmtree(runs_folder(running.data), ignore_errors=True)


def test_the_limit_holds_over_worker_processes(server: tuple[RunningGateway, Tools]) -> None:
    """CL-X12."""
    running, tools = server
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(Client(running.port).ask("chat", model="claude", text="do:sleep 0.3").status)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 50
    edges = [(note["at"], 1) for note in tools.notes()] + [(note["at"], -1) for note in tools.notes("ended")]
    count = most = 0
    for _, step in sorted(edges):
        count += step
        most = max(most, count)
    assert most == 3 and tools.all_gone()


def begun(tools: Tools) -> bool:
    until = time.monotonic() + 15
    while len(tools.pids()) < 2:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return all(map(alive, tools.pids()))


def test_a_client_that_leaves_takes_the_tool_with_it(server: tuple[RunningGateway, Tools]) -> None:
    running, tools = server
    opened = Client(running.port).open("chat", model="claude", stream=True, text="do:grandchild\ndo:hang after")
    assert begun(tools) and b"one" in next(opened.chunks())
    opened.leave()
    assert tools.all_gone(2.0)
    assert Client(running.port).ask("messages", model="claude", stream=True, text="hi").told.text == "hello there"


def test_a_shutdown_leaves_no_process(server: tuple[RunningGateway, Tools]) -> None:
    running, tools = server
    opened = Client(running.port).open("chat", model="claude", stream=True, text="do:grandchild\ndo:hang after")
    assert begun(tools) and b"one" in next(opened.chunks())
    running.signal(signal.SIGTERM)
    reply = opened.reply()
    assert reply.told.error is not None and not reply.told.ended
    running.wait(15)
    assert tools.all_gone(1.0, reaped=False)


def test_a_quick_shutdown_leaves_no_process_either(server: tuple[RunningGateway, Tools]) -> None:
    """Ctrl-C does not reach the tool by itself: it is in a session of its own."""
    running, tools = server
    opened = Client(running.port).open("chat", model="claude", stream=True, text="do:grandchild\ndo:hang after")
    assert begun(tools) and b"one" in next(opened.chunks())
    running.signal(signal.SIGINT)
    running.wait(20)
    opened.leave()
    assert tools.all_gone(2.0, reaped=False)


def test_what_a_killed_worker_has_left_is_ended_by_the_next(server: tuple[RunningGateway, Tools]) -> None:
    """gunicorn kills a worker that hangs, the kernel one that has taken all memory."""
    running, tools = server
    opened = [
        Client(running.port).open("chat", model="claude", stream=True, text="do:grandchild\ndo:hang after")
        for _ in range(2)
    ]
    assert [b"one" in next(each.chunks()) for each in opened] == [True, True] and begun(tools)
    for pid in running.workers():
        os.kill(pid, signal.SIGKILL)
    for each in opened:
        each.leave()
    assert tools.all_gone(40.0, reaped=False)
