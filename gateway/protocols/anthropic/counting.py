"""POST /v1/messages/count_tokens (https://docs.anthropic.com/en/api/messages-count-tokens)."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue
from gateway.protocols.anthropic.request_reader import read_request
from gateway.protocols.dialect import Counting
from gateway.protocols.input_tokens import count_body, read_count
from gateway.protocols.wire_json import dumps

FIELDS = (
    *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"),
    *("cache_control", "context_management", "mcp_servers", "speed"),
)


def read(body: dict[str, Any], model: str | None = None) -> Dialogue:
    """A count request is a request without max_tokens; raises Malformed."""
    return read_request(body, model, stream=False)


def count_request(body: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    return count_body(body, FIELDS, model)


def write_count(tokens: int) -> bytes:
    return dumps({"input_tokens": tokens})


COUNTING = Counting(read=read, write=count_request, read_count=read_count, write_count=write_count)
