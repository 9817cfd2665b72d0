"""POST /v1/responses/input_tokens (https://platform.openai.com/docs/api-reference/responses/input-tokens)."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue
from gateway.protocols.dialect import Counting
from gateway.protocols.input_tokens import count_body, read_count
from gateway.protocols.responses.request_reader import read_request
from gateway.protocols.wire_json import dumps

FIELDS = (
    *("model", "input", "instructions", "conversation", "previous_response_id"),
    *("tools", "tool_choice", "parallel_tool_calls", "reasoning", "text", "truncation"),
)


def read(body: dict[str, Any], model: str | None = None) -> Dialogue:
    """A count request has the fields of a request that bear on its input; raises Malformed."""
    return read_request(body, model, stream=False)


def count_request(body: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    return count_body(body, FIELDS, model)


def write_count(tokens: int) -> bytes:
    return dumps({"object": "response.input_tokens", "input_tokens": tokens})


COUNTING = Counting(read=read, write=count_request, read_count=read_count, write_count=write_count)
