from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.profile import Profile
from gateway.protocols.passing import fitted, told_once, with_model, with_stream_usage
from gateway.protocols.wire_json import TooDeep, loads


def changed(raw: str, model: str) -> bytes:
    return with_model(raw.encode(), loads(raw), model)


def test_only_the_model_changes() -> None:
    raw = '{ "messages" : [ {"role":"user","content":"é \\"model\\":\\"x\\" 1.50"} ],\n  "model" : "gpt-4o" , "n":1e0}'
    assert changed(raw, "gemini") == raw.replace('"model" : "gpt-4o"', '"model":"gemini"').encode()


def test_the_same_name_changes_nothing() -> None:
    raw = b'{"model":"a","x":1.0}'
    assert with_model(raw, loads(raw), "a") is raw


def test_a_model_deeper_down_is_not_taken_for_one_spelt_with_escapes() -> None:
    raw = b'{"mod\\u0065l":"a","metadata":{"model":"a"}}'
    body = loads(raw)
    assert loads(with_model(told_once(raw, body), body, "b")) == {"model": "b", "metadata": {"model": "a"}}


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


@pytest.mark.parametrize(
    "raw",
    [
        '{"model":"a","n":1}',
        '{ "model" : "a\\"b" , "n" : 1.50e0,\n "s": "\\u00e9 \\/ é", "big": 123456789012345678901234567890 }',
        '{"messages":[{"model":"a"},{"model":"a"}],"model":"a"}',
    ],
)
def test_a_body_that_says_everything_once_stays_as_it_is(raw: str) -> None:
    sent = raw.encode()
    assert told_once(sent, loads(sent)) is sent


@pytest.mark.parametrize(
    "raw",
    [
        '{"model":"first","model":"a"}',
        '{"mod\\u0065l":"first","model":"a"}',
        '{"model":"a","x":[{"image_url":{"url":"first","url":"b"}}]}',
        '{"model":"a","x":{"first":1,"first":2},"y":"\\u0022"}',
        '{"model":"a","max_tokens":100000,"max_tokens":1,"y":"\\u0022\\u0022"}',
    ],
)
def test_of_a_field_that_stands_twice_the_last_is_told(raw: str) -> None:
    body = loads(raw)
    pairs: list[str] = []
    written = told_once(raw.encode(), body)
    json.loads(written, object_pairs_hook=lambda found: pairs.extend(name for name, _ in found) or dict(found))
    assert loads(written) == body and len(pairs) == len(set(pairs))


def test_what_is_too_deep_to_be_looked_at_is_not_told() -> None:
    raw = b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"
    with pytest.raises(TooDeep):
        told_once(raw, loads(raw))


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


def test_a_text_as_go_writes_it_stays_as_it_is() -> None:
    sent = b'{"model": "a", "messages": [{"role": "user", "content": "1 \\u003c 2 \\u0026 \\u00e9"}]}'
    assert told_once(sent, loads(sent)) is sent


def test_quotation_marks_cannot_make_up_for_a_field_that_stands_twice() -> None:
    sent = b'{"model":"dear","user":"\\u0022\\u0022\\u0022\\u0022","model":"cheap"}'
    told = told_once(sent, loads(sent))
    assert b"dear" not in told and loads(told) == loads(sent)
