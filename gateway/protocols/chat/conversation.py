"""https://platform.openai.com/docs/api-reference/chat/create"""

from __future__ import annotations

from typing import Any

from gateway.protocols.conversation import Conversation, session_of, split


def conversation(body: dict[str, Any]) -> Conversation:
    session = session_of(("prompt_cache_key", body.get("prompt_cache_key")), ("session_id", body.get("session_id")))
    begun, ahead = split(body.get("messages"), _spoken)
    return Conversation(session, begun, (body.get("tools"), ahead))


def _spoken(message: dict[str, Any]) -> bool:
    return message.get("role") == "assistant"
