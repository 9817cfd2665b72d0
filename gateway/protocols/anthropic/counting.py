"""POST /v1/messages/count_tokens (https://docs.anthropic.com/en/api/messages-count-tokens)."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue
from gateway.canon.usage import count
from gateway.protocols.anthropic.request_reader import read_request
from gateway.protocols.dialect import Counting
from gateway.protocols.wire_json import dumps

FIELDS = (
    *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"),
    *("cache_control", "context_management", "mcp_servers", "speed"),
)


def read(body: dict[str, Any], model: str | None = None) -> Dialogue:
    """A count request is a request without max_tokens; raises Malformed."""
    return read_request(body, model, stream=False)


def count_request(body: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    """The body to count with, from a written request: the provider refuses the fields of generation."""
    counted = {field: body[field] for field in FIELDS if field in body}
    return counted if model is None else {**counted, "model": model}


def write_count(tokens: int) -> bytes:
    return dumps({"input_tokens": tokens})


def read_count(document: Any) -> int:
    """The provider's count, 0 when it gave none."""
    return count(document.get("input_tokens")) if isinstance(document, dict) else 0


COUNTING = Counting(read=read, write=count_request, read_count=read_count, write_count=write_count)
