"""Turns to messages.

Results of a round become one `tool` message each. What a tool message cannot hold (pictures, sound, files)
follows as a user message behind the last result, and so does what other protocols let a client say between a call and
its result: OpenAI refuses anything that stands there.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.chat.part_writer import text_part, write_part
from gateway.protocols.chat.tool_writer import write_history_call
from gateway.protocols.names import NameMap

_THOUGHTS = "reasoning_content"
_JOINT = {"system": "\n\n", "developer": "\n\n", "user": "\n\n", "assistant": ""}


def write_messages(turns: list[Turn], profile: Profile, names: NameMap, losses: list[Loss]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    waiting: set[str] = set()
    held: list[dict[str, Any]] = []
    for number, turn in enumerate(turns):
        where = f"turns[{number}]"
        if turn.role == "assistant":
            messages += held
            held = []
            messages.append(_write_assistant(turn, profile, names, losses, where))
            waiting = {part.id for part in turn.parts if isinstance(part, ToolCall)}
            continue
        parts: list[Part] = turn.parts
        if any(isinstance(part, ToolResult) for part in parts):
            pictures: list[dict[str, Any]] = []
            for part in parts:
                if isinstance(part, ToolResult):
                    messages.append(_write_result(part, names, pictures, losses, where))
                    waiting.discard(part.call_id)
            if pictures:
                held.append({"role": "user", "content": pictures})
            if not waiting:
                messages += held
                held = []
            parts = [part for part in parts if not isinstance(part, ToolResult)]
            if not parts:
                continue
        message = _write_plain(turn, parts, profile, losses, where)
        if message is not None:
            (held if waiting else messages).append(message)
    return messages + held


def _write_plain(
    turn: Turn, parts: list[Part], profile: Profile, losses: list[Loss], where: str
) -> dict[str, Any] | None:
    """None for a turn of which nothing is left."""
    kept = [part for part in parts if not _is_attribution(part)]
    if parts and not kept:
        return None
    role: str = turn.role
    if role == "developer" and not profile.developer_role:
        role = "system"
    own = turn.extras.get("chat", {})
    content = _content(kept, own.get("list", False), _JOINT[turn.role], losses, where)
    if content == [] and kept:
        return None
    message: dict[str, Any] = {"role": role, "content": content}
    if turn.name is not None:
        message["name"] = turn.name
    message.update(own.get("fields", {}))
    return message


def _is_attribution(part: Part) -> bool:
    """Claude Code's billing line, which is no prompt (clients.md 2)."""
    return isinstance(part, Text) and part.extras.get("anthropic", {}).get("attribution") is True


def _content(parts: list[Part], listed: bool, joint: str, losses: list[Loss], where: str) -> str | list[dict[str, Any]]:
    """A string wherever it can be one: many compatible servers know nothing else."""
    if not listed and all(isinstance(part, Text) for part in parts):
        return joint.join(part.text for part in parts if isinstance(part, Text))
    written = (write_part(part, losses, where) for part in parts)
    return [part for part in written if part is not None]


def _write_assistant(turn: Turn, profile: Profile, names: NameMap, losses: list[Loss], where: str) -> dict[str, Any]:
    own = turn.extras.get("chat", {})
    message: dict[str, Any] = {"role": "assistant", "content": None}
    said: list[Part] = []
    calls: list[dict[str, Any]] = []
    for part in turn.parts:
        match part:
            case Thinking(text):
                field = part.extras.get("chat", {}).get("field", _THOUGHTS if profile.thinking_back else None)
                if field is not None:
                    message[field] = message.get(field, "") + text
            case Refusal(text) if "part" not in part.extras.get("chat", {}):
                message["refusal"] = message.get("refusal", "") + text
            case ToolCall():
                if part.extras.get("chat", {}).get("legacy"):
                    message["function_call"] = {"name": names.to_wire(part.name), "arguments": part.arguments}
                else:
                    calls.append(write_history_call(part, profile, names))
            case Opaque(dialect) if dialect != "chat":
                losses.append(Loss(where, f"only {dialect} knows this part ({part.raw.get('type', 'untyped')})"))
            case Media() if "chat" not in part.extras:
                losses.append(Loss(where, f"an assistant message of Chat Completions holds no {part.kind}"))
            case _:
                said.append(part)
    if said or own.get("list"):
        message["content"] = _content(said, own.get("list", False), _JOINT["assistant"], losses, where)
    elif not calls and not any(field in message for field in ("function_call", "refusal")) and not own:
        message["content"] = ""
    if turn.name is not None:
        message["name"] = turn.name
    if calls:
        message["tool_calls"] = calls
    if calls and profile.thinking_back and not message.get("reasoning") and not message.get(_THOUGHTS):
        message[_THOUGHTS] = " "  # it must say something, also where the client or another model has left it out
    message.update(own.get("fields", {}))
    return message


def _write_result(
    result: ToolResult, names: NameMap, pictures: list[dict[str, Any]], losses: list[Loss], where: str
) -> dict[str, Any]:
    """An error flag, which this dialect lacks, is said in words."""
    own = result.extras.get("chat", {})
    texts = [part for part in result.parts if isinstance(part, Text)]
    media = [
        written for part in result.parts if not isinstance(part, Text) if (written := write_part(part, losses, where))
    ]
    content: str | list[dict[str, Any]]
    if own.get("list"):
        content = [text_part(part) for part in texts]
    else:
        content = "\n".join(part.text for part in texts)
        if result.is_error and content[:5].lower() != "error":
            content = f"Error: {content}" if content else "Error"
    name = names.to_wire(result.name) if result.name else "tool"
    if media:
        label = f"Returned by the tool call {name} ({result.call_id}):"
        pictures += [{"type": "text", "text": label}, *media]
        if not content:
            content = "The result is in the user message that follows."
    if own.get("legacy"):
        return {"role": "function", "name": name, "content": content, **own.get("fields", {})}
    return {"role": "tool", "tool_call_id": result.call_id, "content": content, **own.get("fields", {})}
