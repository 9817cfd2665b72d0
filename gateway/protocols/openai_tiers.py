"""`service_tier` in OpenAI's words.

https://platform.openai.com/docs/api-reference/chat/create#chat_create-service_tier
"""

from __future__ import annotations

from gateway.canon.dialogue import Loss

TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_SAME = {"standard_only": "default", "standard": "default"}
"""Anthropic's and Gemini's words for the plain one."""


def tier_of(said: str | None, native: bool, losses: list[Loss]) -> str | None:
    """None, and a loss, for a tier OpenAI does not know. `native`: the client speaks the dialect and knows better."""
    if said is None or native or said in TIERS:
        return said
    if said in _SAME:
        return _SAME[said]
    losses.append(Loss("service_tier", f"OpenAI has no tier {said!r}"))
    return None
