"""The bounded queue between requests and the log: a full queue is counted, never waited for."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from functools import lru_cache
from typing import TextIO

from gateway.monitoring.record import Record

LIMIT = 20_000
EVERY_S = 0.2


class Recorder:
    """`note` costs an append; one thread (a greenlet under gevent) writes what has come every EVERY_S seconds."""

    def __init__(self, *, form: str = "text", out: TextIO | None = None) -> None:
        self._form = form
        self._out = out or sys.stdout
        self._queue: deque[Record] = deque()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self.dropped = 0

    def note(self, record: Record) -> None:
        if len(self._queue) >= LIMIT:
            self.dropped += 1
            return
        self._queue.append(record)
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def flush(self) -> None:
        """Writes everything that has been noted."""
        lines = []
        while self._queue:
            record = self._queue.popleft()
            lines.append(self._worded(record))
        if self.dropped:
            lines.append(f"{self.dropped} records were dropped: the log could not keep up")
            self.dropped = 0
        if lines:
            self._out.write("\n".join(lines) + "\n")
            self._out.flush()

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(EVERY_S)
            self._wake.clear()
            try:
                self.flush()
            except (OSError, ValueError):  # stdout is gone: nothing can be said any more, requests go on
                self._queue.clear()

    def _worded(self, record: Record) -> str:
        if self._form == "json":
            document = json.dumps(record.document(), ensure_ascii=False)
            return document if document.isprintable() else json.dumps(record.document())
        return _stamp(int(record.at)) + record.line()


@lru_cache(maxsize=16)
def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S ", time.localtime(second))
