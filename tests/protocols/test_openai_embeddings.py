from __future__ import annotations

import json

import pytest

from gateway.canon.embedding import EmbeddingRequest, Embeddings
from gateway.canon.fold import Broken
from gateway.protocols import chat, responses
from gateway.protocols.openai_embeddings import EMBEDDING


def test_both_dialects_pass_each_others_bytes() -> None:
    assert chat.DIALECT.embedding is responses.DIALECT.embedding is EMBEDDING


def test_reading() -> None:
    asked = EMBEDDING.read({"model": "m", "input": [1, 2], "dimensions": 4, "encoding_format": "base64", "user": "u"})
    assert (asked.inputs, asked.single, asked.dimensions, asked.base64) == ([[1, 2]], True, 4, True)
    assert [loss.path for loss in asked.losses] == ["user"]
    assert EMBEDDING.read({"input": ["a"]}) == EmbeddingRequest(["a"])


def test_writing() -> None:
    assert EMBEDDING.write(EmbeddingRequest(["a"], single=True, dimensions=4), "m") == [
        ("embed", {"model": "m", "input": "a", "encoding_format": "float", "dimensions": 4})
    ]
    assert EMBEDDING.write(EmbeddingRequest(["a"]), "m")[0][1]["input"] == ["a"]


def test_vectors_come_in_the_order_of_their_index() -> None:
    document = {"data": [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": "AACAPw=="}]}
    assert EMBEDDING.read_answer(document) == Embeddings([[1.0], [2.0]], None)
    document["usage"] = {"prompt_tokens": 3}  # type: ignore[assignment]
    assert EMBEDDING.tokens(document) == 3


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"data": []}, {"data": [1]}, {"data": [{"embedding": None}]}, {"data": [{"embedding": ["x"]}]},
     {"data": [{"embedding": "no base64!"}]}, {"data": [{"embedding": "AAA="}]}, {"error": {"message": "no"}}],
)  # fmt: skip
def test_what_is_no_answer(document: object) -> None:
    with pytest.raises(Broken) as broken:
        EMBEDDING.read_answer(document)
    assert broken.value.fault.status == 502


def test_base64_is_little_endian_float32() -> None:
    raw = EMBEDDING.write_answer(Embeddings([[1.0, 2.0]], 3), EmbeddingRequest(["x"], base64=True), "m")
    assert json.loads(raw)["data"][0]["embedding"] == "AACAPwAAAEA="
