"""Command-line assistants (claude, codex, gemini): every request is one run of the tool on this machine.

Nothing of a request becomes part of a command line but the model's name, as the value of one argument; the prompt
goes by stdin. Sandbox, environment and folder are the operator's and never the client's.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.model import Upstream as Settings
from gateway.config.model import is_loopback_host
from gateway.upstreams.cli.process import Process
from gateway.upstreams.cli.run import Run
from gateway.upstreams.cli.slots import Slot, Slots
from gateway.upstreams.cli.tool import Task, tool
from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Aborted, ConnectFault, HeadTimeout
from gateway.upstreams.upstream import Limits, Operation, Surroundings, Upstream

AVAILABLE_FOR_S = 30.0
SYSTEM_FOLDERS = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr")


class Cli(Upstream):
    """The limits are the tool's own `timeout_s` and the request's; while it runs it may be silent."""

    kind = "cli"
    dialect = "prompt"
    repeats = False

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._tool = tool(settings.tool)
        self._slots = Slots(settings.name, settings.max_processes, surroundings.data_dir)
        self._slots.sweep()
        self._origins = frozenset(surroundings.server.cors_origins) - {"*"}
        self._found: tuple[float, str | None] = (-AVAILABLE_FOR_S, None)
        whole = self.limits.request
        self.limits = Limits(
            first_content=settings.first_content_timeout_s or whole,
            whole=settings.first_content_timeout_s or whole,
            idle=settings.idle_timeout_s or whole,
            request=whole,
        )

    @property
    def at_once(self) -> int:
        """Those that run and those that wait; one more is a 429."""
        return self.settings.max_processes + self.settings.queue

    def bases(self) -> tuple[str, ...]:
        return ()

    def credentials(self, secret: str) -> dict[str, str]:
        return {}

    def available(self) -> str | None:
        """Looked up at most every AVAILABLE_FOR_S seconds."""
        at, program = self._found
        if time.monotonic() - at >= AVAILABLE_FOR_S:
            program = shutil.which(self.settings.command)
            # A relative path is the gateway's; the tool starts in a folder of its own.
            self._found = (time.monotonic(), program and os.path.abspath(program))
        if sys.platform == "win32":
            return "command-line tools need a POSIX system"
        if program is None:
            return f"the program {self.settings.command!r} was not found"
        return self._folder_complaint()

    def refuses(self, headers: Mapping[str, str]) -> str | None:
        """A web page of somebody else must not make this machine run a program; with "*" in cors_origins neither."""
        origin = headers.get("origin")
        if origin is None or origin in self._origins:
            return None
        parts = urlsplit(origin)
        ours = parts.scheme in ("http", "https") and parts.netloc == headers.get("host")
        if ours and is_loopback_host(parts.hostname or ""):
            return None
        return (
            f"requests of web pages from {origin[:100]!r} may not run a command-line tool here. "
            "The operator can name that origin in [server] cors_origins."
        )

    def rehearsal(self, model: str) -> str:
        """The command line a request for `model` would run, the prompt left out."""
        arguments = self._tool.arguments(
            self._task(model, "", "", Path("SYSTEM-TEXT") if self._tool.takes_system else None)
        )
        return f"Would execute: {shlex.join([self.settings.command, *arguments])} < PROMPT"

    def open(
        self,
        operation: Operation,
        model: str,
        body: bytes | None,
        *,
        secret: str,
        proxy: str = "",
        more_headers: Mapping[str, str] | None = None,
        head_timeout: float | None = None,
        deadline: float | None = None,
        on_open: Callable[[Abortable], None] | None = None,
    ) -> Exchange:
        """`body` is what protocols/prompt wrote. Waits for a free slot and starts the tool; its answer is always a
        stream. Raises TransportFault."""
        if operation not in ("generate", "stream") or body is None:
            raise ConnectFault(f"the tool {self.name} only answers prompts")
        reason = self.available()
        if reason is not None:
            raise ConnectFault(reason)
        asked: dict[str, Any] = json.loads(body)
        run = Run(
            self.name,
            self._tool.reader(),
            timeout_s=self.settings.timeout_s,
            output_limit=self.settings.max_output_mb * 1024 * 1024,
            exits=self._tool.exits,
        )
        if on_open is not None:
            on_open(run)
        try:
            slot = self._slots.take(deadline, lambda: run.aborted)
        except OSError as error:
            raise ConnectFault(f"the tool {self.name} has no folder to run in: {error.strerror or error}") from None
        if slot is None:
            if run.aborted:
                raise Aborted("the call was aborted")
            raise HeadTimeout(f"all {self.settings.max_processes} processes of the tool stayed busy")
        try:
            run.start(lambda: self._spawn(slot, run, model, asked))
        except OSError as error:
            slot.release()
            raise ConnectFault(f"the tool {self.name} cannot be started: {error.strerror or error}") from None
        except BaseException:
            slot.release()
            raise
        return Exchange(200, {"content-type": "text/event-stream"}, run)

    def _spawn(self, slot: Slot, run: Run, model: str, asked: dict[str, Any]) -> Process:
        """Raises OSError; then the slot is still the caller's."""
        settings = self.settings
        slot.prepare()
        folder = Path(settings.workdir).expanduser().resolve() if settings.workdir else slot.folder
        system_file = None
        if self._tool.takes_system and asked["system"].strip():
            system_file = slot.system_file
            with os.fdopen(os.open(system_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(asked["system"].encode("utf-8", "replace"))
        task = self._task(model, asked["prompt"], asked["system"], system_file)
        given = {**settings.dotenv, **os.environ}
        environment = {name: given[name] for name in settings.env if name in given}
        environment |= {"TMPDIR": str(slot.scratch), "NO_COLOR": "1", **self._tool.environment}
        home = Path(environment.get("HOME") or slot.folder)

        def ended() -> None:
            try:
                self._tool.forget(home, folder, run.session)
            finally:
                slot.release()

        with tempfile.TemporaryFile() as stdin:
            stdin.write(self._tool.stdin(task).encode("utf-8", "replace"))
            stdin.seek(0)
            process = Process(
                [self._found[1] or settings.command, *self._tool.arguments(task)],
                stdin=stdin,
                environment=environment,
                folder=folder,
                ended=ended,
            )
        slot.holds(process.pid)
        return process

    def _task(self, model: str, prompt: str, system: str, system_file: Path | None) -> Task:
        own = self.settings.model if model == self.settings.tool else model
        return Task(prompt, system, own, self.settings.sandbox, system_file)

    def _folder_complaint(self) -> str | None:
        if not self.settings.workdir:
            return None
        folder = Path(self.settings.workdir).expanduser()
        resolved = folder.resolve()
        if not folder.is_absolute() or not resolved.is_dir():
            return f"workdir {self.settings.workdir!r} is not a folder given by its full path"
        if resolved == Path("/") or any(resolved.is_relative_to(each) for each in SYSTEM_FOLDERS):
            return f"workdir {self.settings.workdir!r} is a folder of the system"
        return None


UPSTREAM = Cli
