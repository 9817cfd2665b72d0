"""https://ai.google.dev/api/generate-content. Both spellings of every field; `session_id` is Code Assist's."""

from __future__ import annotations

from typing import Any

from gateway.protocols.conversation import Conversation, session_of, split


def conversation(body: dict[str, Any]) -> Conversation:
    session = session_of(("session_id", body.get("session_id")), ("sessionId", body.get("sessionId")))
    begun, ahead = split(body.get("contents"), _spoken)
    system = body.get("systemInstruction", body.get("system_instruction"))
    return Conversation(session, begun, (system, body.get("tools"), ahead))


def _spoken(content: dict[str, Any]) -> bool:
    return content.get("role") == "model"
