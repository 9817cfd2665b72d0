"""The one thread that writes to Redis, in batches; each batch is one script, all or nothing.

Operations come through a queue and are settled in its order. While Redis cannot be asked they are kept, the newest of
each key, and written when it is back. A compare_and_set that was judged by local knowledge meanwhile is still a
compare_and_set then: what others have written in the meantime wins over it, while over a plain put the last one wins.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from gateway.config.redis_url import RedisUrl
from gateway.state.kept import Kept
from gateway.state.operation import Operation
from gateway.state.redis_layout import Layout
from gateway.state.redis_link import Link, words_of
from gateway.state.store import Key

log = logging.getLogger("dragoman")

LINGER_S = 0.001
BATCH = 500
BATCH_BYTES = 4 * 1024 * 1024
REFUSED_S = 1.0
"""When what the server refused (its memory is full, it is a replica) is tried again."""
LOOK_S = 0.1
"""How soon the thread looks again whether Redis is there."""
SWEEP_S = 20.0
SWEPT_AT_ONCE = 500
SWEEPS_IN_A_ROW = 20

Settled = Callable[[Sequence[Operation], int | None], None]


class RedisWriter:
    """`settled(operations, epoch)` is called once they are written, with the link's epoch before; None: they will not
    be. `begun()` is called before each batch, `known(key)` tells the value as far as this process knows.

    `why` tells in words what the server refuses, "" when nothing.
    """

    def __init__(
        self,
        url: RedisUrl,
        link: Link,
        layout: Layout,
        settled: Settled,
        begun: Callable[[], None],
        known: Callable[[Key], bytes | None],
    ) -> None:
        self.why = ""
        self._url = url
        self._link = link
        self._layout = layout
        self._settled = settled
        self._begun = begun
        self._known = known
        self._queue: queue.SimpleQueue[Operation | None] = queue.SimpleQueue()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._closing = False
        self._kept = Kept()
        self._retry_at = 0.0
        self._sweep_at = time.monotonic() + SWEEP_S

    @property
    def started(self) -> bool:
        return self._thread is not None

    def put(self, operation: Operation) -> None:
        """Queues it; never waits."""
        self._queue.put(operation)
        if self._thread is None:
            self._start()

    def wake(self) -> None:
        """Redis is back."""
        if self._thread is not None:
            self._queue.put(None)

    def close(self, timeout_s: float) -> None:
        """Writes what waits and ends the thread."""
        if self._thread is not None:
            self._closing = True
            self._queue.put(None)
            self._ended.wait(timeout_s)

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="redis writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = self._batch()
            closing = self._closing and self._queue.empty()
            try:
                self._write(batch, closing)
            except Exception:  # the thread must live: without it nothing would ever be settled again
                log.exception("state: a batch of writes was lost")
                self._drop(batch)
            if closing:
                self._drop(list(self._kept))
                self._ended.set()
                return

    def _batch(self) -> list[Operation]:
        """The next operations. None when Redis is back, or it is time to try again or to tidy."""
        wait = self._sweep_at - time.monotonic()
        if self._kept:
            wait = min(wait, self._retry_at - time.monotonic())
        try:
            first = self._queue.get(True, max(wait, 0.01))
        except queue.Empty:
            return []
        if first is None:
            return []
        if first.waiting is None and self._queue.empty():
            time.sleep(LINGER_S)
        batch, size = [first], first.size
        while len(batch) < BATCH and size < BATCH_BYTES:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                break
            batch.append(following)
            size += following.size
        return batch

    def _write(self, batch: list[Operation], closing: bool) -> None:
        if not self._link.ready():
            self._keep(batch)
            self._retry_at = time.monotonic() + LOOK_S
            return
        if self.why and time.monotonic() < self._retry_at and not closing:
            self._keep(batch)
            return
        for operations in [*_portions(list(self._kept)), batch]:
            if not self._transact(operations):
                self._keep(batch)
                return
            if operations is not batch:
                for each in operations:
                    self._kept.forget(each.key)
        for each in batch:
            each.answer(each.result)
        self._tidy()

    def _transact(self, operations: list[Operation]) -> bool:
        """Whether they are settled: written, or not for want of their condition."""
        changes = [each for each in operations if not each.flush]
        if changes:
            import redis

            self._begun()
            epoch = self._link.epoch
            try:
                self._layout.write(self._link.client, changes, time.time())
            except redis.ResponseError as error:
                self._refused(error)
                return False
            except (redis.RedisError, OSError) as error:
                self._link.lost(error)
                return False
            self._settled([each for each in changes if each.result], epoch)
            self._settled([each for each in changes if not each.result], None)
            if self.why:
                self.why = ""
                log.info("state: Redis at %s takes changes again", self._url.shown)
        for each in operations:
            each.result = each.result or each.flush
        return True

    def _refused(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + REFUSED_S
        if not self.why:
            said = words_of(error, self._url)
            self.why = f"Redis at {self._url.shown} does not take changes ({said})"
            log.warning(
                "state: %s: what it should remember is kept in memory until it does. Look at its maxmemory (with "
                "maxmemory-policy volatile-ttl what expires soonest makes room), its disk, and whether it is a replica",
                self.why,
            )

    def _keep(self, batch: Sequence[Operation]) -> None:
        for each in batch:
            if each.flush:
                each.answer(False)
                continue
            before = self._kept.get(each.key)
            if each.conditional:
                if self._known(each.key) != each.expected:
                    each.answer(False)
                    continue
                if before is not None:
                    each.conditional, each.expected = before.conditional, before.expected
            self._kept.put(each)
            each.answer(True)
        dropped = self._kept.dropped()
        if dropped:
            self._settled(dropped, None)

    def _drop(self, batch: Sequence[Operation]) -> None:
        self._settled([each for each in batch if not each.flush], None)
        for each in batch:
            each.answer(False)

    def _tidy(self) -> None:
        if time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + SWEEP_S
        import redis

        try:
            for _ in range(SWEEPS_IN_A_ROW):
                if self._layout.sweep(self._link.client, time.time(), SWEPT_AT_ONCE) < SWEPT_AT_ONCE:
                    return
            self._sweep_at = time.monotonic()
        except redis.ResponseError as error:
            self._refused(error)
        except (redis.RedisError, OSError) as error:
            self._link.lost(error)


def _portions(operations: list[Operation]) -> list[list[Operation]]:
    """As large as batches are."""
    found: list[list[Operation]] = []
    size = BATCH_BYTES
    for each in operations:
        if size >= BATCH_BYTES or len(found[-1]) >= BATCH:
            found.append([])
            size = 0
        found[-1].append(each)
        size += each.size
    return found
