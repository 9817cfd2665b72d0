"""countTokens.

https://ai.google.dev/api/tokens#method:-models.counttokens
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue
from gateway.canon.fault import Malformed
from gateway.canon.usage import count
from gateway.protocols.dialect import Counting
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.request_reader import read_request
from gateway.protocols.gemini.spelling import spelled
from gateway.protocols.wire_json import dumps


def read_count_request(body: dict[str, Any], model: str | None = None) -> Dialogue:
    """{"contents": [...]} or {"generateContentRequest": {"model", "contents", ...}}; raises Malformed."""
    if isinstance(body, dict):
        inner = spelled(body, spelling.BODY).get("generateContentRequest")
        if inner is not None:
            if not isinstance(inner, dict):
                raise Malformed("generateContentRequest", "generateContentRequest must be an object")
            body = inner
    return read_request(body, model, False)


def write_count_request(body: dict[str, Any], model: str) -> dict[str, Any]:
    """From a written request. The provider counts instructions and tools only in this form."""
    return {"generateContentRequest": {"model": f"models/{model}", **body}}


def write_count(tokens: int) -> bytes:
    return dumps({"totalTokens": tokens})


def read_count(document: Any) -> int:
    """A provider's count; 0 when the document holds none."""
    if not isinstance(document, dict):
        return 0
    return count(document.get("totalTokens", document.get("total_tokens")))


COUNTING = Counting(read=read_count_request, write=write_count_request, read_count=read_count, write_count=write_count)
