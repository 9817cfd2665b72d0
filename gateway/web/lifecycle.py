"""What a worker process does at its beginning, on reload and at its end, whatever class of worker it is.

Signal handlers only put a word into a queue: one may run inside gevent's hub, where nothing can wait, or while the
code it interrupted holds a lock. A thread (a greenlet under gevent) does what the words say: "drain" is SIGTERM's,
"retire" a worker's that has answered max_requests while the gateway goes on.
"""

from __future__ import annotations

import gc
import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

from gateway.web.listeners import local
from gateway.web.watchman import keep_watch

if TYPE_CHECKING:  # the master imports this file by way of the worker class and must stay small and unpatched
    from gateway.web.application import Application

GARBAGE = (10_000, 20, 50)
"""https://docs.python.org/3/library/gc.html#gc.set_threshold: what waits for the log or the disk is no garbage, and
with Python's 700 the collector would look at it again and again (5 to 10 % of a whole answer's CPU)."""

Word = Literal["reload", "drain", "retire", "end"]


def attach(worker: Any) -> None:
    """Called once the worker has loaded the application and set its signal handlers."""
    application = application_of(worker)
    if application is None:
        return
    from gateway.web.admin.board import Board

    words: queue.SimpleQueue[Word] = queue.SimpleQueue()
    signal.signal(signal.SIGHUP, lambda *_: words.put("reload"))
    application.local_only = all(local(each) for each in worker.sockets)
    Board(application.gateway.state).start(application.gateways)
    threading.Thread(target=_obey, args=(words, worker, application), name="lifecycle", daemon=True).start()
    keep_watch(lambda: application.gateway)
    stop = signal.getsignal(signal.SIGTERM)

    def terminate(number: int, frame: Any) -> None:
        words.put("drain")
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, terminate)
    signal.siginterrupt(signal.SIGTERM, False)
    if hasattr(worker, "retire"):
        worker.retire = lambda: words.put("retire")
    else:
        _refuse_natively(worker, application)
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    worker.log.info("Worker ready (pid: %s)", worker.pid)


def detach(worker: Any) -> None:
    """The last thing a worker does: what keys have used, records that wait for the log, and state that waits for the
    disk, are written."""
    application = application_of(worker) if getattr(worker, "wsgi", None) is not None else None
    if application is not None:
        application.gateway.admission.ledger.flush()
        application.gateway.recorder.close()
        application.gateway.state.close()


def application_of(worker: Any) -> Application | None:
    """Ours, unless somebody wrapped it in something else."""
    from gateway.web.application import Application

    return worker.wsgi if isinstance(worker.wsgi, Application) else None


def _obey(words: queue.SimpleQueue[Word], worker: Any, application: Application) -> None:
    draining = False
    while True:
        word = words.get()
        if word == "end":
            application.end_running()
        elif draining:
            continue
        elif word == "reload":
            application.reload()
            gc.unfreeze()
            gc.collect()  # the old Gateway is full of cycles: its connections to providers would stay for a long time
        else:
            draining = True
            if word == "drain":
                application.drain()
            _end_later(words, application)
            _stop_listening(worker)


def _end_later(words: queue.SimpleQueue[Word], application: Application) -> None:
    """What still runs after drain_timeout_s is ended with its dialect's error event."""

    def end() -> None:
        time.sleep(application.gateway.config.server.drain_timeout_s)
        words.put("end")

    threading.Thread(target=end, name="drain", daemon=True).start()


def _stop_listening(worker: Any) -> None:
    """gthread keeps its listener open until its last answer is out: connections would be taken and never served."""
    if not hasattr(worker, "set_accept_enabled"):
        return
    for _ in range(100):
        if not (worker.alive or worker._accepting):
            for listener in worker.sockets:
                listener.close()
            return
        time.sleep(0.05)


def _refuse_natively(worker: Any, application: Application) -> None:
    """Other workers' answers to malformed requests. They do not tell the path: the dialect is OpenAI's."""
    from gateway.web.worker_errors import refuse

    def handle_error(req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        try:
            refuse(client, addr, exc, b"", application)
        except OSError:
            gc.unfreeze()

    worker.handle_error = handle_error
