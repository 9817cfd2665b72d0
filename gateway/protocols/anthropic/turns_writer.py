"""Turns to `system` and `messages`: one user, one assistant, in turn, beginning with a user."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Part, Text, ToolResult
from gateway.protocols.anthropic.blocks_writer import BlocksWriter, plain_or_blocks
from gateway.protocols.anthropic.fields import AS_BLOCKS, IN_MESSAGES, marked, own

FILLER = "."
"""Text of a user message that must exist though the client wrote none."""
GO_ON = "Continue."


def write_system(turns: list[Turn], writer: BlocksWriter) -> str | list[dict[str, Any]] | None:
    """All system and developer texts in order, save those an Anthropic client put inside `messages`."""
    blocks: list[dict[str, Any]] = []
    as_blocks = False
    for number, turn in enumerate(turns):
        if turn.role in ("system", "developer") and not marked(turn.extras, IN_MESSAGES):
            blocks += writer.blocks(turn.parts, "system", f"turns[{number}]")
            as_blocks = as_blocks or marked(turn.extras, AS_BLOCKS)
    return plain_or_blocks(blocks, as_blocks) or None


def write_messages(turns: list[Turn], writer: BlocksWriter, trailing_assistant: bool) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(turns):
        in_messages = marked(turn.extras, IN_MESSAGES)
        if turn.role in ("system", "developer") and not in_messages:
            continue
        if turn.name:
            writer.losses.append(Loss(f"turns[{number}].name", "Anthropic Messages has no names of speakers"))
        message = _message(turn, writer, f"turns[{number}]")
        if message is None:
            continue
        if messages and messages[-1]["role"] == message["role"]:
            messages[-1] = _merged(messages[-1], message)
        else:
            messages.append(message)
    if not any(message["role"] != "system" for message in messages) or _first_role(messages) == "assistant":
        messages.insert(0, {"role": "user", "content": FILLER})
    return _end(messages, writer, trailing_assistant)


def _first_role(messages: list[dict[str, Any]]) -> str:
    return next(str(message["role"]) for message in messages if message["role"] != "system")


def _message(turn: Turn, writer: BlocksWriter, path: str) -> dict[str, Any] | None:
    role: Any = "system" if turn.role == "developer" else turn.role
    parts = turn.parts
    if len(parts) == 1 and type(parts[0]) is Text and not parts[0].extras and not turn.extras:
        return {"role": role, "content": parts[0].text} if parts[0].text.strip() else None
    if role == "user":
        parts = _results_first(parts)
    blocks = writer.blocks(parts, role, path)
    if not blocks:
        return None
    content = plain_or_blocks(blocks, marked(turn.extras, AS_BLOCKS))
    return {"role": role, "content": content, **own(turn.extras)}


def _results_first(parts: list[Part]) -> list[Part]:
    """The provider wants tool results before anything else in their message."""
    results: list[Part] = [part for part in parts if isinstance(part, ToolResult)]
    if not results or parts[: len(results)] == results:
        return parts
    return results + [part for part in parts if not isinstance(part, ToolResult)]


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    blocks = _as_blocks(first["content"]) + _as_blocks(second["content"])
    if first["role"] == "user":
        blocks.sort(key=lambda block: block.get("type") != "tool_result")
    return {**first, **second, "content": blocks}


def _as_blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _paused(content: Any) -> bool:
    """A turn the provider itself broke off between its own tools (`pause_turn`): it goes back as it came."""
    return not isinstance(content, str) and any(block.get("type") == "server_tool_use" for block in content)


def _end(messages: list[dict[str, Any]], writer: BlocksWriter, carries_on: bool) -> list[dict[str, Any]]:
    """A closing assistant message may not end in white space, and some models carry none on."""
    last = messages[-1]
    if last["role"] != "assistant" or _paused(last["content"]):
        return messages
    content = last["content"]
    if isinstance(content, str):
        last["content"] = content.rstrip()
    elif content[-1].get("type") == "text":
        last["content"] = [*content[:-1], {**content[-1], "text": content[-1]["text"].rstrip()}]
    if not carries_on:
        reason = "the model does not carry on an assistant message; it is asked to go on"
        writer.losses.append(Loss("messages", reason))
        messages.append({"role": "user", "content": GO_ON})
    return messages
