"""Gemini CLI without a terminal. https://github.com/google-gemini/gemini-cli"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.house import KEY
from tests.clients.process import MODULES, NODE, Ended, run

PROGRAM = MODULES / "@google" / "gemini-cli" / "bundle" / "gemini.js"
MODEL = "gemini-2.5-flash"
SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
    "general": {"enableAutoUpdate": False, "maxAttempts": 1},
    "telemetry": {"enabled": False},
    "privacy": {"usageStatisticsEnabled": False},
}


@dataclass(frozen=True, slots=True)
class Said:
    """`events` are the lines of its stream-json."""

    ended: Ended
    events: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def succeeded(self) -> bool:
        results = self.of("result")
        return self.ended.code == 0 and bool(results) and results[-1]["status"] == "success"

    @property
    def failed(self) -> bool:
        """It says so, and nothing in its output says the contrary.

        Its exit code is 0 all the same after a stream without a finish reason: it knows no error events.
        """
        results = [event["status"] for event in self.of("result")]
        return "success" not in results and (self.ended.code != 0 or (results == ["error"] and bool(self.of("error"))))

    @property
    def text(self) -> str:
        """Of an answer that it holds for a success, after the last tool result."""
        assert self.succeeded, str(self.ended)
        said = ""
        for event in self.events:
            if event["type"] == "tool_result":
                said = ""
            elif event["type"] == "message" and event["role"] == "assistant":
                said += event["content"]
        return said


def ask(url: str, home: Path, prompt: str, *arguments: str, model: str = MODEL, timeout_s: float = 90.0) -> Said:
    settings = home / ".gemini"
    settings.mkdir(exist_ok=True)
    (settings / "settings.json").write_text(json.dumps(SETTINGS))
    env = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_CLI_NO_RELAUNCH": "true"}
    form = ["--skip-trust", "--yolo", "--output-format", "stream-json"]
    ended = run([NODE, PROGRAM, "-p", prompt, "-m", model, *form, *arguments], home, env, timeout_s=timeout_s)
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    return Said(ended, events)
