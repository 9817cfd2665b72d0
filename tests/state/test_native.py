"""Real threads with and without gevent."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.state.native import Native

ROOT = Path(__file__).resolve().parents[2]

UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import _thread, time, gevent
from gateway.state.native import Native, patched
native = Native()
ident = monkey.get_original("_thread", "get_ident")
assert patched() and native.run(ident) != ident()
turns = []
other = gevent.spawn(lambda: [turns.append(1) or gevent.sleep(0.01) for _ in range(10)])
native.run(lambda: native.sleep(0.2))
assert len(turns) == 10, turns
try:
    native.run(lambda: 1 / 0)
except ZeroDivisionError:
    told = []
    native.start(lambda: native.tell(lambda word: (told.append(word), time.sleep(0))  , "said"))
    while not told:
        gevent.sleep(0.01)
    native.close()
    print("fine")
"""


def test_under_gevent_other_greenlets_go_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT], cwd=ROOT, timeout=30, capture_output=True, text=True, check=False
    )
    assert done.stdout == "fine\n", done.stderr


def test_without_gevent_it_simply_waits() -> None:
    native = Native()
    assert native.run(threading.get_ident) == threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        native.run(lambda: 1 // 0)
    done = threading.Event()
    native.start(lambda: native.tell(done.set))
    assert done.wait(5)
    native.close()
