"""Gemini's :embedContent and :batchEmbedContents. https://ai.google.dev/api/embeddings

A batch is told by its `requests`.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss
from gateway.canon.embedding import EmbeddingRequest, Embeddings
from gateway.canon.fault import Fault, Malformed
from gateway.canon.fold import Broken
from gateway.canon.usage import count
from gateway.protocols.dialect import Embedding, EmbeddingOperation
from gateway.protocols.gemini.errors import read_error
from gateway.protocols.gemini.spelling import EMBEDDING as SPELLING
from gateway.protocols.gemini.spelling import spelled
from gateway.protocols.wire_json import dumps

BATCH = 100
"""How many texts one :batchEmbedContents takes."""
_CARRIED = frozenset({"model", "content", "outputDimensionality"})


def check(body: dict[str, Any]) -> None:
    if "requests" not in body:
        _check_one(body, "")
        return
    requests = body["requests"]
    if not isinstance(requests, list) or not requests:
        raise Malformed("requests", "requests must be an array of at least one request")
    for number, each in enumerate(requests):
        if not isinstance(each, dict):
            raise Malformed(f"requests[{number}]", "a request must be an object with content")
        _check_one(each, f"requests[{number}].")


def read(body: dict[str, Any]) -> EmbeddingRequest:
    single = "requests" not in body
    requests = [spelled(each, SPELLING) for each in ([body] if single else body["requests"])]
    dimensions = requests[0].get("outputDimensionality")
    if any(each.get("outputDimensionality") != dimensions for each in requests):
        raise Malformed("requests", "all requests of a batch must have the same outputDimensionality here")
    lost = sorted({name for each in requests for name, value in each.items() if value and name not in _CARRIED})
    return EmbeddingRequest(
        inputs=[_text(each["content"], number) for number, each in enumerate(requests)],
        single=single,
        dimensions=dimensions,
        losses=[Loss(name, "the provider has no such field") for name in lost],
    )


def write(request: EmbeddingRequest, model: str) -> list[tuple[EmbeddingOperation, dict[str, Any]]]:
    each = [_request(text, number, request, model) for number, text in enumerate(request.inputs)]
    if request.single:
        return [("embed", each[0])]
    return [("embed_batch", {"requests": each[at : at + BATCH]}) for at in range(0, len(each), BATCH)]


def pass_on(raw: bytes, body: dict[str, Any], model: str) -> tuple[EmbeddingOperation, bytes]:
    """The model stands in the URL and, for batches, in every request; the two must agree."""
    name = f"models/{model}"
    if "requests" in body:
        if all(each.get("model") == name for each in body["requests"]):
            return "embed_batch", raw
        return "embed_batch", dumps({**body, "requests": [{**each, "model": name} for each in body["requests"]]})
    if body.get("model") in (None, name):
        return "embed", raw
    return "embed", dumps({**body, "model": name})


def tokens(document: Any) -> int | None:
    _values(document)
    usage = document.get("usageMetadata")
    return count(usage.get("promptTokenCount")) or None if isinstance(usage, dict) else None


def read_answer(document: Any) -> Embeddings:
    return Embeddings(_values(document), tokens(document))


def write_answer(embeddings: Embeddings, request: EmbeddingRequest, model: str) -> bytes:
    told = [{"values": vector} for vector in embeddings.vectors]
    document: dict[str, Any] = {"embedding": told[0]} if request.single else {"embeddings": told}
    if embeddings.tokens is not None:
        document["usageMetadata"] = {"promptTokenCount": embeddings.tokens}
    return dumps(document)


def _check_one(request: dict[str, Any], path: str) -> None:
    content = request.get("content")
    if not isinstance(content, dict) or not isinstance(content.get("parts"), list) or not content["parts"]:
        raise Malformed(f"{path}content", "content must be an object with at least one part")
    if not all(isinstance(part, dict) for part in content["parts"]):
        raise Malformed(f"{path}content.parts", "a part must be an object")
    dimensions = spelled(request, SPELLING).get("outputDimensionality")
    if dimensions is not None and (type(dimensions) is not int or dimensions < 1):
        raise Malformed(f"{path}outputDimensionality", "outputDimensionality must be a whole number of at least 1")


def _text(content: dict[str, Any], number: int) -> str:
    texts = [part.get("text") for part in content["parts"]]
    if not all(isinstance(text, str) for text in texts):
        raise Malformed(f"requests[{number}].content.parts", "the provider that serves this model embeds only text")
    return "".join(texts)


def _request(text: str | list[int], number: int, request: EmbeddingRequest, model: str) -> dict[str, Any]:
    if not isinstance(text, str):
        where = "input" if request.single else f"input[{number}]"
        raise Malformed(
            where,
            "tokens mean nothing to the provider that serves this model: send the text itself",
            "unsupported_value",
        )
    told: dict[str, Any] = {"model": f"models/{model}", "content": {"parts": [{"text": text}]}}
    if request.dimensions is not None:
        told["outputDimensionality"] = request.dimensions
    return told


def _values(document: Any) -> list[list[float]]:
    if isinstance(document, dict) and document.get("error") is not None:
        raise Broken(read_error(502, {}, dumps(document)))
    entries = None
    if isinstance(document, dict):
        entries = [document["embedding"]] if "embedding" in document else document.get("embeddings")
    if not isinstance(entries, list) or not entries:
        raise _broken()
    vectors = [entry.get("values") if isinstance(entry, dict) else None for entry in entries]
    if not all(isinstance(vector, list) and vector for vector in vectors):
        raise _broken()
    return vectors  # type: ignore[return-value]


def _broken() -> Broken:
    return Broken(Fault(502, "the provider's answer holds no embeddings", code="upstream_error"))


EMBEDDING = Embedding(check, read, write, pass_on, tokens, read_answer, write_answer)
