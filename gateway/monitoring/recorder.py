"""The bounded queue between requests and the log: a full queue is counted, never waited for."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TextIO

from gateway.monitoring.bodies import Bodies
from gateway.monitoring.record import Record

LIMIT = 20_000
EVERY_S = 0.2

Sink = Callable[[Sequence[Record]], None]


class Recorder:
    """`note` costs an append; one thread (a greenlet under gevent) writes what has come every EVERY_S seconds, and
    hands it to `sinks`, which must not wait. `ends` are called at the end of the process."""

    def __init__(
        self,
        *,
        form: str = "text",
        out: TextIO | None = None,
        sinks: Sequence[Sink] = (),
        ends: Sequence[Callable[[], None]] = (),
        trouble: Callable[[], str] = lambda: "",
        keep: Callable[[Bodies], None] = lambda bodies: None,
    ) -> None:
        self.form = form
        """"text" or "json"."""
        self._sinks = sinks
        self._ends = ends
        self.keep = keep
        """Keeps the bodies of a request beside its record."""
        self.trouble = trouble
        """Why records cannot be kept at the moment, "" when they can."""
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

    @property
    def waiting(self) -> int:
        """Records not handed on yet."""
        return len(self._queue)

    def flush(self) -> None:
        """Writes everything that has been noted."""
        records = []
        while self._queue:
            records.append(self._queue.popleft())
        if records:
            for sink in self._sinks:
                sink(records)
        lines = [self._worded(record) for record in records]
        if self.dropped:
            said = f"{self.dropped} records were dropped: the log could not keep up"
            lines.append(
                json.dumps({"at": time.time(), "level": "warning", "message": said}) if self.form == "json" else said
            )
            self.dropped = 0
        if lines:
            self._out.write("\n".join(lines) + "\n")
            self._out.flush()

    def close(self) -> None:
        """Writes what is left, for good."""
        try:
            self.flush()
        finally:
            for end in self._ends:
                end()

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
                pass

    def _worded(self, record: Record) -> str:
        if self.form == "json":
            document = json.dumps(record.document(), ensure_ascii=False)
            return document if document.isprintable() else json.dumps(record.document())
        return _stamp(int(record.at)) + record.line()


@lru_cache(maxsize=16)
def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S ", time.localtime(second))
