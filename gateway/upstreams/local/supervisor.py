"""What keeps the local model running: `python -m gateway.upstreams.local.supervisor --state FILE`.

It is tied to its starter by a pipe on stdin: the pipe's end, SIGTERM, SIGINT or SIGHUP ends the model
process, removes the state file and ends the supervisor. Its exit status is 0 in any case: what went wrong is
in the state file (`gateway.upstreams.local.state`) and on stderr.
"""

import argparse
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gateway.upstreams.local import model, state
from gateway.upstreams.local.life import Exited, Life, Listening, Notice, Refused
from gateway.upstreams.local.process import module_command, wait_for_end_of
from gateway.upstreams.local.state import State

DELAYS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
HEALTHY_AFTER_S = 60.0
FAILED_STARTS = 3
START_TIMEOUT_S = 120.0
ADVICE = "this is a demonstration model: add a real account with GEMINI_API_KEY=... make run"


def say(text: str) -> None:
    # The terminal may be gone; that is no reason to end.
    with suppress(OSError, ValueError):
        print(f"local model: {text}", file=sys.stderr, flush=True)


class Ended(Exception):
    """The starter has gone or asked for the end."""


class Supervisor:
    """Runs `command` (which speaks as `gateway.upstreams.local.child` does) until the starter is gone.

    `delays_s`: waits before the first, second, ... restart, the last one repeated; they begin anew after a
    life in which the child served for `healthy_after_s`. `failed_starts`: that many lives in a row which
    never came to listen are final. A child that does not listen within `start_timeout_s` is ended and
    counts as one.
    """

    def __init__(
        self,
        state_file: Path,
        command: Sequence[str],
        *,
        delays_s: Sequence[float] = DELAYS_S,
        healthy_after_s: float = HEALTHY_AFTER_S,
        failed_starts: int = FAILED_STARTS,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self._file = state_file
        self._command = list(command)
        self._delays_s = tuple(delays_s)
        self._healthy_after_s = healthy_after_s
        self._failed_starts = failed_starts
        self._start_timeout_s = start_timeout_s
        # SimpleQueue, because a signal handler may put while the main thread is inside get.
        self._notices: queue.SimpleQueue[tuple[int, Notice] | None] = queue.SimpleQueue()
        self._life_number = 0
        self._written: tuple[int, int] | None = None

    def run(self, parent: int = 0) -> None:
        """Returns when the end was asked for, or when the child failed for good (the state file then stays).

        To be called in the main thread; takes over SIGTERM, SIGINT and SIGHUP. `parent`: the starter's pid.
        """
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self._notices.put(None))
        threading.Thread(target=self._watch_starter, args=(parent,), daemon=True).start()
        try:
            self._keep_running()
        except Ended:
            self._remove_own_file()

    def fail(self, message: str) -> None:
        self._write(State("failed", message=message))
        say(message)

    def _watch_starter(self, parent: int) -> None:
        wait_for_end_of(0, parent)
        self._notices.put(None)

    def _keep_running(self) -> None:
        loading = f"loading {model.DISPLAY_NAME} ..."
        self._write(State("starting", message=loading))
        say(loading)
        deaths = starts_failed = 0
        while True:
            served_s, reason = self._live()
            if served_s is None:
                starts_failed += 1
                if starts_failed >= self._failed_starts:
                    self.fail(f"did not start in {starts_failed} attempts, given up; the last time: {reason}")
                    return
                what = f"did not start ({reason})"
            else:
                starts_failed = 0
                if served_s >= self._healthy_after_s:
                    deaths = 0
                what = f"has ended unexpectedly ({reason})"
            delay = self._delays_s[min(deaths, len(self._delays_s) - 1)]
            deaths += 1
            message = f"{what}; next attempt in {delay:g} s"
            self._write(State("restarting", message=message))
            say(message)
            self._pause(delay)

    def _live(self) -> tuple[float | None, str]:
        """One life of the child: how long it listened (None: never), and why it ended. Raises Ended."""
        self._life_number += 1
        number = self._life_number
        started = time.monotonic()
        try:
            life = Life(self._command, lambda notice: self._notices.put((number, notice)))
        except OSError as error:
            return None, f"{self._command[0]} cannot be run: {error.strerror}"
        listening_since: float | None = None
        refusal = ""
        try:
            while True:
                until = None if listening_since is not None else started + self._start_timeout_s
                notice = self._next(until)
                if notice is None:
                    return None, f"it did not listen within {self._start_timeout_s:g} s"
                if isinstance(notice, Listening):
                    listening_since = time.monotonic()
                    took = listening_since - started
                    message = f"ready in {took:.1f} s on 127.0.0.1:{notice.port}; {ADVICE}"
                    self._write(State("ready", notice.port, life.key, pid=life.pid, message=message))
                    say(message)
                elif isinstance(notice, Refused):
                    refusal = notice.message
                elif isinstance(notice, Exited):
                    served_s = None if listening_since is None else time.monotonic() - listening_since
                    return served_s, refusal or notice.reason
        finally:
            life.end()

    def _next(self, until: float | None) -> Notice | None:
        """The present life's next notice; None when `until` (time.monotonic()) has passed. Raises Ended."""
        while True:
            timeout = None if until is None else max(0.0, until - time.monotonic())
            try:
                item = self._notices.get(timeout=timeout)
            except queue.Empty:
                return None
            if item is None:
                raise Ended
            number, notice = item
            if number == self._life_number:
                return notice

    def _pause(self, seconds: float) -> None:
        self._life_number += 1
        self._next(time.monotonic() + seconds)

    def _write(self, new: State) -> None:
        try:
            state.write(self._file, new)
            status = os.stat(self._file)
            self._written = (status.st_dev, status.st_ino)
        except OSError as error:
            say(f"{self._file} cannot be written: {error.strerror}")

    def _remove_own_file(self) -> None:
        """Unless another supervisor, of a gateway restarted meanwhile, has put its own in that place."""
        with suppress(OSError):
            status = os.stat(self._file)
            if (status.st_dev, status.st_ino) == self._written:
                os.unlink(self._file)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gateway.upstreams.local.supervisor")
    parser.add_argument("--state", type=Path, required=True, metavar="FILE", help="where to write the state")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="end also when it is gone")
    options = parser.parse_args(arguments)
    supervisor = Supervisor(options.state, module_command(sys.executable, "gateway.upstreams.local.child"))
    reason = model.available()
    if reason is not None:
        supervisor.fail(f"cannot be started: {reason}")
        return 0
    supervisor.run(options.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
