"""Claude Code without a terminal. https://docs.anthropic.com/en/docs/claude-code/headless"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.house import KEY
from tests.clients.process import MODULES, Ended, run

PROGRAM = MODULES / "@anthropic-ai" / "claude-code-linux-x64" / "claude"
MODEL = "claude-sonnet-4-5"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_GROWTHBOOK": "1",
}


@dataclass(frozen=True, slots=True)
class Said:
    """`events` are the lines of its stream-json; the last one is the result."""

    ended: Ended
    events: list[dict[str, Any]]

    @property
    def result(self) -> dict[str, Any]:
        assert self.events and self.events[-1]["type"] == "result", str(self.ended)
        return self.events[-1]

    @property
    def text(self) -> str:
        """Of an answer that it holds for a success."""
        assert self.ended.code == 0 and not self.result["is_error"], str(self.ended)
        return str(self.result["result"])

    @property
    def failed(self) -> bool:
        return self.ended.code != 0 and self.result["is_error"]

    @property
    def tool_results(self) -> list[Any]:
        """Contents of the tool results it sends back."""
        return [
            block.get("content")
            for event in self.events
            if event["type"] == "user" and isinstance(event["message"]["content"], list)
            for block in event["message"]["content"]
            if block["type"] == "tool_result"
        ]


def ask(
    url: str,
    home: Path,
    prompt: str,
    *arguments: str,
    model: str = MODEL,
    env: Mapping[str, str] = {},
    said: str = "",
    timeout_s: float = 60.0,
) -> Said:
    """`env` may bring a credential of its own (ANTHROPIC_AUTH_TOKEN); `said` goes to stdin."""
    environment = {"ANTHROPIC_BASE_URL": url, **QUIET, **env}
    if "ANTHROPIC_AUTH_TOKEN" not in env:
        environment.setdefault("ANTHROPIC_API_KEY", KEY)
    head = [PROGRAM, "-p", *([prompt] if prompt else ()), "--model", model]
    form = ["--output-format", "stream-json", "--verbose", "--allowedTools", "Bash Read"]
    ended = run([*head, *form, *arguments], home, environment, said, timeout_s)
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    return Said(ended, events)
