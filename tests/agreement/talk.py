"""Conversations as clients send them: the whole history, turn after turn, in each of the four protocols."""

from __future__ import annotations

from typing import Any

from tests.scripted.upstream import Request

PROTOCOLS = ("chat", "responses", "messages", "gemini")
HISTORY = {"chat": "messages", "responses": "input", "anthropic": "messages", "gemini": "contents"}


def body(protocol: str, opening: str, turn: int) -> dict[str, Any]:
    """What a client adds to the smallest request for its turn number `turn`, from 1."""
    texts = [("user", opening)]
    for number in range(1, turn):
        texts += [("assistant", f"answer {number}"), ("user", f"question {number + 1}")]
    match protocol:
        case "gemini":
            system = {"parts": [{"text": "be brief"}]}
            role = {"assistant": "model"}
            turns = [{"role": role.get(who, who), "parts": [{"text": text}]} for who, text in texts]
            return {"systemInstruction": system, "contents": turns}
        case "responses":
            return {"instructions": "be brief", "input": [{"role": who, "content": text} for who, text in texts]}
        case "messages":
            return {"system": "be brief", "messages": [_cached(who, text, last=n == len(texts) - 1)
                                                       for n, (who, text) in enumerate(texts)]}  # fmt: skip
        case _:
            turns = [{"role": "system", "content": "be brief"}]
            return {"messages": [*turns, *({"role": who, "content": text} for who, text in texts)]}


def history(request: Request) -> list[Any]:
    """The turns a provider was sent."""
    turns: list[Any] = request.body[HISTORY[request.dialect]]
    return turns


def _cached(who: str, text: str, *, last: bool) -> dict[str, Any]:
    """The cache mark wanders with the last turn, as Cline's does, and makes a list of what was a string."""
    if not last:
        return {"role": who, "content": text}
    return {"role": who, "content": [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]}
