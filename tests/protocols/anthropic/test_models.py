from __future__ import annotations

from gateway.canon.models import ModelInfo
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.wire_json import loads

OPUS = ModelInfo("claude-opus", "anthropic", 1750000000, "Opus", "The big one", 200000, 64000)


def test_the_list() -> None:
    document = loads(DIALECT.write_models([OPUS, ModelInfo("b")]))
    assert (document["has_more"], document["first_id"], document["last_id"]) == (False, "claude-opus", "b")
    first, second = document["data"]
    assert first["created_at"] == "2025-06-15T15:06:40Z" and first["max_input_tokens"] == 200000
    assert (second["type"], second["display_name"]) == ("model", "b")
    assert loads(DIALECT.write_model(OPUS)) == first
    assert loads(DIALECT.write_models([])) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


def test_a_written_list_reads_back() -> None:
    assert DIALECT.read_models(loads(DIALECT.write_models([OPUS]))) == ([OPUS], "")


def test_pages() -> None:
    page = {"data": [{"id": "a", "created_at": 5}, {"id": None}, 7], "has_more": True, "last_id": "a/b"}
    models, following = DIALECT.read_models(page)
    assert [model.id for model in models] == ["a"] and following == "after_id=a%2Fb"
    for odd in (None, [], {"data": 5}, {"data": [], "has_more": True, "last_id": "a"}):
        assert DIALECT.read_models(odd) == ([], "")
