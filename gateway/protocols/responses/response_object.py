"""The response object: what the API echoes of the request, and what it says of the answer."""

from __future__ import annotations

import secrets
import time
from typing import Any

from gateway.canon.events import Finish
from gateway.canon.fault import Fault
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.openai_errors import error_object
from gateway.protocols.responses.usage import write_usage
from gateway.protocols.wire_json import dumps_sse

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_RAW_REASONS = ("max_output_tokens", "max_messages", "content_filter", "steered")
_ECHOED: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_FUNCTION: dict[str, Any] = {"description": None, "parameters": None, "strict": None}
"""What a function tool always tells in an answer (Open Responses: FunctionTool)."""
# The codes the API documents for a failed response (SDK: ResponseError), and those clients act on beyond
# them: Codex gives up on context_length_exceeded and insufficient_quota and retries everything else.
_FAILED_CODES = (
    "rate_limit_exceeded",
    "invalid_prompt",
    "vector_store_timeout",
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_content_policy_violation",
    "image_file_too_large",
    "unsupported_image_media_type",
    "failed_to_download_image",
    "context_length_exceeded",
    "insufficient_quota",
    "content_policy_violation",
    "model_not_found",
)


def new_id(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(24)}"


class ResponseObject:
    """Writes the object of one answer at its stages; the echoed part is made into JSON once."""

    def __init__(self, asked: Asked, known_id: str = "") -> None:
        """`known_id`: the client has seen the provider's own."""
        self.id = known_id or new_id("resp_")
        self.created_at = asked.created or int(time.time())
        self._head = b'{"id":"%s","object":"response","created_at":%d,' % (self.id.encode(), self.created_at)
        self._tail = b',"model":' + dumps_sse(asked.model) + b"," + dumps_sse(_echo(asked.body or {}))[1:]

    def stage(
        self,
        status: str,
        output: list[dict[str, Any]],
        usage: Usage | None = None,
        incomplete: str | None = None,
        error: dict[str, Any] | None = None,
    ) -> bytes:
        """The object as JSON. `incomplete` is a reason, "" for one the API has no word for."""
        details = None if incomplete is None else {"reason": incomplete or None}
        told: dict[str, Any] = {"status": status}
        told["completed_at"] = int(time.time()) if status == "completed" else None
        told["error"] = error
        told["incomplete_details"] = details
        told["output"] = output
        told["usage"] = None if usage is None else write_usage(usage)
        return self._head + dumps_sse(told)[1:-1] + self._tail


def _echo(body: dict[str, Any]) -> dict[str, Any]:
    """Defaults as the API shows them where the client said nothing."""
    echoed = {field: body[field] if body.get(field) is not None else default for field, default in _ECHOED.items()}
    if echoed["tools"]:
        echoed["tools"] = [{**_FUNCTION, **tool} if tool.get("type") == "function" else tool for tool in body["tools"]]
    reasoning, text = body.get("reasoning"), body.get("text")
    echoed["reasoning"] = {
        "effort": None,
        "summary": None,
        **(reasoning if isinstance(reasoning, dict) else {}),
    }
    echoed["text"] = {"format": {"type": "text"}, **(text if isinstance(text, dict) else {})}
    if body.get("prompt") is not None:
        echoed["prompt"] = body["prompt"]
    return echoed


def ending(finish: Finish, refused: bool) -> tuple[str, str | None]:
    """(status, incomplete reason) for a Finish; `refused` says that the refusal stands in the output."""
    if finish.reason in _INCOMPLETE:
        return "incomplete", _INCOMPLETE[finish.reason]
    if finish.reason == "refusal" and not refused:
        return "incomplete", "content_filter"
    if finish.reason == "other":
        return "incomplete", finish.raw if finish.raw in _RAW_REASONS else ""
    return "completed", None


def failure(fault: Fault) -> dict[str, Any]:
    """The `error` of a failed response."""
    told = error_object(fault)
    code = told["code"]
    if code not in _FAILED_CODES:
        if fault.status == 429:
            code = "rate_limit_exceeded"
        else:
            code = "server_error" if fault.status >= 500 else "invalid_prompt"
    return {"code": code, "message": fault.message, "param": fault.param, "type": told["type"]}
