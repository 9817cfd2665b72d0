"""What a worker does at its end, and after a reload, with what only this process knows."""

from __future__ import annotations

import gc
import queue
import threading
import time
import weakref
from pathlib import Path
from types import SimpleNamespace

from gateway.config.model import AuthKey, Config
from gateway.keys.ledger import Ledger, Reservation
from gateway.state.sqlite import SqliteStore
from gateway.web.application import Application
from gateway.web.lifecycle import Word, _obey, detach
from gateway.wiring import STATE_FILE
from tests.web.served import upstream


def application(tmp_path: Path) -> Application:
    config = Config(upstreams=(upstream("openai", models=("one",)),), data_dir=tmp_path)
    found = Application(lambda: config)
    _ = found.gateway
    return found


def test_what_keys_have_used_last_is_written_before_the_worker_ends(tmp_path: Path) -> None:
    """A key in heavy use tells the store only now and then, and what it has reserved ahead would stay reserved."""
    app = application(tmp_path)
    limits = AuthKey(name="anna", key_hash="sha256:0", rpm=10**6, daily_tokens=10**9, max_concurrency=10**4)
    for _ in range(100):
        reserved = app.gateway.admission.ledger.enter(limits, 100)
        assert isinstance(reserved, Reservation)
        reserved.settle(7)
    detach(SimpleNamespace(wsgi=app))
    store = SqliteStore(tmp_path / STATE_FILE)
    tally = Ledger(store).tally("anna")
    store.close()
    assert (tally.day_tokens, tally.holds) == (700, {})


def test_a_reload_leaves_nothing_of_the_old_gateway(tmp_path: Path) -> None:
    """Its connections to providers stayed open until the collector looked, which it does seldom."""
    app = application(tmp_path)
    old = weakref.ref(app.gateway.pool)
    words: queue.SimpleQueue[Word] = queue.SimpleQueue()
    words.put("reload")
    gc.disable()
    gc.freeze()  # as at a worker's start
    try:
        threading.Thread(target=_obey, args=(words, SimpleNamespace(), app), daemon=True).start()
        until = time.monotonic() + 10
        while old() is not None and time.monotonic() < until:
            time.sleep(0.02)
        assert old() is None
    finally:
        gc.unfreeze()
        gc.enable()
