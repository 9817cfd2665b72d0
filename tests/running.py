"""The real server as a subprocess, for tests: gunicorn on a free loopback port with its own folder.

    with RunningGateway(config_toml) as gateway:
        requests.get(gateway.url + "/healthz")

Its log is printed when it stops, so pytest shows it with a failing test.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOG_SHOWN = 20_000
_FORGOTTEN = (
    "API_KEYS", "GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PROJECTS", "HOST", "GOOGLE_API_BASE",
    "TOKEN_ROTATION_COUNT", "SSE_HEARTBEAT_INTERVAL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_TOKEN_URL",
    "DRAGOMAN_OVERRIDES", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY",
    "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
)  # fmt: skip


class RunningGateway:
    """Started and answering when the constructor returns; `stop` ends it.

    `config_toml` is the whole dragoman.toml, without host and port; one worker unless it or `workers` says otherwise.
    `worker_class` None is the gateway's own. `arguments` go to gunicorn's command line, `env` to its environment.
    With `unix=True` it listens on `socket_path` and has no port.
    """

    def __init__(
        self,
        config_toml: str = "",
        worker_class: str | None = None,
        *,
        workers: int = 1,
        arguments: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        unix: bool = False,
        start_timeout_s: float = 30.0,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-test-"))
        self.config_file = self.folder / "dragoman.toml"
        self.data = self.folder / "data"
        self.data.mkdir()
        self.socket_path = self.folder / "gateway.sock" if unix else None
        self._log_file = self.folder / "log"
        self._arguments = [f"--workers={workers}", *arguments]
        if worker_class:
            self._arguments.append(f"--worker-class={worker_class}")
        self._env = env or {}
        self._workers = workers
        self._start_timeout_s = start_timeout_s
        self.configure(config_toml)
        self.port = 0
        self.process = self._start()
        self._await_answer()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The master's."""
        return self.process.pid

    def workers(self) -> list[int]:
        """Pids of the worker processes, sorted. The embedded model's supervisor would be among them."""
        found: list[int] = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
        return sorted(found)

    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def wait_for_log(self, text: str, count: int = 1, timeout_s: float = 10.0) -> None:
        """Returns once `text` stands `count` times in the log."""
        deadline = time.monotonic() + timeout_s
        while self.log().count(text) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} not {count} times in the log:\n{self.log()}")
            time.sleep(0.02)

    def configure(self, config_toml: str) -> None:
        """Writes dragoman.toml; `signal(SIGHUP)` has it read."""
        self.config_file.write_text(config_toml)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def connect(self, timeout_s: float = 10.0) -> socket.socket:
        """A bare connection, for tests that write HTTP by hand."""
        if self.socket_path is not None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout_s)
            connection.connect(str(self.socket_path))
            return connection
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def wait(self, timeout_s: float) -> int:
        """The exit status, once the master has ended by itself."""
        return self.process.wait(timeout_s)

    def stop(self, grace_s: float = 10.0) -> None:
        """SIGTERM, after `grace_s` SIGKILL to its process group; its folder goes, its log is printed."""
        if self.process.poll() is None and grace_s > 0:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        if self.folder.exists():
            print(f"--- log of the gateway, pid {self.pid}\n{self.log()[-LOG_SHOWN:]}")
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill_and_restart(self) -> None:
        """kill -9 for all of its processes at once, then a new start over the same folder, on another port."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        print(f"--- log of the gateway that was killed, pid {self.pid}\n{self.log()[-LOG_SHOWN:]}")
        self.process = self._start()
        self._await_answer()

    def __enter__(self) -> RunningGateway:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> subprocess.Popen[Any]:
        environment = {name: value for name, value in os.environ.items() if name not in _FORGOTTEN}
        environment |= {
            "DRAGOMAN_CONFIG": str(self.config_file),
            "DRAGOMAN_DATA": str(self.data),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        arguments = list(self._arguments)
        if self.socket_path is None:
            self.port = free_port()
            environment["PORT"] = str(self.port)
        else:
            arguments.append(f"--bind=unix:{self.socket_path}")
        with self._log_file.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), *arguments, "app:app"],
                cwd=self.folder,
                env=environment | self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await_answer(self) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        try:
            while not self._answers():
                if self.process.poll() is not None:
                    if "another program listens there" in self.log() and time.monotonic() < deadline:
                        self.process = self._start()
                        continue
                    raise RuntimeError(f"the gateway ended with {self.process.returncode}:\n{self.log()}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the gateway did not answer in {self._start_timeout_s} s:\n{self.log()}")
                time.sleep(0.05)
            if "Booting worker" in self.log():
                self.wait_for_log("Worker ready", self._workers, self._start_timeout_s)
        except BaseException:
            self.stop(grace_s=0)
            raise

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.sock = self.connect(5)
            connection.request("GET", "/healthz")
            return connection.getresponse().status in (200, 401) and self.process.poll() is None
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
