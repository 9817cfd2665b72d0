"""What the house knows of a command-line assistant. One file a tool; a file names its object `TOOL`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol


@dataclass(slots=True, frozen=True)
class Task:
    """One run: `model` "" for the tool's own; `system_file` is a file with the system text, None without one."""

    prompt: str
    system: str
    model: str
    sandbox: str
    system_file: Path | None = None


@dataclass(slots=True)
class Told:
    """Something a tool said on one line. Any of it may be empty.

    `usage` in OpenAI's shape, cumulative; `failure` what went wrong and `status` as HTTP knows it (0: unknown);
    `done`: the answer is complete; `finish` OpenAI's word; `session` the tool's name of this run.
    """

    text: str = ""
    thought: str = ""
    usage: dict[str, Any] | None = None
    failure: str = ""
    status: int = 0
    done: bool = False
    finish: str = "stop"
    session: str = ""


class Reader(Protocol):
    """Of one run's output: what each JSON object of a line means."""

    def read(self, line: dict[str, Any]) -> list[Told]: ...


class Tool(Protocol):
    """`arguments` everything after the program's name, never the prompt; `stdin` what it reads there; `takes_system`
    says that the system text goes by `Task.system_file`; `environment` what it is told besides the operator's
    variables; `exits` what HTTP calls the exit codes that say why, of a run that told nothing itself; `forget` removes
    what a run leaves behind (`home` as the tool sees it, `folder` where it ran)."""

    takes_system: bool
    environment: Mapping[str, str]
    exits: Mapping[int, int]

    def arguments(self, task: Task) -> list[str]: ...

    def stdin(self, task: Task) -> str: ...

    def reader(self) -> Reader: ...

    def forget(self, home: Path, folder: Path, session: str) -> None: ...


@dataclass(slots=True)
class Plain:
    """What most tools have in common: the system text is said before the prompt, and a run leaves nothing."""

    takes_system: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    exits: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def stdin(self, task: Task) -> str:
        if self.takes_system or not task.system.strip():
            return task.prompt
        return f"<instructions>\n{task.system}\n</instructions>\n\n{task.prompt}"

    def forget(self, home: Path, folder: Path, session: str) -> None:
        pass


def tool(name: str) -> Tool:
    """The tool of that name (`gateway.config.model.TOOLS`)."""
    found: Tool = importlib.import_module(f"gateway.upstreams.cli.{name}").TOOL
    return found


def short(value: Any, limit: int = 200) -> str:
    """A tool's argument or result in one line, for the reasoning that is shown."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
