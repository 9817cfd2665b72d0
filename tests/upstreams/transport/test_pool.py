from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from gateway.upstreams.transport import pool as pool_module
from gateway.upstreams.transport.connection import Connection
from gateway.upstreams.transport.pool import Pool
from gateway.upstreams.transport.wait import waiter_class

KEY = ("http", "127.0.0.1", 80)


class Pairs:
    """Connections with their far ends."""

    def __init__(self) -> None:
        self.far: list[socket.socket] = []

    def make(self) -> Connection:
        near, far = socket.socketpair()
        near.setblocking(False)
        self.far.append(far)
        return Connection(near, waiter_class()(near.fileno()), KEY)


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    made = Pairs()
    yield made
    for far in made.far:
        far.close()


def closed(connection: Connection) -> bool:
    return connection.sock.fileno() == -1


def test_last_in_first_out(pairs: Pairs) -> None:
    pool = Pool()
    first, second = pairs.make(), pairs.make()
    pool.give(first)
    pool.give(second)
    assert pool.take(KEY) is second and pool.take(KEY) is first and pool.take(KEY) is None
    assert pool.take(("https", "127.0.0.1", 80)) is None
    first.close()
    second.close()


def test_closed_and_readable_ones_are_dropped(pairs: Pairs) -> None:
    pool = Pool()
    good, ended, poisoned = pairs.make(), pairs.make(), pairs.make()
    for connection in (good, ended, poisoned):
        pool.give(connection)
    pairs.far[1].close()
    pairs.far[2].send(b"x")
    assert pool.take(KEY) is good
    assert closed(ended) and closed(poisoned) and pool.count(KEY) == 0
    good.close()


def test_limit(pairs: Pairs) -> None:
    pool = Pool(max_idle=2)
    made = [pairs.make() for _ in range(3)]
    for connection in made:
        pool.give(connection)
    assert pool.count(KEY) == 2 and closed(made[2])
    pool.close()
    assert all(map(closed, made)) and pool.count(KEY) == 0
    late = pairs.make()
    pool.give(late)
    assert closed(late)


def test_old_ones_are_swept_and_not_taken(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool()
    old = [pairs.make() for _ in range(3)]
    for connection in old:
        pool.give(connection)
        connection.idle_since -= pool_module.MAX_IDLE_AGE + 1
    new = pairs.make()
    pool.give(new)
    assert all(map(closed, old)) and pool.count(KEY) == 1
    new.idle_since -= pool_module.MAX_IDLE_AGE + 1
    assert pool.take(KEY) is None and closed(new)
