"""What a scripted provider says, before it is worded in a dialect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One tool call; `arguments` is JSON text."""

    name: str
    arguments: str = "{}"
    id: str = "call_1"


@dataclass(frozen=True, slots=True)
class Answer:
    """`words` are sent one event each. `finish` is the house's word (stop, length, content_filter, refusal,
    tool_calls); each dialect file says it in its own. `usage` "never" leaves it out, "every" repeats it, "twice"
    doubles the last."""

    words: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    finish: str = "stop"
    prompt_tokens: int = 11
    completion_tokens: int = 7
    usage: Literal["end", "never", "every", "twice"] = "end"
    id: str = "0001"

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def said_finish(self) -> str:
        return "tool_calls" if self.tools and self.finish == "stop" else self.finish


class Event(NamedTuple):
    """One SSE event of an answer. `kind`: head, thinking, word, tool, tail (finish and usage), end (the end mark)."""

    kind: str
    data: bytes


def spoken(text: str) -> tuple[str, ...]:
    """The words of `text`, each with the blank before it."""
    first, *rest = text.split(" ")
    return (first, *(f" {word}" for word in rest))


def pieces(text: str, count: int = 3) -> list[str]:
    """`text` in about `count` pieces."""
    size = max(len(text) // count, 1)
    return [text[at : at + size] for at in range(0, len(text), size)]
