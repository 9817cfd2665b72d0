"""The supervisor is replaced by fakes here: a Python that runs a script instead of the module."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.upstreams.local.start import start

ROOT = Path(__file__).resolve().parents[3]

# Stands for the interpreter: called with -P -m gateway.upstreams.local.supervisor --state FILE --parent PID.
INTERPRETER = """#!{python}
import json, os, sys, time
with open({notes!r} + ".part", "w") as notes:
    json.dump({{"pid": os.getpid(), "argv": sys.argv[1:], "session": os.getsid(0)}}, notes)
os.replace({notes!r} + ".part", {notes!r})
if {deaf}:
    time.sleep(120)
sys.stdin.read()
"""


class Fake:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes.json"

    def interpreter(self, deaf: bool = False) -> str:
        file = self.folder / "interpreter"
        file.write_text(INTERPRETER.format(python=sys.executable, notes=str(self.notes), deaf=deaf))
        file.chmod(0o755)
        return str(file)

    def noted(self) -> dict[str, Any] | None:
        return dict(json.loads(self.notes.read_text())) if self.notes.exists() else None


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


def test_start_writes_a_fresh_state_and_stop_ends(
    fake: Fake, tmp_path: Path, wait_until: Callable[..., Any], is_alive: Callable[[int], bool]
) -> None:
    data = tmp_path / "new" / "data"
    data.mkdir(parents=True)
    (data / "local-model.json").write_text('{"status": "ready", "port": 1, "key": "old"}')
    starter = start(data, interpreter=fake.interpreter())
    assert starter.state_file == data / "local-model.json"
    assert json.loads(starter.state_file.read_text())["status"] == "starting"
    noted = wait_until(fake.noted, "the fake supervisor")
    assert noted["argv"][:3] == ["-P", "-m", "gateway.upstreams.local.supervisor"]
    assert noted["argv"][3:] == ["--state", str(starter.state_file), "--parent", str(os.getpid())]
    assert noted["session"] == noted["pid"] == starter.pid
    starter.stop()
    assert not is_alive(starter.pid)
    starter.stop()


def test_stop_when_somebody_else_has_reaped_it(fake: Fake, tmp_path: Path, wait_until: Callable[..., Any]) -> None:
    starter = start(tmp_path / "data", interpreter=fake.interpreter())
    wait_until(fake.noted, "the fake supervisor")
    os.kill(starter.pid, 9)
    os.waitpid(starter.pid, 0)
    starter.stop()


def test_a_deaf_supervisor_is_killed(
    fake: Fake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[..., Any],
    is_alive: Callable[[int], bool],
) -> None:
    monkeypatch.setattr("gateway.upstreams.local.start.STOP_GRACE_S", 0.2)
    starter = start(tmp_path / "data", interpreter=fake.interpreter(deaf=True))
    wait_until(fake.noted, "the fake supervisor")
    starter.stop()
    assert not is_alive(starter.pid)


def test_no_interpreter_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError):
        start(tmp_path, interpreter=str(tmp_path / "nowhere"))
    assert len(os.listdir("/proc/self/fd")) == before


def test_stop_in_a_worker_ends_nothing(
    fake: Fake, tmp_path: Path, wait_until: Callable[..., Any], is_alive: Callable[[int], bool]
) -> None:
    starter = start(tmp_path / "data", interpreter=fake.interpreter(deaf=True))
    try:
        wait_until(fake.noted, "the fake supervisor")
        process = starter._process
        starter.after_fork()
        starter.stop()
        assert is_alive(starter.pid)
    finally:
        os.kill(starter.pid, 9)
        os.waitpid(starter.pid, 0)
    assert process is not None and process.returncode == 0


# A master that forks a worker and is then killed without a word.
MASTER = """
import os, sys, time
from pathlib import Path
from gateway.upstreams.local.start import start
starter = start(Path(sys.argv[1]), interpreter=sys.argv[2])
worker = os.fork()
if worker == 0:
    starter.after_fork()
    time.sleep(60)
    os._exit(0)
print(worker, flush=True)
time.sleep(60)
"""


def test_after_fork_lets_the_masters_death_end_the_supervisor(
    fake: Fake, tmp_path: Path, wait_until: Callable[..., Any], is_alive: Callable[[int], bool]
) -> None:
    master = subprocess.Popen(
        [sys.executable, "-c", MASTER, str(tmp_path / "data"), fake.interpreter()],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert master.stdout is not None
    worker = int(master.stdout.readline())
    try:
        supervisor = wait_until(fake.noted, "the fake supervisor")["pid"]
        master.kill()
        master.wait(timeout=10)
        wait_until(lambda: not is_alive(supervisor), "the supervisor's end")
        assert is_alive(worker)
    finally:
        master.kill()
        os.kill(worker, 9)
        master.communicate(timeout=10)
