"""A gateway before a fake tool, and what that tool noted."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.upstreams.cli.slots import runs_folder
from tests.gateways import InProcess

FAKE = Path(__file__).with_name("fake_tool.py")


@dataclass
class Tools:
    gateway: InProcess
    notes_file: Path

    def post(self, body: dict[str, Any], path: str = "/openai/v1/chat/completions", **headers: str) -> Any:
        """The response of `requests`."""
        return requests.post(self.gateway.url + path, json=body, headers=headers, timeout=20)

    def fresh(self) -> None:
        """No run is noted and no account rests."""
        self.notes_file.unlink(missing_ok=True)
        self.gateway.revive()

    def notes(self, event: str = "began") -> list[dict[str, Any]]:
        if not self.notes_file.exists():
            return []
        found = [json.loads(line) for line in self.notes_file.read_text().splitlines()]
        return [note for note in found if note["event"] == event]

    def pids(self) -> list[int]:
        return [note["pid"] for note in self.notes()] + [note["child"] for note in self.notes("grandchild")]

    def all_gone(self, seconds: float = 3.0, *, reaped: bool = True) -> bool:
        """Whether every process of the tool is gone (and reaped, if whose child it was still lives), in time."""
        until = time.monotonic() + seconds
        while any(alive(pid, zombie=reaped) for pid in self.pids()):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True


def alive(pid: int, *, zombie: bool = True) -> bool:
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, 0)
        return zombie or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def toml(folder: Path, **more: Any) -> str:
    """One [[upstreams]] table of the fake tool, installed into `folder` under its tool's name."""
    program = folder / f"fake-{more.get('tool', 'claude')}"
    program.write_text(f"#!{sys.executable} -S\n" + FAKE.read_text())
    program.chmod(0o755)
    table = {
        "name": "claude-cli", "kind": "cli", "tool": "claude", "command": str(program),
        "env": ["PATH", "HOME", "FAKE_NOTES"], **more,
    }  # fmt: skip
    return "[[upstreams]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())


@contextlib.contextmanager
def tools(
    folder: Path, patch: pytest.MonkeyPatch, before: str = "", after: str = "", dotenv: str = "", **more: Any
) -> Iterator[Tools]:
    notes = folder / "notes"
    patch.setenv("FAKE_NOTES", str(notes))
    patch.setenv("GATEWAY_SECRET", "sk-never-for-a-tool")
    with InProcess(before + "\n" + toml(folder, **more) + after, dotenv) as gateway:
        found = Tools(gateway, notes)
        yield found
        assert found.all_gone(8.0), "a process of the tool survived"
        shutil.rmtree(runs_folder(gateway.gateway.config.data_dir), ignore_errors=True)
