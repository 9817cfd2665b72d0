"""Errors inside a Chat Completions answer, and the one written into a stream."""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Fault
from gateway.protocols.openai_errors import error_object, fault_of, read_error, write_error
from gateway.protocols.sse import data_event
from gateway.protocols.wire_json import dumps_sse

__all__ = ["broken_off", "fault_in", "mid_stream_error", "read_error", "write_error"]


def fault_in(document: dict[str, Any], name: str = "") -> Fault | None:
    """The fault a chunk or a whole answer with status 200 tells of.

    A top-level `error` that is not null; vLLM's older `{"object": "error", ...}`; an event named `error`.
    """
    error = document.get("error")
    if error is not None and error is not False:
        return fault_of(error)
    if document.get("object") == "error" or (name == "error" and "choices" not in document):
        return fault_of(document)
    return None


def broken_off(finish: str, status: int, error: Any) -> Fault:
    """A choice that ended with a word for failure; OpenRouter puts an `error` object into it."""
    if isinstance(error, dict):
        return fault_of(error)
    message = f"The provider broke the answer off ({finish}). Send the request again."
    return Fault(status, message, "upstream_error", raw_type=finish, from_upstream=True)


def mid_stream_error(fault: Fault) -> bytes:
    """Nothing follows it, least of all `[DONE]`."""
    return data_event(dumps_sse({"error": error_object(fault)}))
