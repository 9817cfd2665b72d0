"""OpenAI's embeddings, which hosts of both its dialects offer. https://platform.openai.com/docs/api-reference/embeddings"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any

from gateway.canon.dialogue import Loss
from gateway.canon.embedding import EmbeddingRequest, Embeddings
from gateway.canon.fault import Fault, Malformed
from gateway.canon.fold import Broken
from gateway.canon.usage import count
from gateway.protocols.dialect import Embedding, EmbeddingOperation
from gateway.protocols.openai_errors import fault_of
from gateway.protocols.passing import with_model
from gateway.protocols.wire_json import dumps

_CARRIED = frozenset({"model", "input", "encoding_format", "dimensions"})


def check(body: dict[str, Any]) -> None:
    given = body.get("input")
    if given is None or given == [] or given == "":
        raise Malformed("input", "input is required: a string, an array of strings, or arrays of tokens")
    if not isinstance(given, str | list):
        raise Malformed("input", "input must be a string, an array of strings, or arrays of tokens")
    if isinstance(given, list):
        kinds = {type(each) for each in given}
        if kinds not in ({str}, {int}, {list}):
            raise Malformed("input", "input must be an array of strings, of tokens, or of arrays of tokens")
        for number, each in enumerate(given):
            if type(each) is list and (not each or any(type(token) is not int for token in each)):
                raise Malformed(f"input[{number}]", "an array of tokens must hold whole numbers")
    if body.get("encoding_format") not in (None, "float", "base64"):
        raise Malformed("encoding_format", "encoding_format must be float or base64")
    dimensions = body.get("dimensions")
    if dimensions is not None and dimensions < 1:
        raise Malformed("dimensions", "dimensions must be at least 1")


def read(body: dict[str, Any]) -> EmbeddingRequest:
    given = body["input"]
    single = isinstance(given, str) or isinstance(given[0], int)
    return EmbeddingRequest(
        inputs=[given] if single else given,
        single=single,
        dimensions=body.get("dimensions"),
        base64=body.get("encoding_format") == "base64",
        losses=[
            Loss(name, "the provider has no such field", harmless=name == "user")
            for name, value in body.items()
            if name not in _CARRIED and value is not None
        ],
    )


def write(request: EmbeddingRequest, model: str) -> list[tuple[EmbeddingOperation, dict[str, Any]]]:
    body: dict[str, Any] = {
        "model": model,
        "input": request.inputs[0] if request.single else request.inputs,
        "encoding_format": "float",
    }
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return [("embed", body)]


def pass_on(raw: bytes, body: dict[str, Any], model: str) -> tuple[EmbeddingOperation, bytes]:
    return "embed", with_model(raw, body, model)


def tokens(document: Any) -> int | None:
    entries = _entries(document)
    if not all(isinstance(entry, dict) and isinstance(entry.get("embedding"), list | str) for entry in entries):
        raise _broken()
    usage = document.get("usage")
    return count(usage.get("prompt_tokens")) or None if isinstance(usage, dict) else None


def read_answer(document: Any) -> Embeddings:
    used = tokens(document)
    entries = sorted(_entries(document), key=lambda entry: count(entry.get("index")))
    return Embeddings([_vector(entry["embedding"]) for entry in entries], used)


def write_answer(embeddings: Embeddings, request: EmbeddingRequest, model: str) -> bytes:
    return dumps(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": number, "embedding": _packed(vector) if request.base64 else vector}
                for number, vector in enumerate(embeddings.vectors)
            ],
            "model": model,
            "usage": {"prompt_tokens": embeddings.tokens or 0, "total_tokens": embeddings.tokens or 0},
        }
    )


def _entries(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        raise _broken()
    if document.get("error") is not None:
        raise Broken(fault_of(document["error"]))
    data = document.get("data")
    if not isinstance(data, list) or not data:
        raise _broken()
    return data


def _vector(told: Any) -> list[float]:
    """Numbers, or their base64: some hosts send it unasked."""
    if isinstance(told, str):
        try:
            raw = base64.b64decode(told, validate=True)
            return list(struct.unpack(f"<{len(raw) // 4}f", raw))
        except (binascii.Error, struct.error):
            raise _broken() from None
    if not all(isinstance(each, int | float) for each in told):
        raise _broken()
    return list(told)


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _broken() -> Broken:
    return Broken(Fault(502, "the provider's answer holds no embeddings", code="upstream_error"))


EMBEDDING = Embedding(check, read, write, pass_on, tokens, read_answer, write_answer)
