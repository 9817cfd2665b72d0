"""Token counts: the provider's own where it counts, an estimate elsewhere, and the header tells which."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest
from google.genai import errors

from tests.contract.house import ASSIST, GEMINIS, MODELS, House
from tests.contract.sdks.every import SDKS
from tests.scripted.script import failing, json_body

TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}


@pytest.fixture(autouse=True)
def counters(house: House) -> None:
    house.up.play(json_body({"input_tokens": 411}), model="claude-model")
    house.up.play(json_body({"object": "response.input_tokens", "input_tokens": 233}), model="responses-model")
    for model in ("gemini-model", "gemini-assist"):
        house.up.play(json_body({"totalTokens": 322}), model=model)


@pytest.fixture(autouse=True)
def restored(house: House) -> Iterator[None]:
    yield
    for model in ("claude-model", "responses-model", "gemini-model", "gemini-assist"):
        house.up.play(model=model)


def by_anthropic(house: House, provider: str) -> int:
    counted = house.sdks["anthropic"].client.messages.count_tokens(
        model=MODELS[provider],
        system="be brief",
        messages=[{"role": "user", "content": "how many tokens are these?"}],
        tools=[TOOL],
    )
    return int(counted.input_tokens)


def by_genai(house: House, provider: str) -> int:
    counted = house.sdks["google-genai"].client.models.count_tokens(
        model=MODELS[provider], contents="how many tokens are these?"
    )
    return int(counted.total_tokens)


def by_openai(house: House, provider: str) -> int:
    counted = house.sdks["openai-responses"].client.responses.input_tokens.count(
        model=MODELS[provider], input="how many tokens are these?", instructions="be brief"
    )
    assert counted.object == "response.input_tokens"
    return int(counted.input_tokens)


CLIENTS = {"anthropic": by_anthropic, "google-genai": by_genai, "openai-responses": by_openai}
EXACT = {"anthropic": 411, "responses": 233, "gemini": 322}


@pytest.mark.parametrize("provider", ["anthropic", "responses", "gemini"])
@pytest.mark.parametrize("sdk", CLIENTS)
def test_a_provider_that_counts(house: House, sdk: str, provider: str) -> None:
    assert CLIENTS[sdk](house, provider) == EXACT[provider]
    heard = house.sdks[sdk].heard.headers
    assert heard["x-token-count"] == "exact"
    assert heard["x-mapped-model"] == MODELS[provider]
    (request,) = house.up.requests
    if provider == "gemini":
        assert request.path == "/v1beta/models/gemini-model:countTokens"
        inner = request.body["generateContentRequest"]
        assert inner["model"] == "models/gemini-model"
        assert inner["contents"][0]["parts"][0]["text"] == "how many tokens are these?"
        if sdk != "google-genai":
            assert inner["systemInstruction"]["parts"] == [{"text": "be brief"}]
        if sdk == "anthropic":
            assert inner["tools"]
    elif provider == "responses":
        assert request.path == "/v1/responses/input_tokens"
        assert request.body["model"] == "responses-model"
        assert "how many tokens are these?" in str(request.body["input"])
        assert request.body.get("instructions", "be brief") == "be brief"
        assert not {"max_output_tokens", "stream", "store", "temperature"} & request.body.keys()
    else:
        assert request.path == "/v1/messages/count_tokens"
        assert request.headers["anthropic-version"] == "2023-06-01"
        assert request.body["model"] == "claude-model"
        assert not {"max_tokens", "stream", "temperature"} & request.body.keys()


def test_a_provider_that_counts_contents_only(house: House) -> None:
    """v1internal takes neither instructions nor tools (AM-P18): with them an estimate of all of it is better."""
    assert by_genai(house, ASSIST) == 322
    assert house.sdks["google-genai"].heard.headers["x-token-count"] == "exact"
    (request,) = house.up.requests
    assert request.path == "/v1internal:countTokens"
    assert request.envelope is not None and request.envelope.keys() == {"request"}
    assert request.body.keys() == {"model", "contents"}
    assert 6 <= by_anthropic(house, ASSIST) <= 120
    assert house.sdks["anthropic"].heard.headers["x-token-count"] == "estimate"
    assert len(house.up.requests) == 1


@pytest.mark.parametrize("sdk", CLIENTS)
def test_a_provider_that_cannot_count(house: House, sdk: str) -> None:
    assert 6 <= CLIENTS[sdk](house, "chat") <= 120
    assert house.sdks[sdk].heard.headers["x-token-count"] == "estimate"
    assert house.up.requests == []


@pytest.mark.parametrize("provider", ["anthropic", "responses", *GEMINIS])
@pytest.mark.parametrize("sdk", CLIENTS)
@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_counter_that_fails(house: House, sdk: str, provider: str, status: int) -> None:
    """An estimate is worth more than an error, and the account is not blamed."""
    house.up.play(failing(status), model=MODELS[provider])
    assert 6 <= CLIENTS[sdk](house, provider) <= 120
    assert house.sdks[sdk].heard.headers["x-token-count"] == "estimate"
    house.up.play(model=MODELS[provider])
    assert house.ask("openai-chat", provider).text == "ok"


def test_what_cannot_be_counted(house: House) -> None:
    client, other = house.sdks["anthropic"].client, house.sdks["google-genai"].client
    with pytest.raises(anthropic.BadRequestError):
        client.messages.count_tokens(model="chat-model", messages=[{"role": "nobody", "content": "x"}])
    with pytest.raises(anthropic.NotFoundError):
        client.messages.count_tokens(model="no-such-model", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(errors.ClientError) as raised:
        other.models.count_tokens(model="no-such-model", contents="x")
    assert raised.value.code == 404
    stranger = SDKS["anthropic"](house.gateway.url, "sk-wrong").client
    with pytest.raises(anthropic.AuthenticationError):
        stranger.messages.count_tokens(model="chat-model", messages=[{"role": "user", "content": "x"}])
    assert house.up.requests == []


@pytest.mark.parametrize("sdk", CLIENTS)
def test_more_text_counts_more(house: House, sdk: str) -> None:
    client = house.sdks[sdk].client
    counts = []
    for text in ("hello", "hello there " * 200):
        if sdk == "anthropic":
            message = {"role": "user", "content": text}
            counts.append(client.messages.count_tokens(model="chat-model", messages=[message]).input_tokens)
        elif sdk == "openai-responses":
            counts.append(client.responses.input_tokens.count(model="chat-model", input=text).input_tokens)
        else:
            counts.append(client.models.count_tokens(model="chat-model", contents=text).total_tokens)
    assert counts[0] < 20
    assert 200 < counts[1] < 1000
