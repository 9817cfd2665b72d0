from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.models import ModelInfo
from gateway.protocols.openai_models import read_models, write_model, write_models


def test_written_list() -> None:
    model = ModelInfo("m", "me", 5, "shown")
    entry = {"id": "m", "object": "model", "created": 5, "owned_by": "me"}
    assert json.loads(write_model(model)) == entry
    assert json.loads(write_models([model])) == {"object": "list", "data": [entry]}
    assert json.loads(write_models([])) == {"object": "list", "data": []}


def test_there_and_back() -> None:
    models = [ModelInfo("a", "x", 1), ModelInfo("b/c", "y", 2)]
    assert read_models(json.loads(write_models(models))) == (models, "")


def test_compatible_servers() -> None:
    document = {
        "data": [
            {"id": "models/gemini-2.5-flash", "owned_by": "google"},
            {"id": "q", "context_length": 8192, "top_provider": {"max_completion_tokens": 100}},
            {"id": "v", "max_model_len": "4096", "created": None, "owned_by": None},
            {"name": "n"},
            {"id": 5},
            "bare",
            None,
        ],
        "has_more": True,
        "last_id": "a b",
    }
    models, following = read_models(document)
    assert [model.id for model in models] == ["gemini-2.5-flash", "q", "v", "n", "bare"]
    assert (models[1].input_limit, models[1].output_limit, models[2].input_limit) == (8192, 100, 4096)
    assert following == "after=a%20b"


@pytest.mark.parametrize("document", [None, 5, "x", {}, {"data": None}, {"data": {}}, []])
def test_never_raises(document: Any) -> None:
    assert read_models(document) == ([], "")


def test_other_list_shapes() -> None:
    assert [model.id for model in read_models([{"id": "a"}])[0]] == ["a"]
    assert [model.id for model in read_models({"models": [{"name": "models/b"}]})[0]] == ["b"]
