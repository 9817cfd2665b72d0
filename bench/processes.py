"""The processes of a run: started on their core, looked at in /proc, ended by their ids."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_NOT_HANDED_ON = ("_API_KEY", "API_KEYS", "PROJECTS", "HOST", "PORT", "DRAGOMAN_", "GUNICORN_", "_PROXY", "_proxy")
END_S = 10.0


def cores() -> tuple[int, int]:
    """(for the upstream and the load, for what is measured); the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


class Process:
    """A child and its children, pinned to one core. `log` is a temporary file with what it said on stderr."""

    def __init__(
        self, arguments: list[str], core: int, *, env: dict[str, str] | None = None, pipes: bool = False
    ) -> None:
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        ours = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})
        try:
            self._child: subprocess.Popen[str] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**_environment(), **(env or {})},
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else self.log,
                stderr=self.log,
                text=True,
            )
        finally:
            os.sched_setaffinity(0, ours)

    def ask(self, line: str) -> str:
        """One line in, one line out; "" when the process has ended."""
        assert self._child.stdin is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        return self.read()

    def read(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()

    def running(self) -> bool:
        return self._child.poll() is None

    def pids(self) -> list[int]:
        """Itself and everything it started."""
        found = [self._child.pid]
        for pid in found:
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                continue
        return found

    def cpu(self) -> float:
        """Seconds of processor time so far, all processes together (proc(5): utime, stime)."""
        return sum(int(each[11]) + int(each[12]) for each in map(_stat, self.pids()) if each) / _TICKS

    def busy_s(self) -> float:
        """As `cpu` to the nanosecond, without threads that have ended (Documentation/scheduler/sched-stats)."""
        return sum(_on_cpu_ns(pid) for pid in self.pids()) / 1e9

    def rss_mb(self) -> float:
        return sum(_rss_kb(pid) for pid in self.pids()) / 1024

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()[-4000:].decode("utf-8", "replace")

    def end(self) -> None:
        """SIGTERM, then SIGKILL for whoever is still there."""
        pids = self.pids()
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self._child.wait(END_S)
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()
        self.log.close()


def wait_until(ready: Any, process: Process, seconds: float) -> float:
    """Seconds until `ready()` was true. Raises RuntimeError with the process's own words when it never is."""
    began = time.perf_counter()
    while not ready():
        if not process.running() or time.perf_counter() - began > seconds:
            raise RuntimeError(f"the process did not come up in {seconds} s:\n{process.said()}")
        time.sleep(0.005)
    return time.perf_counter() - began


def _environment() -> dict[str, str]:
    """Ours, without what configures a gateway or sends its traffic elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not any(word in name for word in _NOT_HANDED_ON)}
    return {**kept, "PYTHONPATH": str(ROOT)}


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _on_cpu_ns(pid: int) -> int:
    found = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            found += int(task.read_text().split()[0])
        except OSError:
            continue
    return found


def _rss_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
