"""https://docs.anthropic.com/en/api/messages. Claude Code's `metadata.user_id` holds its session."""

from __future__ import annotations

from typing import Any

from gateway.protocols.conversation import Conversation, member, session_of, split

BILLING = "x-anthropic-billing-header:"
"""Claude Code's first system block, which is no prompt and differs from request to request."""


def conversation(body: dict[str, Any]) -> Conversation:
    session = session_of(("user_id", member(body.get("metadata"), "user_id")), ("session_id", body.get("session_id")))
    begun, ahead = split(body.get("messages"), _spoken)
    system = body.get("system")
    if isinstance(system, list):
        system = [block for block in system if not str(member(block, "text")).startswith(BILLING)]
    return Conversation(session, begun, (system, body.get("tools"), ahead))


def _spoken(message: dict[str, Any]) -> bool:
    return message.get("role") == "assistant"
