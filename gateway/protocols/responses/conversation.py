"""https://platform.openai.com/docs/api-reference/responses/create"""

from __future__ import annotations

from typing import Any

from gateway.protocols.conversation import Conversation, member, session_of, split


def conversation(body: dict[str, Any]) -> Conversation:
    thread = body.get("conversation")
    previous = body.get("previous_response_id")
    session = session_of(
        ("conversation", thread if isinstance(thread, str) else member(thread, "id")),
        ("prompt_cache_key", body.get("prompt_cache_key")),
        ("session_id", body.get("session_id")),
    )
    begun, ahead = split(body.get("input"), _spoken)
    opening = body.get("instructions"), body.get("tools"), ahead
    return Conversation(session, begun, opening, previous if isinstance(previous, str) else "")


def _spoken(item: dict[str, Any]) -> bool:
    """Messages of others and results of calls are what the client may say; anything else is the model's."""
    kind = item.get("type") or "message"
    return item.get("role") == "assistant" or not (kind == "message" or str(kind).endswith("_output"))
