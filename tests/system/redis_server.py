"""Debian's redis-server on a free loopback port, with a temporary folder of its own."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

from tests.running import free_port


class RedisServer:
    """Running when the constructor returns. `stop` and `start` again keep the port and, unless killed, the data."""

    def __init__(self, password: str = "", *arguments: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-redis-"))
        self.port = free_port()
        self.password = password
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def url(self, *, user: str = "", password: str | None = None, db: int = 0, **options: str) -> str:
        password = self.password if password is None else password
        who = f"{quote(user)}:{quote(password, safe='')}@" if password else ""
        return f"redis://{who}127.0.0.1:{self.port}/{db}{'?' + urlencode(options) if options else ''}"

    @property
    def socket_path(self) -> Path:
        return self.folder / "redis.sock"

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        arguments += ["--unixsocket", str(self.socket_path), "--appendonly", "yes", "--save", ""]
        arguments += ["--requirepass", self.password] if self.password else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(["redis-server", *arguments, *self._arguments], stdout=log, stderr=log)
        until = time.monotonic() + 15
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-DENIED")):
                    return
            assert time.monotonic() < until and self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def hang(self) -> None:
        """It holds its connections and answers nothing, until `go_on`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> str:
        """redis-cli's answer."""
        given = ["-a", self.password, "--no-auth-warning"] if self.password else []
        told = subprocess.run(
            ["redis-cli", "-p", str(self.port), *given, *words], capture_output=True, text=True, timeout=10, check=True
        )
        return told.stdout.strip()

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            process.wait(10)
