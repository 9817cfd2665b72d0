"""One life of the model process: started with a fresh key, listened to, ended."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.upstreams.local.process import module_environment

END_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Listening:
    port: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The child said itself why it could not start."""

    message: str


@dataclass(frozen=True, slots=True)
class Exited:
    reason: str


Notice = Listening | Refused | Exited


class Life:
    """A running child; `tell` is called from another thread with what happens to it, Exited last and once.

    Raises OSError when the program cannot be started at all.
    """

    def __init__(self, command: Sequence[str], tell: Callable[[Notice], None]) -> None:
        self.key = os.urandom(24).hex()
        self._tell = tell
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=module_environment(os.environ),
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        with suppress(OSError):
            self._stdin.write(self.key.encode() + b"\n")

    def _listen(self) -> None:
        with self._stdout:
            for line in iter(self._stdout.readline, b""):
                self._understand(line)
        self._tell(Exited(exit_reason(self._process.wait())))

    def _understand(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            if event["event"] == "listening":
                self._tell(Listening(int(event["port"])))
            elif event["event"] == "failed":
                self._tell(Refused(str(event["message"])))
        except (ValueError, KeyError, TypeError):
            print("local model:", line.decode(errors="replace").rstrip()[:500], file=sys.stderr)

    def end(self) -> None:
        """Closes the child's stdin, which ends it; kills it when that took longer than END_GRACE_S."""
        with suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(END_GRACE_S)


def exit_reason(code: int) -> str:
    """`code` as subprocess gives it: negative for a signal."""
    if code >= 0:
        return f"it exited with status {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
