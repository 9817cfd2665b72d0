"""Thought signatures of tool calls: `tool_calls[].extra_content.google.thought_signature`.

https://ai.google.dev/gemini-api/docs/thought-signatures
The field belongs to Gemini, hence "gemini" is the native author here.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Signature
from gateway.protocols.sealing import seal, unseal

NATIVE = "gemini"


def read_signature(call: dict[str, Any]) -> Signature | None:
    """Of a tool call or a streamed piece of one; both spellings, and the bare field some proxies send."""
    holder: Any = call.get("extra_content")
    if isinstance(holder, dict):
        holder = holder.get("google")
    if not isinstance(holder, dict):
        holder = call
    value = holder.get("thought_signature") or holder.get("thoughtSignature")
    return unseal(value, NATIVE) if isinstance(value, str) and value else None


def extra_content(signature: Signature) -> dict[str, Any]:
    """The value of `extra_content`."""
    return {"google": {"thought_signature": seal(signature, NATIVE)}}
