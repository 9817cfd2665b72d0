"""A Dialogue to `{"model", "system", "prompt"}`: the whole conversation as one text.

One user turn alone is the prompt as it stands. Anything longer is told as a transcript in tags, once: these tools
keep no session here. What a tool cannot be told (sampling, the client's own tools, pictures) is a loss.
"""

from __future__ import annotations

from dataclasses import fields

from gateway.canon.dialogue import Dialogue, Knobs, Loss, Turn
from gateway.canon.fault import Malformed
from gateway.canon.parts import Part, Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.dialect import Written
from gateway.protocols.losses import foreign_fields

SYSTEM = ("system", "developer")
COMMANDS = ("/", "!", "@", "#", "?")
"""Signs a tool takes for a command of its own at the beginning of a prompt."""
NEXT = "Below is a conversation. Write the assistant's next message, and only that."
ONWARD = "Below is a conversation. Go on with the assistant's last message from where it ends."
_HARMLESS = frozenset({"metadata", "store", "stream_options", "betas", "anthropic_version", "dry_run"})
_WISHES = ("tools", "thinking", "verbosity", "modalities", "output", "tool_choice")
_WORDS = {"output": "response_format", "thinking": "reasoning"}


def write_request(dialogue: Dialogue, profile: Profile) -> Written:
    """Raises Malformed when no turn of the user says anything."""
    losses = foreign_fields(dialogue, "prompt", _HARMLESS)
    losses += [
        Loss(name, "command-line tools take no sampling settings")
        for name in (each.name for each in fields(Knobs))
        if getattr(dialogue.knobs, name) not in (None, []) and not (name == "n" and dialogue.knobs.n == 1)
    ]
    losses += [
        Loss(_WORDS.get(name, name), "a command-line tool has its own") for name in _WISHES if getattr(dialogue, name)
    ]
    system = "\n\n".join(
        text for turn in dialogue.turns if turn.role in SYSTEM if (text := _spoken(turn.parts, losses, "\n\n")).strip()
    )
    spoken = [turn for turn in dialogue.turns if turn.role not in SYSTEM]
    texts = [_spoken(turn.parts, losses, "\n\n" if turn.role == "user" else "") for turn in spoken]
    if not any(text.strip() and turn.role == "user" for turn, text in zip(spoken, texts, strict=True)):
        raise Malformed("messages", "a command-line tool needs a message of the user with text in it")
    return Written({"model": dialogue.model, "system": system, "prompt": _prompt(spoken, texts)}, losses)


def _prompt(turns: list[Turn], texts: list[str]) -> str:
    if len(turns) == 1 and not texts[0].lstrip().startswith(COMMANDS):
        return texts[0]
    told = [f"<{turn.role}>\n{text}\n</{turn.role}>" for turn, text in zip(turns, texts, strict=True) if text.strip()]
    return "\n\n".join([ONWARD if turns[-1].role == "assistant" else NEXT, *told])


def _spoken(parts: list[Part], losses: list[Loss], joint: str) -> str:
    texts: list[str] = []
    for part in parts:
        match part:
            case Text(text) if part.extras.get("anthropic", {}).get("attribution") is True:
                continue  # Claude Code's billing line, which is no prompt
            case Text(text) | Refusal(text):
                texts.append(text)
            case Thinking():
                continue
            case ToolCall(name=name, arguments=arguments):
                texts.append(f'\n<tool_call name="{name}">{arguments}</tool_call>')
            case ToolResult(name=name):
                said = _spoken(part.parts, losses, "\n")
                texts.append(f'<tool_result name="{name or "tool"}">\n{said}\n</tool_result>')
            case _:
                losses.append(Loss("messages", "a command-line tool is told text only"))
    return joint.join(texts)
