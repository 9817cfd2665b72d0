"""Gemini CLI without a terminal. https://geminicli.com/docs/cli/headless/

It repeats the prompt as a message of the user, which is no answer. It keeps every conversation in
~/.gemini/tmp/<project>/chats and has no switch against that, so a run's own folder there is removed when it ends.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from gateway.upstreams.cli.tool import Plain, Task, Told, short

_SANDBOX = {"read-only": "default", "workspace-write": "auto_edit", "danger-full-access": "yolo"}
NO_LOGIN = 41
"""FATAL_AUTHENTICATION_ERROR of its exit codes; only stderr says more."""
_SESSION = re.compile(r"[0-9A-Za-z-]{8,64}")
_API_ERROR = re.compile(r"\[API Error: (\{.*\})\]", re.S)
_LIMITED = re.compile(r"\[API Error: (.*?)\]\n(?=.*\bquota\b)", re.S)
"""Of a 429 it tells only the provider's words, and below them its own advice about quota."""


class Gemini(Plain):
    def __init__(self) -> None:
        super().__init__(environment={"GEMINI_CLI_NO_RELAUNCH": "true"}, exits={NO_LOGIN: 401})

    def arguments(self, task: Task) -> list[str]:
        return [
            "--output-format=stream-json",
            "--skip-trust",
            f"--approval-mode={_SANDBOX[task.sandbox]}",
            *([f"--model={task.model}"] if task.model else []),
        ]

    def reader(self) -> GeminiReader:
        return GeminiReader()

    def forget(self, home: Path, folder: Path, session: str) -> None:
        """The project is named after the folder it ran in; one that existed before keeps its other conversations."""
        if not _SESSION.fullmatch(session):
            return
        with contextlib.suppress(OSError):
            for chat in (home / ".gemini" / "tmp").glob(f"*/chats/session-*-{session[:8]}.json*"):
                chat.unlink(missing_ok=True)
        if folder.name.startswith("dragoman-"):
            for place in ("tmp", "history"):
                shutil.rmtree(home / ".gemini" / place / folder.name, ignore_errors=True)


class GeminiReader:
    def __init__(self) -> None:
        self._apart = False
        self._spoke = False

    def read(self, line: dict[str, Any]) -> list[Told]:
        match line.get("type"):
            case "init":
                return [Told(session=str(line.get("session_id") or line.get("sessionId") or ""))]
            case "message" if line.get("role") in ("assistant", "model"):
                text = line.get("content")
                if not isinstance(text, str) or not text:
                    return []
                joint = "\n\n" if self._apart and self._spoke else ""
                self._apart, self._spoke = False, True
                return [Told(text=joint + text)]
            case "thought" | "thinking":
                return [Told(thought=str(line.get("content") or line.get("text") or ""))]
            case "tool_use":
                self._apart = True
                name, asked = line.get("tool_name") or line.get("name"), line.get("parameters") or line.get("args")
                return [Told(thought=f"\n[{name}] {short(asked)}\n")]
            case "tool_result":
                self._apart = True
                return [Told(thought=f"[result] {short(line.get('output') or '')}\n")]
            case "result":
                return self._result(line)
        return []

    @staticmethod
    def _result(line: dict[str, Any]) -> list[Told]:
        error = line.get("error")
        if error or line.get("status") == "error":
            return [_failed(error)]
        return [Told(usage=_usage(line.get("stats")), done=True)]


def _failed(error: Any) -> Told:
    message = str(error.get("message") or "") if isinstance(error, dict) else str(error or "")
    found = _API_ERROR.search(message)
    if found:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            inner = json.loads(found[1])["error"]
            return Told(failure=str(inner["message"]), status=int(inner["code"]))
    limited = _LIMITED.search(message)
    if limited:
        return Told(failure=limited[1], status=429)
    return Told(failure=message or "the run failed")


def _usage(stats: Any) -> dict[str, Any] | None:
    """None where nothing is told."""
    told = {name: value for name, value in stats.items() if type(value) is int} if isinstance(stats, dict) else {}
    prompt, answer = told.get("input_tokens", 0), told.get("output_tokens", 0)
    if not prompt + answer:
        return None
    return {
        "prompt_tokens": prompt,
        "completion_tokens": max(answer, told.get("total_tokens", 0) - prompt),
        "total_tokens": max(prompt + answer, told.get("total_tokens", 0)),
        "prompt_tokens_details": {"cached_tokens": told.get("cached", 0)},
    }


TOOL = Gemini()
