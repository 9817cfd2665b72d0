from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.profile import Profile
from gateway.protocols.passing import fitted, with_model, with_stream_usage
from gateway.protocols.wire_json import loads


def changed(raw: str, model: str) -> bytes:
    return with_model(raw.encode(), loads(raw), model)


def test_only_the_model_changes() -> None:
    raw = '{ "messages" : [ {"role":"user","content":"é \\"model\\":\\"x\\" 1.50"} ],\n  "model" : "gpt-4o" , "n":1e0}'
    assert changed(raw, "gemini") == raw.replace('"model" : "gpt-4o"', '"model":"gemini"').encode()


def test_the_same_name_changes_nothing() -> None:
    raw = b'{"model":"a","x":1.0}'
    assert with_model(raw, loads(raw), "a") is raw


def test_a_body_without_a_model_stays() -> None:
    raw = b'{"contents":[]}'
    assert with_model(raw, loads(raw), "gemini") is raw


@pytest.mark.parametrize("model", ["ünïcode/模型", 'quote"back\\slash', "a\\1b", "with\nnewline"])
def test_odd_targets(model: str) -> None:
    assert loads(changed('{"model":"a","messages":[]}', model)) == {"model": model, "messages": []}


@pytest.mark.parametrize(
    "raw",
    [
        '{"metadata":{"model":"mine"},"model":"a"}',
        '{"model":"a","tools":[{"parameters":{"properties":{"model":{"model":"x"}}}}]}',
        '{"model":"first","model":"a"}',
        '{"mod\\u0065l":"a","metadata":{"model":"mine"}}',
        '{"model":"cheap","mod\\u0065l":"a"}',
        '{"model":"\\u0061","metadata":{}}',
        '{"messages":[{"role":"model","content":"the \\"model\\": \\"y\\" word"}],"model":"a"}',
    ],
)
def test_no_other_field_is_touched_and_no_second_model_is_left(raw: str) -> None:
    body = loads(raw)
    assert body["model"] == "a" if "mod\\u0065l" not in raw else True
    pairs: list[tuple[str, Any]] = []
    written = with_model(raw.encode(), body, "target")
    json.loads(written, object_pairs_hook=lambda found: pairs.extend(found) or dict(found))
    assert loads(written) == {**body, "model": "target"}
    assert ("model", "a") not in pairs and ("model", "first") not in pairs and ("model", "cheap") not in pairs


def test_fitted_leaves_bytes_alone_when_nothing_is_refused() -> None:
    raw = b'{"temperature":0.50}'
    body = loads(raw)
    assert fitted(raw, body, Profile()) == (raw, body)
    assert fitted(raw, body, Profile(drop=("seed",)))[0] is raw


def test_fitted_drops_and_renames() -> None:
    body = {"model": "gpt-5", "temperature": 1, "max_tokens": 7}
    profile = Profile(max_tokens_field="max_completion_tokens", drop=("temperature",))
    raw, fit = fitted(b"", body, profile)
    assert loads(raw) == fit == {"model": "gpt-5", "max_completion_tokens": 7}
    assert body == {"model": "gpt-5", "temperature": 1, "max_tokens": 7}


def test_the_new_name_of_the_limit_beats_the_old() -> None:
    body = {"max_tokens": 7, "max_completion_tokens": 9}
    assert fitted(b"", body, Profile(max_tokens_field="max_completion_tokens"))[1] == {"max_completion_tokens": 9}


@pytest.mark.parametrize(
    "body",
    [
        {"model": "a", "stream": True},
        {"model": "a", "stream_options": None},
        {"model": "a", "stream_options": {"include_usage": False}},
        {"model": "a", "stream_options": {"include_obfuscation": False}},
    ],
)
def test_usage_is_asked_for(body: dict[str, Any]) -> None:
    written = with_stream_usage(json.dumps(body).encode(), body)
    assert written is not None
    own = body.get("stream_options") or {}
    assert loads(written) == {**body, "stream_options": {**own, "include_usage": True}}


def test_usage_the_client_asks_for_is_its_own() -> None:
    body = {"stream_options": {"include_usage": True}}
    assert with_stream_usage(json.dumps(body).encode(), body) is None


def test_asking_for_usage_leaves_the_other_bytes_alone() -> None:
    raw = b' {"temperature":0.50,"model":"a"}'
    assert (
        with_stream_usage(raw, loads(raw))
        == b' {"stream_options":{"include_usage":true},"temperature":0.50,"model":"a"}'
    )
