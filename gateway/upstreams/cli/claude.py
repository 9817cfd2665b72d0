"""Claude Code without a terminal. https://docs.anthropic.com/en/docs/claude-code/headless

Settings of the user and of projects are not read (they may allow what the sandbox forbids); the login is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gateway.upstreams.cli.tool import Plain, Task, Told, short

_SANDBOX = {
    "read-only": ["--permission-mode", "default", "--disallowedTools=Bash,Edit,Write,NotebookEdit,WebFetch"],
    "workspace-write": ["--permission-mode", "acceptEdits"],
    "danger-full-access": ["--permission-mode", "bypassPermissions"],
}
_FINISH = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "content_filter"}
_STATUS = re.compile(r"API Error: (\d{3})\b")


class Claude(Plain):
    def __init__(self) -> None:
        super().__init__(
            takes_system=True,
            environment={
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_AUTOUPDATER": "1",
            },
        )

    def arguments(self, task: Task) -> list[str]:
        return [
            "--print",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-partial-messages",
            "--no-session-persistence",
            "--disable-slash-commands",
            "--strict-mcp-config",
            "--setting-sources=",
            *_SANDBOX[task.sandbox],
            *([f"--model={task.model}"] if task.model else []),
            *([f"--system-prompt-file={task.system_file}"] if task.system_file is not None else []),
        ]

    def reader(self) -> ClaudeReader:
        return ClaudeReader()


@dataclass(slots=True)
class ClaudeReader:
    """Deltas come as `stream_event`; the whole `assistant` message that repeats them counts only where none came.
    What a sub-agent says (`parent_tool_use_id`) is its own affair."""

    _streamed: bool = False
    _spoke: bool = False
    _texts: int = 0
    _login: bool = True

    def read(self, line: dict[str, Any]) -> list[Told]:
        if line.get("parent_tool_use_id"):
            return []
        match line.get("type"):
            case "stream_event":
                return self._event(_dict(line.get("event")))
            case "assistant":
                return self._message(line)
            case "user":
                return [Told(thought=f"[result] {short(text)}\n") for text in _results(line)]
            case "result":
                return self._result(line)
        return []

    def _event(self, event: dict[str, Any]) -> list[Told]:
        match event.get("type"):
            case "message_start":
                self._streamed = False
            case "content_block_start":
                self._streamed = True
                if _dict(event.get("content_block")).get("type") == "text":
                    self._texts += 1
                    return [Told(text="\n\n")] if self._texts > 1 and self._spoke else []
            case "content_block_delta":
                delta = _dict(event.get("delta"))
                if delta.get("type") == "text_delta" and isinstance(delta.get("text"), str):
                    self._spoke = self._spoke or bool(delta["text"])
                    return [Told(text=delta["text"])]
                if delta.get("type") == "thinking_delta" and isinstance(delta.get("thinking"), str):
                    return [Told(thought=delta["thinking"])]
        return []

    def _message(self, line: dict[str, Any]) -> list[Told]:
        told: list[Told] = []
        if line.get("error") or line.get("is_api_error_message"):
            # The result says it again with its status, save for that of a tool that is not logged in.
            self._login = self._login and line.get("error") != "authentication_failed"
            return []
        for block in _dicts(_dict(line.get("message")).get("content")):
            match block.get("type"):
                case "text" if not self._streamed and isinstance(block.get("text"), str):
                    joint = "\n\n" if self._spoke else ""
                    self._spoke = True
                    told.append(Told(text=joint + block["text"]))
                case "thinking" if not self._streamed and isinstance(block.get("thinking"), str):
                    told.append(Told(thought=block["thinking"]))
                case "tool_use":
                    told.append(Told(thought=f"\n[{block.get('name')}] {short(block.get('input'))}\n"))
        return told

    def _result(self, line: dict[str, Any]) -> list[Told]:
        said = line.get("result") if isinstance(line.get("result"), str) else ""
        if line.get("is_error") or line.get("subtype") not in (None, "success"):
            found = _STATUS.search(said or "")
            status = line.get("api_error_status") or (int(found[1]) if found else 0 if self._login else 401)
            why = said or "; ".join(map(str, line.get("errors") or ())) or str(line.get("subtype"))
            return [Told(failure=why, status=status if isinstance(status, int) else 0)]
        told = [Told(text=said)] if said and not self._spoke else []
        usage = _dict(line.get("usage"))
        read, written = _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")
        prompt, answer = _count(usage, "input_tokens") + read + written, _count(usage, "output_tokens")
        return [
            *told,
            Told(
                usage={
                    "prompt_tokens": prompt,
                    "completion_tokens": answer,
                    "total_tokens": prompt + answer,
                    "prompt_tokens_details": {"cached_tokens": read},
                }
                if prompt + answer
                else None,
                done=True,
                finish=_FINISH.get(str(line.get("stop_reason")), "stop"),
            ),
        ]


def _results(line: dict[str, Any]) -> list[str]:
    content = _dict(line.get("message")).get("content")
    return [str(block.get("content")) for block in _dicts(content) if block.get("type") == "tool_result"]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if type(value) is int and value >= 0 else 0


TOOL = Claude()
