from __future__ import annotations

import json

import pytest

from gateway.canon.embedding import EmbeddingRequest, Embeddings
from gateway.canon.fault import Malformed
from gateway.canon.fold import Broken
from gateway.protocols.gemini.embedding import BATCH, EMBEDDING

CONTENT = {"parts": [{"text": "a"}, {"text": "b"}]}


def test_reading_in_both_spellings() -> None:
    for name in ("outputDimensionality", "output_dimensionality"):
        asked = EMBEDDING.read({"content": CONTENT, name: 7, "taskType": "CLUSTERING", "title": ""})
        assert (asked.inputs, asked.single, asked.dimensions) == (["ab"], True, 7)
        assert [loss.path for loss in asked.losses] == ["taskType"]
    batch = EMBEDDING.read({"requests": [{"model": "models/x", "content": CONTENT}]})
    assert batch == EmbeddingRequest(["ab"])


def test_writing_in_batches() -> None:
    written = EMBEDDING.write(EmbeddingRequest(["x"] * (BATCH + 1), dimensions=3), "m")
    assert [(operation, len(body["requests"])) for operation, body in written] == [
        ("embed_batch", BATCH),
        ("embed_batch", 1),
    ]
    one = {"model": "models/m", "content": {"parts": [{"text": "x"}]}}
    assert EMBEDDING.write(EmbeddingRequest(["x"], single=True), "m") == [("embed", one)]
    with pytest.raises(Malformed, match="send the text"):
        EMBEDDING.write(EmbeddingRequest([[1]]), "m")


def test_own_bytes_stay_where_the_model_does() -> None:
    raw = b'{ "content": {} }'
    assert EMBEDDING.pass_on(raw, {"content": {}}, "m") == ("embed", raw)
    operation, told = EMBEDDING.pass_on(b"", {"requests": [{"model": "models/a"}, {}], "odd": 1}, "m")
    assert operation == "embed_batch"
    assert json.loads(told) == {"requests": [{"model": "models/m"}, {"model": "models/m"}], "odd": 1}


@pytest.mark.parametrize(
    "document",
    [None, {}, {"embedding": None}, {"embedding": {"values": []}}, {"embeddings": []}, {"embeddings": [{}]},
     {"error": {"code": 500, "message": "no"}}],
)  # fmt: skip
def test_what_is_no_answer(document: object) -> None:
    with pytest.raises(Broken):
        EMBEDDING.tokens(document)


def test_an_answer_there_and_back() -> None:
    made = Embeddings([[1.0], [2.0]], 4)
    raw = EMBEDDING.write_answer(made, EmbeddingRequest(["a", "b"]), "m")
    assert EMBEDDING.read_answer(json.loads(raw)) == made
    raw = EMBEDDING.write_answer(Embeddings([[1.0]]), EmbeddingRequest(["a"], single=True), "m")
    assert json.loads(raw) == {"embedding": {"values": [1.0]}}
