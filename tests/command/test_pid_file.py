from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from gateway.command.pid_file import FILE_NAME, hold, let_go, running
from gateway.command.reload import reloaded
from gateway.config.model import Config

HOLDER = """
import signal, sys, time
from pathlib import Path
from gateway.command.pid_file import hold
signal.signal(signal.SIGHUP, lambda *_: (print("reloaded", flush=True)))
handle = hold(Path(sys.argv[1]))
print("none" if handle is None else "held", flush=True)
time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_nobody(tmp_path: Path) -> None:
    assert running(tmp_path) is None and running(tmp_path / "missing") is None


def test_a_file_of_somebody_who_is_gone_says_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(f"{os.getpid()}\n")
    assert running(tmp_path) is None
    ok, said = reloaded(Config(data_dir=tmp_path))
    assert not ok and str(tmp_path) in said


def test_it_is_found_while_it_lives_and_told(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        assert running(tmp_path) == process.pid
        assert hold(tmp_path) is None
        ok, said = reloaded(Config(data_dir=tmp_path, source="dragoman.toml"))
        assert ok and str(process.pid) in said and "dragoman.toml" in said
        assert process.stdout is not None and process.stdout.readline() == "reloaded\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
    assert running(tmp_path) is None


def test_letting_go_removes_it(tmp_path: Path) -> None:
    handle = hold(tmp_path)
    assert handle is not None and running(tmp_path) == os.getpid()
    let_go(tmp_path, handle)
    assert not (tmp_path / FILE_NAME).exists() and running(tmp_path) is None
