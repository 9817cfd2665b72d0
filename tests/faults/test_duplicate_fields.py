"""What was checked is what the provider is told, whichever of two equal names it takes (failures.md, row 12)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.told import path
from tests.scripted.upstream import ScriptedUpstream

KEY = "client-key-for-cheap-models"
DIALECTS = [("chat", "chat"), ("messages", "anthropic"), ("responses", "responses")]
TEXT = {"chat": "messages", "messages": "messages", "responses": "input"}


@pytest.fixture(scope="module", params=DIALECTS, ids=lambda param: param[0])
def house(request: pytest.FixtureRequest) -> Iterator[tuple[str, ScriptedUpstream, InProcess]]:
    protocol, dialect = request.param
    with ScriptedUpstream() as up:
        toml = config_for(Provider(up, dialect), auth={"mode": "strict"})
        toml += (
            f"\n[[auth.keys]]\nname = 'poor'\nkey_hash = 'sha256:{hashlib.sha256(KEY.encode()).hexdigest()}'\n"
            "models = ['cheap', 'also-*']\n"
        )
        with InProcess(toml) as gateway:
            yield protocol, up, gateway


def first_of_each(raw: bytes) -> dict[str, Any]:
    """As a parser reads it that takes the first of two equal names."""
    return dict(json.loads(raw, object_pairs_hook=lambda pairs: dict(reversed(pairs))))


@pytest.mark.parametrize(
    "models",
    [
        b'"model":"dear","model":"cheap"',
        b'"mod\\u0065l":"dear","model":"cheap"',
        b'"model":"dear","mod\\u0065l":"cheap"',
        b'"model":["dear"],"model":"cheap"',
        b'"model" : "dear" , "user" : "\\u0022\\u0022" , "model" : "cheap"',
    ],
)
def test_a_second_model_reaches_no_provider(house: tuple[str, ScriptedUpstream, InProcess], models: bytes) -> None:
    protocol, up, gateway = house
    rest = json.dumps({TEXT[protocol]: [{"role": "user", "content": "hi"}], "max_tokens": 5}).encode()
    reply = gateway.post(
        path(protocol, "cheap", False), b"{" + models + b"," + rest[1:], {"x-api-key": KEY}, protocol=protocol
    ).reply()
    assert reply.status == 200, reply.body
    sent = up.requests[-1].raw
    assert b"dear" not in sent and first_of_each(sent)["model"] == "cheap"


@pytest.mark.parametrize("field", [b'"Model":"dear"', b'"MODEL":"dear"', b'"max_to\xe2\x84\xaaens":100000'])
def test_a_field_that_only_some_read_is_refused(house: tuple[str, ScriptedUpstream, InProcess], field: bytes) -> None:
    protocol, up, gateway = house
    before = len(up.requests)
    rest = json.dumps({"model": "cheap", TEXT[protocol]: [{"role": "user", "content": "hi"}], "max_tokens": 5}).encode()
    reply = gateway.post(
        path(protocol, "cheap", False), b"{" + field + b"," + rest[1:], {"x-api-key": KEY}, protocol=protocol
    ).reply()
    assert reply.status == 400 and len(up.requests) == before, reply.body


def test_a_private_address_behind_a_public_one_reaches_no_provider(
    house: tuple[str, ScriptedUpstream, InProcess],
) -> None:
    protocol, up, gateway = house
    picture = {
        "chat": b'{"type":"image_url","image_url":{"url":"http://10.0.0.1/a","url":"https://pics.example.com/a"}}',
        "messages": b'{"type":"image","source":{"type":"url","url":"http://10.0.0.1/a","url":"https://pics.example.com/a"}}',
        "responses": b'{"type":"input_image","image_url":"http://10.0.0.1/a","image_url":"https://pics.example.com/a"}',
    }[protocol]
    raw = b'{"model":"cheap","max_tokens":5,"%b":[{"role":"user","content":[%b]}]}' % (
        TEXT[protocol].encode(),
        picture,
    )
    reply = gateway.post(path(protocol, "cheap", False), raw, {"x-api-key": KEY}, protocol=protocol).reply()
    assert reply.status == 200, reply.body
    assert b"10.0.0.1" not in up.requests[-1].raw and b"pics.example.com" in up.requests[-1].raw


def test_the_limit_that_was_reserved_is_the_limit_that_is_told(house: tuple[str, ScriptedUpstream, InProcess]) -> None:
    protocol, up, gateway = house
    field = "max_output_tokens" if protocol == "responses" else "max_tokens"
    said = f'"{field}":100000,"{field}":20,'.encode()
    rest = json.dumps({"model": "cheap", TEXT[protocol]: [{"role": "user", "content": "hi"}]}).encode()
    reply = gateway.post(
        path(protocol, "cheap", False), b"{" + said + rest[1:], {"x-api-key": KEY}, protocol=protocol
    ).reply()
    assert reply.status == 200, reply.body
    assert first_of_each(up.requests[-1].raw)[field] == 20
