import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.upstreams.local import state
from gateway.upstreams.local.address import Address, LocalModel
from gateway.upstreams.local.state import State, write


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    counts = {"stat": 0, "read": 0}
    real_stat, real_read = os.stat, state.read

    def counting_stat(*args: Any, **kwargs: Any) -> os.stat_result:
        counts["stat"] += 1
        return real_stat(*args, **kwargs)

    def counting_read(path: Path) -> State | None:
        counts["read"] += 1
        return real_read(path)

    monkeypatch.setattr(os, "stat", counting_stat)
    monkeypatch.setattr(state, "read", counting_read)
    return counts


def test_ready_gives_the_address(tmp_path: Path) -> None:
    write(tmp_path / "s", State("ready", 4711, "k", message="fine"))
    model = LocalModel(tmp_path / "s")
    assert model.current() == Address("127.0.0.1", 4711, "k")
    assert model.status() == ("ready", "fine")
    assert "k" not in repr(Address("h", 1, "k")).replace("key", "")


@pytest.mark.parametrize("status", ["starting", "restarting", "failed"])
def test_anything_else_gives_none(tmp_path: Path, status: Any) -> None:
    write(tmp_path / "s", State(status, message="why"))
    model = LocalModel(tmp_path / "s")
    assert model.current() is None
    assert model.status() == (status, "why")


def test_no_file_is_absent(tmp_path: Path) -> None:
    model = LocalModel(tmp_path / "s")
    assert model.current() is None
    assert model.status()[0] == "absent"


def test_many_calls_cost_one_stat_and_one_read(tmp_path: Path, counted: dict[str, int]) -> None:
    write(tmp_path / "s", State("ready", 4711, "k"))
    model = LocalModel(tmp_path / "s")
    model._checked = time.monotonic() + 3600  # not due
    assert model.current() is None and counted == {"stat": 0, "read": 0}
    model._checked = float("-inf")
    assert model.current() is not None and counted == {"stat": 1, "read": 1}
    model._checked = float("-inf")
    assert model.current() is not None and counted == {"stat": 2, "read": 1}


def test_a_replaced_file_is_noticed(tmp_path: Path, wait_until: Any) -> None:
    write(tmp_path / "s", State("ready", 1, "k"))
    model = LocalModel(tmp_path / "s")
    assert model.current() == Address("127.0.0.1", 1, "k")
    write(tmp_path / "s", State("ready", 2, "k"))
    wait_until(lambda: model.current() == Address("127.0.0.1", 2, "k"), "the new port")
    (tmp_path / "s").unlink()
    wait_until(lambda: model.current() is None, "nothing")


def test_wait_ready_returns_when_ready(tmp_path: Path) -> None:
    write(tmp_path / "s", State("starting"))
    model = LocalModel(tmp_path / "s")
    timer = threading.Timer(0.3, write, (tmp_path / "s", State("ready", 5, "k")))
    timer.start()
    try:
        assert model.wait_ready(10) == Address("127.0.0.1", 5, "k")
    finally:
        timer.join()


def test_wait_ready_gives_up(tmp_path: Path) -> None:
    model = LocalModel(tmp_path / "s")
    assert model.wait_ready(0.2) is None
    write(tmp_path / "s", State("failed"))
    began = time.monotonic()
    assert model.wait_ready(30) is None
    assert time.monotonic() - began < 10
