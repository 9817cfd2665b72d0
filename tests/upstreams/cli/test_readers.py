"""Lines as the tools wrote them (claude 2.1.330, codex 0.169.0, gemini 0.61.0), shortened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config.model import TOOLS
from gateway.upstreams.cli.tool import Task, Told, tool

NAMES = list(TOOLS)


def read(name: str, *lines: dict[str, Any]) -> list[Told]:
    reader = tool(name).reader()
    return [told for line in lines for told in reader.read(line)]


def text(told: list[Told]) -> str:
    return "".join(each.text for each in told)


def stream(**event: Any) -> dict[str, Any]:
    return {"type": "stream_event", "event": event, "parent_tool_use_id": None}


def start(kind: str) -> dict[str, Any]:
    return stream(type="content_block_start", index=0, content_block={"type": kind})


def delta(**delta: str) -> dict[str, Any]:
    return stream(type="content_block_delta", index=0, delta=delta)


def message(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "assistant", "message": {"content": list(blocks)}, "parent_tool_use_id": None, **more}


DONE = {"type": "result", "subtype": "success", "is_error": False, "result": "hello", "stop_reason": "end_turn"}


def test_claude_deltas_are_told_once() -> None:
    """CL-Y2."""
    told = read(
        "claude",
        stream(type="message_start", message={}),
        start("thinking"),
        delta(type="thinking_delta", thinking="hmm"),
        message({"type": "thinking", "thinking": "hmm"}),
        start("text"),
        delta(type="text_delta", text="hel"),
        delta(type="text_delta", text="lo"),
        message({"type": "text", "text": "hello"}, {"type": "tool_use", "name": "Read", "input": {"file": "x"}}),
        {**DONE, "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 4,
                           "output_tokens": 8}},
    )  # fmt: skip
    assert text(told) == "hello" and "[Read] {'file': 'x'}" in "".join(each.thought for each in told)
    assert "".join(each.thought for each in told).startswith("hmm") and told[-1].done
    assert told[-1].usage == {
        "prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15, "prompt_tokens_details": {"cached_tokens": 2},
    }  # fmt: skip


def test_claude_without_deltas_tells_every_block() -> None:
    """Not only the first (CL-Y2); else the result (CL-Y1)."""
    blocks = message({"type": "text", "text": "one"}, {"type": "text", "text": "two"})
    assert text(read("claude", blocks, DONE)) == "one\n\ntwo"
    assert text(read("claude", DONE)) == "hello"


def test_claude_a_sub_agents_words_are_its_own() -> None:
    assert read("claude", {**message({"type": "text", "text": "inner"}), "parent_tool_use_id": "t1"}) == []


def test_claude_an_error_is_no_text() -> None:
    """`is_error` and `subtype` are read (CL-Y1)."""
    synthetic = message({"type": "text", "text": "API Error: 401 no"}, error="authentication_failed")
    told = read("claude", synthetic, {**DONE, "is_error": True, "result": "API Error: 401 no", "api_error_status": 401})
    assert [(each.text, each.failure, each.status) for each in told] == [("", "API Error: 401 no", 401)]
    assert read("claude", {"type": "result", "subtype": "error_max_turns"})[0].failure == "error_max_turns"
    assert read("claude", {**DONE, "is_error": True, "result": "API Error: 529 busy"})[0].status == 529


def test_claude_without_a_login_says_so_in_one_word_only() -> None:
    synthetic = message({"type": "text", "text": "Not logged in"}, error="authentication_failed")
    told = read("claude", synthetic, {**DONE, "is_error": True, "result": "Not logged in", "api_error_status": None})
    assert [(each.failure, each.status) for each in told] == [("Not logged in", 401)]
    assert read("claude", {**DONE, "is_error": True, "result": "odd", "api_error_status": None})[0].status == 0


@pytest.mark.parametrize(("word", "finish"), [("max_tokens", "length"), ("refusal", "content_filter"), (None, "stop")])
def test_claude_finish(word: str | None, finish: str) -> None:
    assert read("claude", {**DONE, "stop_reason": word})[-1].finish == finish


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": "item_0", "type": kind, **more}}


LIMITED = "exceeded retry limit, last status: 429 Too Many Requests"


def test_codex_a_long_command_is_told_when_it_begins_and_once() -> None:
    begun = {"type": "item.started", "item": {"id": "item_0", "type": "command_execution", "command": "make"}}
    over = item("command_execution", command="make", aggregated_output="ok")
    assert [each.thought for each in read("codex", begun, over)] == ["[command] make\n", "[result] ok\n"]
    assert "".join(each.thought for each in read("codex", over)) == "[command] make\n[result] ok\n"


def test_codex_items() -> None:
    """Every agent_message; an error that a reconnect mends is none; cached tokens are part of the input (CL-Y3)."""
    usage = {"input_tokens": 11, "cached_input_tokens": 4, "output_tokens": 7, "reasoning_output_tokens": 2}
    told = read(
        "codex",
        {"type": "thread.started", "thread_id": "t"},
        {"type": "turn.started"},
        item("reasoning", text="hmm"),
        item("agent_message", text="let me see"),
        item("command_execution", command="ls", aggregated_output="a\nb"),
        {"type": "error", "message": "Reconnecting... 1/1 (stream disconnected)"},
        item("agent_message", text="done"),
        {"type": "turn.completed", "usage": usage},
    )
    assert text(told) == "let me see\n\ndone" and not any(each.failure for each in told) and told[-1].done
    assert "".join(each.thought for each in told) == "hmm\n[command] ls\n[result] a b\n"
    assert told[-1].usage == {
        "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "failure", "status"),
    [
        ("unexpected status 401 Unauthorized: no, url: http://x/v1", "unexpected status 401 Unauthorized: no", 401),
        ('{"error": {"message": "bad", "type": "invalid_request_error"}}', "bad", 400),
        (LIMITED, LIMITED, 429),
        ("stream disconnected", "stream disconnected", 0),
        ("[1]", "[1]", 0),
    ],
)
def test_codex_failures(message: str, failure: str, status: int) -> None:
    """CL-Y3."""
    (told,) = read("codex", {"type": "turn.failed", "error": {"message": message}})
    assert (told.failure, told.status) == (failure, status)


def test_gemini_the_echo_of_the_prompt_is_no_answer() -> None:
    """CL-Y5."""
    told = read(
        "gemini",
        {"type": "init", "session_id": "s-1", "model": "m"},
        {"type": "message", "role": "user", "content": "hi"},
        {"type": "message", "role": "assistant", "content": "let me", "delta": True},
        {"type": "message", "role": "assistant", "content": " see", "delta": True},
        {"type": "tool_use", "tool_name": "read_file", "parameters": {"path": "x"}},
        {"type": "tool_result", "status": "success", "output": "long"},
        {"type": "message", "role": "assistant", "content": "done", "delta": True},
        {"type": "result", "status": "success",
         "stats": {"total_tokens": 20, "input_tokens": 11, "output_tokens": 7, "cached": 3}},
    )  # fmt: skip
    assert text(told) == "let me see\n\ndone" and told[0].session == "s-1" and told[-1].done
    assert "[read_file]" in "".join(each.thought for each in told)
    assert told[-1].usage is not None and told[-1].usage["completion_tokens"] == 9


@pytest.mark.parametrize(
    ("error", "failure", "status"),
    [
        ({"message": '[API Error: {"error":{"code":401,"message":"no","status":"UNAUTHENTICATED"}}]'}, "no", 401),
        ({"message": "[API Error: slow down]\nPlease wait and request a quota increase there"}, "slow down", 429),
        ({"message": "[API Error: terminated]"}, "[API Error: terminated]", 0),
        ("odd", "odd", 0),
        (None, "the run failed", 0),
    ],
)
def test_gemini_failures(error: Any, failure: str, status: int) -> None:
    (told,) = read("gemini", {"type": "result", "status": "error", "error": error})
    assert (told.failure, told.status) == (failure, status)


def test_gemini_forgets_its_own_conversation_only(tmp_path: Path) -> None:
    """CL-P5."""

    def chat(project: str, session: str) -> Path:
        path = tmp_path / ".gemini" / "tmp" / project / "chats" / f"session-2026-{session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    ours, theirs = chat("dragoman-g-0", "aaaaaaaa"), chat("work", "bbbbbbbb")
    tool("gemini").forget(tmp_path, Path("/tmp/dragoman-g-0"), "aaaaaaaa-1111")
    assert not ours.exists() and not ours.parent.exists() and theirs.exists()
    for odd in ("", "../..", "*", "b/*"):
        tool("gemini").forget(tmp_path, Path("/tmp/work"), odd)
    assert theirs.exists()


@pytest.mark.parametrize("name", NAMES)
def test_no_line_a_tool_may_write_breaks_its_reader(name: str) -> None:
    """CL-Y6."""
    odd: list[Any] = [None, 1, "x", [], {}, [None], {"type": None}, {"content": 7}]
    kinds = ["stream_event", "assistant", "user", "result", "item.completed", "turn.failed", "turn.completed", "error",
             "thread.started", "init", "message", "tool_use", "tool_result", "thought", None, 7]  # fmt: skip
    keys = ("event", "message", "item", "error", "usage", "stats", "result", "content", "role")
    for kind in kinds:
        for value in odd:
            read(name, {"type": kind, "role": "assistant"}, {"type": kind, **dict.fromkeys(keys, value)})
            read(name, {"type": kind, "message": {"content": [value]}, "item": {"type": value, "text": value}})


@pytest.mark.parametrize("sandbox", ["read-only", "workspace-write", "danger-full-access"])
@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_holds_no_word_of_the_request(name: str, sandbox: str) -> None:
    """CL-X1, CL-X2, CL-X3, CL-P2, CL-P4."""
    each = tool(name)
    task = Task("the prompt", "the system text", "some-model", sandbox, Path("/x/y") if each.takes_system else None)
    arguments = each.arguments(task)
    assert not any(
        "prompt" in argument.replace("system-prompt-file", "") or "text" in argument for argument in arguments
    )
    assert "--model=some-model" in arguments and "the prompt" in each.stdin(task)
    assert ("the system text" in each.stdin(task)) != each.takes_system
    dangerous = ("bypassPermissions", "--sandbox=danger-full-access", "--approval-mode=yolo")
    assert any(word in arguments for word in dangerous) == (sandbox == "danger-full-access")
    assert not any(argument.startswith("--model") for argument in each.arguments(Task("p", "", "", sandbox)))


def test_claude_is_told_to_keep_nothing() -> None:
    """Lines of JSON with partial messages, which want --verbose (CL-X1); no session (CL-P5)."""
    arguments = tool("claude").arguments(Task("p", "", "", "read-only"))
    assert {"--print", "--verbose", "--include-partial-messages", "--no-session-persistence"} <= set(arguments)
    assert arguments[arguments.index("--output-format") + 1] == "stream-json"
    assert "--resume" not in arguments and not any(each.startswith("--system-prompt") for each in arguments)


def test_codex_reads_its_prompt_from_stdin() -> None:
    """CL-X2, CL-P5."""
    arguments = tool("codex").arguments(Task("p", "", "", "read-only"))
    assert arguments[:2] == ["exec", "--json"] and arguments[-1] == "-" and "--ephemeral" in arguments
    assert "--sandbox=read-only" in arguments and "--config=approval_policy=never" in arguments


def test_gemini_asks_for_lines_and_approves_nothing() -> None:
    """CL-X3."""
    arguments = tool("gemini").arguments(Task("p", "", "", "read-only"))
    assert {"--output-format=stream-json", "--approval-mode=default"} <= set(arguments)
    assert "--yolo" not in arguments and "--resume" not in arguments


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("claude", DONE),
        ("claude", {**DONE, "usage": {"input_tokens": 0, "output_tokens": 0}}),
        ("codex", {"type": "turn.completed"}),
        ("codex", {"type": "turn.completed", "usage": {"input_tokens": "many"}}),
        ("gemini", {"type": "result", "status": "success"}),
        ("gemini", {"type": "result", "status": "success", "stats": {"total_tokens": None}}),
    ],
)
def test_no_usage_is_told_as_none(name: str, line: dict[str, Any]) -> None:
    """Not as zero (CL-R16)."""
    told = read(name, line)[-1]
    assert told.usage is None and told.done
