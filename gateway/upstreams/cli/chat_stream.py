"""What a tool tells, as the events of a streamed chat completion.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

import json
from typing import Any

from gateway.upstreams.cli.tool import Told


def event(told: Told) -> bytes:
    """The chunks of one Told; a failure is told by `failed`."""
    chunks = b""
    if told.thought:
        chunks += _chunk({"reasoning_content": told.thought})
    if told.text:
        chunks += _chunk({"content": told.text})
    if told.usage is not None:
        chunks += _data({"choices": [], "usage": told.usage})
    if told.done:
        chunks = _chunk({}, told.finish) + chunks + b"data: [DONE]\n\n"
    return chunks


def failed(message: str, status: int, code: str) -> bytes:
    """The error event; nothing follows it."""
    return _data({"error": {"message": message, "status": status, "code": code}})


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _data({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _data(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"
