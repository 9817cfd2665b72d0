import queue
from typing import Any

import pytest

from gateway.upstreams.local.life import Exited, Life, Listening, Notice, Refused, exit_reason


def notices_of(told: "queue.SimpleQueue[Notice]", count: int) -> list[Notice]:
    return [told.get(timeout=10) for _ in range(count)]


def test_a_serving_child_listens_until_it_is_ended(stage: Any) -> None:
    told: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    life = Life(stage.command("serve"), told.put)
    assert notices_of(told, 1) == [Listening(40001)]
    life.end()
    assert notices_of(told, 1) == [Exited("it exited with status 0")]
    life.end()
    assert told.empty()


def test_a_refusing_child_says_why(stage: Any) -> None:
    told: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    life = Life(stage.command("refuse"), told.put)
    assert notices_of(told, 2) == [Refused("no memory for the model"), Exited("it exited with status 1")]
    life.end()


def test_a_child_deaf_to_the_pipes_end_is_killed(is_alive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.upstreams.local.life.END_GRACE_S", 0.2)
    told: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    life = Life(["/bin/sh", "-c", "exec sleep 60"], told.put)
    life.end()
    assert notices_of(told, 1) == [Exited("it was ended by SIGKILL")]
    assert not is_alive(life.pid)


@pytest.mark.parametrize(
    ("code", "words"),
    [(3, "it exited with status 3"), (-6, "it was ended by SIGABRT"), (-99, "it was ended by signal 99")],
)
def test_exit_reasons(code: int, words: str) -> None:
    assert exit_reason(code) == words
