"""Codex without a terminal: `codex exec --json`. https://developers.openai.com/codex/noninteractive

It tells whole items, no deltas. An `error` line may be followed by success (it reconnects): only `turn.failed` is one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from gateway.upstreams.cli.tool import Plain, Task, Told, short

_STATUS = re.compile(r"\bstatus:? (\d{3})\b")
_TYPES = {"invalid_request_error": 400, "rate_limit_error": 429, "server_error": 502}


class Codex(Plain):
    def arguments(self, task: Task) -> list[str]:
        return [
            "exec",
            "--json",
            "--ephemeral",
            "--skip-git-repo-check",
            "--color=never",
            f"--sandbox={task.sandbox}",
            "--config=approval_policy=never",
            *([f"--model={task.model}"] if task.model else []),
            "-",
        ]

    def reader(self) -> CodexReader:
        return CodexReader()


class CodexReader:
    def __init__(self) -> None:
        self._spoke = False
        self._last_error = ""
        self._begun: set[str] = set()

    def read(self, line: dict[str, Any]) -> list[Told]:
        match line.get("type"):
            case "thread.started":
                return [Told(session=str(line.get("thread_id") or ""))]
            case "item.started":
                item = line.get("item")
                return self._begin(item) if isinstance(item, dict) else []
            case "item.completed":
                item = line.get("item")
                return self._item(item) if isinstance(item, dict) else []
            case "error":
                self._last_error = str(line.get("message") or "")
            case "turn.failed":
                error = line.get("error")
                message = error.get("message") if isinstance(error, dict) else None
                return [_failed(str(message or self._last_error or "the turn failed"))]
            case "turn.completed":
                return [Told(usage=_usage(line.get("usage")), done=True)]
        return []

    def _begin(self, item: dict[str, Any]) -> list[Told]:
        """A command that takes its time is shown when it begins; quick ones are told only when they are over."""
        if item.get("type") != "command_execution":
            return []
        self._begun.add(str(item.get("id")))
        return [Told(thought=f"[command] {short(item.get('command'))}\n")]

    def _item(self, item: dict[str, Any]) -> list[Told]:
        kind, text = item.get("type") or item.get("item_type"), item.get("text")
        match kind:
            case "agent_message" | "assistant_message" if isinstance(text, str) and text:
                joint = "\n\n" if self._spoke else ""
                self._spoke = True
                return [Told(text=joint + text)]
            case "reasoning" if isinstance(text, str) and text:
                return [Told(thought=text + "\n")]
            case "command_execution":
                began = [] if str(item.get("id")) in self._begun else self._begin(item)
                return [*began, Told(thought=f"[result] {short(item.get('aggregated_output') or '')}\n")]
            case "mcp_tool_call" | "web_search" | "file_change" | "todo_list":
                told = item.get("query") or item.get("tool") or item.get("changes") or item.get("items") or ""
                return [Told(thought=f"[{kind}] {short(told)}\n")]
        return []


def _usage(usage: Any) -> dict[str, Any] | None:
    """Cached tokens are part of the input, reasoning part of the output. None where nothing is told."""
    told = {name: value for name, value in usage.items() if type(value) is int} if isinstance(usage, dict) else {}
    prompt, answer = told.get("input_tokens", 0), told.get("output_tokens", 0)
    if not prompt + answer:
        return None
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": told.get("cached_input_tokens", 0)},
        "completion_tokens_details": {"reasoning_tokens": told.get("reasoning_output_tokens", 0)},
    }


def _failed(message: str) -> Told:
    """The message is a sentence with a status, or the provider's own error document."""
    found = _STATUS.search(message)
    if found:
        return Told(failure=message.partition(", url:")[0], status=int(found[1]))
    try:
        error = json.loads(message)["error"]
        return Told(failure=str(error["message"]), status=_TYPES.get(error.get("type"), 0))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Told(failure=message)


TOOL = Codex()
