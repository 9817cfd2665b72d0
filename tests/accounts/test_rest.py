"""A clock that is set by a day, in either direction, while the gateway runs or while it is stopped (failures 67)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.accounts.pool import LOOK_EVERY_S
from gateway.accounts.rest import Clock, Rest, rest_of
from tests.assist_house import MODEL, house, project, read_tokens, write_tokens
from tests.scripted.assist import ScriptedAssist, limited

DAY_S = 86400.0
SetClock = Callable[[float], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Everybody's time.time() from now on."""
    real = time.time
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: real() + seconds)


@pytest.fixture
def up() -> Iterator[ScriptedAssist]:
    with ScriptedAssist() as scripted:
        yield scripted


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.mark.parametrize("step", [DAY_S, -DAY_S])
def test_tokens_are_neither_eternal_nor_refreshed_all_the_time(
    step: float, set_clock: SetClock, up: ScriptedAssist, tokens: Path
) -> None:
    """Failures 67: at most one refresh, and a token that has really ended is found out by its 401."""
    write_tokens(tokens, *(project(name, up.account(name, access=True)) for name in ("r1", "r2")))
    with house(up, tokens, tables="[routing]\nsession_affinity = false\nrotation_count = 1") as gateway:
        assert gateway.ask("chat", model=MODEL).status == 200
        set_clock(step)
        assert [gateway.ask("chat", model=MODEL).status for _ in range(6)] == [200] * 6
        assert up.refreshes == (2 if step > 0 else 0)
        for name in ("r1", "r2"):
            up.revoke(name)
        before = up.refreshes
        assert [gateway.ask("chat", model=MODEL).status for _ in range(6)] == [200] * 6
        assert up.refreshes == before + 2
        set_clock(0.0)
        assert [gateway.ask("chat", model=MODEL).status for _ in range(6)] == [200] * 6
        assert up.refreshes <= before + 4
    assert all(each["enabled"] for each in read_tokens(tokens))


@pytest.mark.parametrize("step", [DAY_S, -DAY_S])
def test_a_rest_takes_as_long_as_it_was_meant_to(
    step: float, set_clock: SetClock, up: ScriptedAssist, tokens: Path
) -> None:
    """Failures 67: a day forward ends no rest, a day back makes none of a day."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.play("generateContent", limited("40s"))
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 429
        set_clock(step)
        time.sleep(LOOK_EVERY_S + 0.1)
        resting = gateway.ask("chat", model=MODEL)
        assert resting.status == 429 and 35 <= int(resting.headers["retry-after"]) <= 40
        set_clock(step + 41)
        up.play("generateContent")
        # That step is a real one too: only time that passes ends a rest.
        time.sleep(LOOK_EVERY_S + 0.1)
        assert gateway.ask("chat", model=MODEL).status == 429
        rest = gateway.gateway.pool.accounts()[0].resting
        assert rest is not None and rest.until - rest.since == pytest.approx(40.0)
        assert rest.left(time.time()) == pytest.approx(38, abs=2.5)


def test_a_rest_noted_in_the_future_is_tried_out(set_clock: SetClock) -> None:
    """The gateway was stopped and the clock set back meanwhile: how long ago it was noted nobody knows."""
    noted = Rest(time.time(), time.time() + 600, "429", 429, "rate").document()
    set_clock(-DAY_S)
    found = rest_of(noted)
    assert found is not None and found.probe and found.left(time.time()) == 0.0
    set_clock(0.0)
    kept = rest_of(noted)
    assert kept is not None and not kept.probe and kept.left(time.time()) == pytest.approx(600, abs=1)


def test_time_that_passes_is_no_step(set_clock: SetClock) -> None:
    clock = Clock()
    time.sleep(0.05)
    assert clock.step() == 0.0
    set_clock(DAY_S)
    assert clock.step() == pytest.approx(DAY_S, abs=1)
    assert clock.step() == 0.0
