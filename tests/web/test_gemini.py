from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from gateway.web.gemini import named
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.upstream import ScriptedUpstream

ASKS = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]}).encode()


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    toml = config_for(Provider(up, "chat", models=("c-model",)), Provider(up, "gemini", models=("g-*",)))
    with InProcess(toml + '\n[models.map]\nalias = "c-model"\n') as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("target", "model", "method"),
    [
        ("m", "m", "generateContent"),
        ("m:countTokens", "m", "countTokens"),
        ("m/countTokens", "m", "countTokens"),
        ("ft:m:streamGenerateContent", "ft:m", "streamGenerateContent"),
        ("org/m", "org/m", "generateContent"),
        ("org/m/countTokens", "org/m", "countTokens"),
    ],
)
def test_the_method_is_what_stands_after_the_last_colon(target: str, model: str, method: str) -> None:
    assert named(target) == (model, method)


@pytest.mark.parametrize("path", ["/v1beta/models/models/g-1", "/v1beta/models/models%2Fg-1", "/v1/models/models/g-1"])
def test_a_name_as_it_stands_in_the_list_is_understood(house: InProcess, path: str) -> None:
    reply = house.post(f"{path}:generateContent", ASKS, protocol="gemini").reply()
    assert (reply.status, reply.headers["x-mapped-model"], reply.told.text) == (200, "g-1", "ok")
    assert house.post(f"{path}:countTokens", ASKS).reply().headers["x-mapped-model"] == "g-1"


def test_counting_by_the_slash_form(house: InProcess) -> None:
    """Row AM-R16."""
    counts = [house.post(f"/v1beta/models/c-model{mark}countTokens", ASKS).reply() for mark in ":/"]
    assert [each.headers["x-mapped-model"] for each in counts] == ["c-model"] * 2
    assert counts[0].json == counts[1].json and counts[0].json["totalTokens"]


def test_what_was_counted_is_in_the_record_and_costs_nothing(house: InProcess) -> None:
    house.post("/v1beta/models/alias:countTokens", ASKS).reply()
    record = house.records[-1]
    assert (record.asked, record.mapped, record.input_tokens) == ("alias", "c-model", None)


@pytest.mark.parametrize(
    "path", ["/v1beta/models/c-model:generateContent", "/gemini/v1beta/models/c-model:countTokens"]
)
def test_methods_are_posted(house: InProcess, path: str) -> None:
    reply = house.post(path, b"", method="GET").reply()
    assert (reply.status, reply.headers["allow"]) == (405, "POST") and reply.json["error"]["code"] == 405
