"""POST /v1/responses/input_tokens and /v1/responses/compact, as the openai SDK asks them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses as mocked
from openai.types.responses import CompactedResponse

from tests.web.answers import CHAT
from tests.web.served import BASES, Served, served, upstream

COUNT = "/v1/responses/input_tokens"
COMPACT = "/v1/responses/compact"
OPENAI = BASES["openai"]
COMPACTED: dict[str, Any] = {
    "id": "resp_001",
    "object": "response.compaction",
    "created_at": 1764967971,
    "output": [
        {"id": "m_0", "type": "message", "status": "completed", "role": "assistant", "content": []},
        {"id": "cmp_1", "type": "compaction", "encrypted_content": "sealed"},
    ],
    "usage": {
        "input_tokens": 139,
        "input_tokens_details": {"cached_tokens": 9, "cache_write_tokens": 0},
        "output_tokens": 438,
        "output_tokens_details": {"reasoning_tokens": 64},
        "total_tokens": 577,
    },
}


def native() -> Served:
    return served(upstream("openai", speaks="responses"))


@pytest.mark.parametrize("mount", ["", "/openai"])
@pytest.mark.parametrize("kind", ["openai", "gemini", "anthropic"])
def test_input_tokens_are_estimated_where_the_provider_cannot_count(kind: str, mount: str) -> None:
    with mocked.RequestsMock(assert_all_requests_are_fired=False):
        body = {"model": "m", "input": "hello " * 50, "instructions": "Be brief."}
        reply = served(upstream(kind)).client.post(mount + COUNT, json=body)
    document = reply.get_json()
    assert reply.status_code == 200 and document.keys() == {"object", "input_tokens"}
    assert document["object"] == "response.input_tokens" and 30 < document["input_tokens"] < 120
    assert reply.headers["X-Token-Count"] == "estimate" and reply.headers["X-Mapped-Model"] == "m"


def test_input_tokens_are_the_providers_where_it_counts() -> None:
    body = {"model": "m", "input": "hi", "temperature": 0.5, "tools": [{"type": "function", "name": "f"}]}
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/responses/input_tokens", json={"object": "response.input_tokens", "input_tokens": 77})
        reply = native().client.post(COUNT, json=body)
        sent = json.loads(playing.calls[0].request.body or "")
    assert reply.get_json() == {"object": "response.input_tokens", "input_tokens": 77}
    assert reply.headers["X-Token-Count"] == "exact"
    assert sent["model"] == "m" and sent["tools"][0]["name"] == "f"
    assert not {"temperature", "stream", "store", "include"} & sent.keys()


def test_a_host_without_the_endpoint_is_estimated_for_and_not_rested() -> None:
    house = native()
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/responses/input_tokens", json={"detail": "Not Found"}, status=404)
        for _ in range(2):
            reply = house.client.post(COUNT, json={"model": "m", "input": "hi"})
            assert reply.status_code == 200 and reply.headers["X-Token-Count"] == "estimate"


def test_input_tokens_of_a_conversation_that_goes_on() -> None:
    house = served(upstream("openai"))
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/chat/completions", json=CHAT)
        first = house.client.post("/v1/responses", json={"model": "m", "input": "hello " * 200}).get_json()
    body = {"model": "m", "input": "more", "previous_response_id": first["id"]}
    assert house.client.post(COUNT, json=body).get_json()["input_tokens"] > 150
    body["previous_response_id"] = "resp_unknown"
    reply = house.client.post(COUNT, json=body)
    assert reply.status_code == 400 and reply.get_json()["error"]["code"] == "previous_response_not_found"


@pytest.mark.parametrize("body", [{"input": "hi"}, {"model": "m"}, {"model": "m", "input": 5}, {"model": 5}])
def test_what_cannot_be_counted_is_a_400(body: dict[str, Any]) -> None:
    reply = native().client.post(COUNT, json=body)
    assert reply.status_code == 400 and reply.get_json()["error"]["param"] in ("model", "input")


@pytest.mark.parametrize("mount", ["", "/openai"])
def test_a_provider_that_compacts_is_passed_through(mount: str) -> None:
    house = native()
    body = {"model": "m", "input": [{"role": "user", "content": "hi"}], "a_field_of_tomorrow": True}
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/responses/compact", json=COMPACTED)
        reply = house.client.post(mount + COMPACT, json=body)
        sent = json.loads(playing.calls[0].request.body or "")
    assert reply.status_code == 200 and reply.get_json() == COMPACTED and sent == body
    assert CompactedResponse.model_validate(reply.get_json()).output[1].type == "compaction"
    assert reply.headers["X-Gateway-Mode"] == "passthrough" and reply.headers["X-Mapped-Model"] == "m"
    record = house.notes.records[-1]
    assert (record.input_tokens, record.output_tokens, record.ended) == (139, 438, "complete")
    assert house.client.get("/v1/responses/resp_001").status_code == 404


def test_another_account_compacts_where_one_is_limited() -> None:
    house = served(upstream("openai", speaks="responses", accounts=2))
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/responses/compact", json={"error": {"message": "slow"}}, status=429)
        playing.post(OPENAI + "/responses/compact", json=COMPACTED)
        assert house.client.post(COMPACT, json={"model": "m", "input": "hi"}).status_code == 200


@pytest.mark.parametrize("kind", ["openai", "gemini", "anthropic"])
def test_other_providers_cannot_compact(kind: str) -> None:
    reply = served(upstream(kind)).client.post(COMPACT, json={"model": "m", "input": "hi"})
    error = reply.get_json()["error"]
    assert reply.status_code == 404 and error["code"] == "unknown_url" and kind in error["message"]


def test_a_host_that_lacks_compaction_is_not_rested_for_it() -> None:
    house = native()
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/responses/compact", json={"detail": "Not Found"}, status=404)
        reply = house.client.post(COMPACT, json={"model": "m", "input": "hi"})
        assert reply.status_code == 404 and "cannot compact" in reply.get_json()["error"]["message"]
        playing.post(OPENAI + "/responses/input_tokens", json={"input_tokens": 7})
        assert house.client.post(COUNT, json={"model": "m", "input": "hi"}).headers["X-Token-Count"] == "exact"


def test_what_is_no_compaction_is_a_502() -> None:
    with mocked.RequestsMock() as playing:
        playing.post(OPENAI + "/responses/compact", body=b"<html>")
        reply = native().client.post(COMPACT, json={"model": "m", "input": "hi"})
    assert reply.status_code == 502 and reply.get_json()["error"]["code"] == "upstream_error"
