"""Codex without a terminal. https://github.com/openai/codex"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.house import KEY
from tests.clients.process import MODULES, Ended, run

VENDOR = MODULES / "@openai" / "codex-linux-x64" / "vendor"
PROGRAM = VENDOR / f"{platform.machine()}-unknown-linux-musl" / "bin" / "codex"
MODEL = "gpt-5.5"
"""A name Codex knows: it offers apply_patch as a tool with a grammar only for these."""
CONFIG = """\
model_provider = "gateway"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.gateway]
name = "gateway"
base_url = "{url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
"""


@dataclass(frozen=True, slots=True)
class Said:
    """`events` are the lines of its --json."""

    ended: Ended
    events: list[dict[str, Any]]

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Completed items of a kind (agent_message, command_execution, file_change, ...)."""
        done = [event["item"] for event in self.events if event["type"] == "item.completed"]
        return [item for item in done if item["type"] == kind]

    @property
    def completed(self) -> bool:
        return self.ended.code == 0 and any(event["type"] == "turn.completed" for event in self.events)

    @property
    def failed(self) -> bool:
        """It says so, and nothing in its output says the contrary."""
        kinds = {event["type"] for event in self.events}
        return self.ended.code != 0 and "turn.failed" in kinds and "turn.completed" not in kinds

    @property
    def text(self) -> str:
        """The last message of a turn that it holds for completed."""
        assert self.completed, str(self.ended)
        return str(self.items("agent_message")[-1]["text"])


def ask(url: str, home: Path, prompt: str, *arguments: str, model: str = MODEL) -> Said:
    return _run(url, home, ["exec"], ["-m", model, *arguments, "--", prompt])


def resume(url: str, home: Path, prompt: str) -> Said:
    """The last session of this home goes on."""
    return _run(url, home, ["exec", "resume", "--last"], ["-m", MODEL, "--", prompt])


def _run(url: str, home: Path, command: list[str], arguments: list[str]) -> Said:
    settings = home / ".codex"
    settings.mkdir(exist_ok=True)
    (settings / "config.toml").write_text(CONFIG.format(url=url))
    ended = run([PROGRAM, *command, "--skip-git-repo-check", "--json", *arguments], home, {"GATEWAY_KEY": KEY})
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    return Said(ended, events)
