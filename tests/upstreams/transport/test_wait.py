from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from gateway.upstreams.transport.wait import READ, WRITE, PollWaiter, Waiter, waiter_class


@pytest.fixture(params=["own", "select"])
def pair(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Waiter, socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    waiter: Waiter = waiter_class()(near.fileno())
    if request.param == "select":
        monkeypatch.delattr(select, "poll", raising=False)
        waiter = PollWaiter(near.fileno())
    with near, far:
        yield waiter, near, far
        waiter.close()


def test_readable_and_writable(pair: tuple[Waiter, socket.socket, socket.socket]) -> None:
    waiter, near, far = pair
    assert waiter.wait(WRITE, 1.0) and waiter.wait(READ | WRITE, 1.0) and waiter.wait(WRITE, None)
    assert not waiter.wait(READ, 0) and not waiter.wait(READ, -1)
    far.send(b"x")
    assert waiter.wait(READ, 1.0) and waiter.wait(READ, 0) and waiter.wait(READ, None)
    near.recv(1)
    far.close()
    assert waiter.wait(READ, 1.0)


def test_time_runs_out(pair: tuple[Waiter, socket.socket, socket.socket]) -> None:
    began = time.monotonic()
    assert not pair[0].wait(READ, 0.1)
    assert 0.05 < time.monotonic() - began < 3


def test_woken_while_waiting(pair: tuple[Waiter, socket.socket, socket.socket]) -> None:
    waiter, near, _ = pair
    threading.Timer(0.05, lambda: near.shutdown(socket.SHUT_RDWR)).start()
    began = time.monotonic()
    assert waiter.wait(READ, 5.0)
    assert time.monotonic() - began < 3


def test_waits_of_different_lengths(pair: tuple[Waiter, socket.socket, socket.socket]) -> None:
    """The clock of a wait that ended early neither ends nor holds up the next ones."""
    waiter, near, far = pair
    far.send(b"x")
    assert waiter.wait(READ, 0.15)
    near.recv(1)
    threading.Timer(0.4, lambda: far.send(b"y")).start()
    assert waiter.wait(READ, 5.0)
    near.recv(1)
    began = time.monotonic()
    assert not waiter.wait(READ, 0.1)
    assert time.monotonic() - began < 2
    threading.Timer(0.2, lambda: far.send(b"z")).start()
    assert waiter.wait(READ, None)
