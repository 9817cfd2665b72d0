"""Details that gateways get wrong, each seen from the client's side (the numbers are those of the project's list)."""

from __future__ import annotations

import json
import select
from typing import Any

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import clients, geminis, providers, streams, translated
from tests.contract.house import GEMINIS, MODELS, House
from tests.contract.sdks.every import SDKS, able_to
from tests.contract.sdks.sdk import KEY
from tests.gateways import Client
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script
from tests.web.wire import Wire

USED = {"promptTokenCount": 5, "candidatesTokenCount": 1213, "thoughtsTokenCount": 158, "totalTokenCount": 1376}


def gemini_answer(stream: bool, usage: dict[str, Any]) -> Script:
    candidate = {"content": {"role": "model", "parts": [{"text": "the answer"}]}, "finishReason": "STOP"}
    raw = json.dumps({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-model"}).encode()
    if not stream:
        return Script(body=raw)
    return Script(body=b"data: " + raw + b"\r\n\r\n", content_type="text/event-stream")


@streams
@geminis
@clients()
def test_3_thoughts_are_added_to_the_output_once(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.up.play(gemini_answer(stream, USED))
    assert house.ask(sdk, provider, stream=stream).usage == (5, 1371)


@pytest.mark.parametrize("sdk", ["openai-chat", "openai-responses", "anthropic"])
@streams
@geminis
def test_3_cached_tokens_in_each_convention(house: House, sdk: str, provider: str, stream: bool) -> None:
    """OpenAI counts cached tokens among the prompt's, Anthropic beside them."""
    house.up.play(gemini_answer(stream, {**USED, "promptTokenCount": 105, "cachedContentTokenCount": 100}))
    usage = house.ask(sdk, provider, stream=stream).usage
    assert usage == ((5, 1371) if sdk == "anthropic" else (105, 1371))


@providers
@pytest.mark.parametrize("protocol", ["chat", "messages", "gemini", "responses"])
def test_4_nothing_leaves_before_content(house: House, protocol: str, provider: str) -> None:
    """The provider has sent its head and whatever begins its answers: no status yet, so that another account may
    answer; and then the answer begins once."""
    client, key = Client(house.gateway.port), {"x-api-key": KEY}
    house.up.play(Script(answer=Answer(spoken("one two")), first_content_delay=0.6))
    opened = client.open(protocol, model=MODELS[provider], stream=True, headers=key)
    assert house.up.wait_for(lambda: any(request.sent for request in house.up.asked()) or provider in GEMINIS)
    assert not select.select([opened._connection.sock], [], [], 0.2)[0], "something has left"
    assert opened.reply().told.text == "one two"
    house.up.play(Script(answer=Answer(spoken("never")), error_after=0), Script(answer=Answer(spoken("one two"))))
    reply = client.ask(protocol, model=MODELS[provider], stream=True, headers=key)
    assert (reply.status, reply.told.text, reply.told.error) == (200, "one two", None)
    begun = [name for name, _ in reply.events if name in ("message_start", "response.created")]
    assert len(begun) <= 1


def test_12_which_keys_let_in(house: House) -> None:
    """The house is strict: health asks for a key too. One valid key among those presented is enough."""
    client = Client(house.gateway.port)
    raw = json.dumps({"model": MODELS["chat"], "messages": [{"role": "user", "content": "hi"}]}).encode()

    def status(path: str = "/v1/chat/completions", method: str = "POST", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post(path, raw if method == "POST" else b"", named, method=method).reply().status

    for good in (
        {"Authorization": f"Bearer {KEY}"}, {"Authorization": KEY}, {"x_api_key": KEY}, {"x_goog_api_key": KEY},
        {"Authorization": "Bearer wrong", "x_api_key": KEY}, {"x_api_key": "wrong", "x_goog_api_key": KEY},
    ):  # fmt: skip
        assert status(**good) == 200, good
    for bad in ({}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"x_api_key": ""}, {"x_api_key": KEY + " x"}):
        assert status(**bad) == 401, bad
    assert status("/v1/chat/completions", "OPTIONS") in (200, 204)
    with Wire(house.gateway.connect()) as wire:
        twice = (f"Authorization: Bearer {KEY}", "Authorization: Bearer sk-another")
        assert wire.post("/v1/chat/completions", raw, *twice).read().status in (400, 401), "which one would count?"
    assert status("/healthz", "GET") == 401 and status("/healthz", "GET", x_api_key=KEY) == 200


@streams
@providers
@clients("tools")
def test_6_one_finish_after_words_and_calls(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("look"), tools=(ToolUse("f"), ToolUse("f", "{}", "call_2")), usage="twice"))
    reply = house.ask(sdk, provider, Ask(tools=(Function("f"),)), stream)
    assert reply.finish in SDKS[sdk].words["tool_calls"]


@providers
@clients()
@pytest.mark.parametrize("bytes_at_a_time", [1, 2, 7])
def test_15_any_split_of_the_bytes(house: House, sdk: str, provider: str, bytes_at_a_time: int) -> None:
    house.answers(Answer(("naïve ", "漢字 ", "🌍")), split=bytes_at_a_time)
    assert house.ask(sdk, provider, stream=True).text == "naïve 漢字 🌍"


@streams
@providers
@clients()
def test_15_compressed_answers(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("one two three")), gzip=True)
    assert house.ask(sdk, provider, stream=stream).text == "one two three"


@pytest.mark.parametrize(
    ("sdk", "provider"), [*((sdk, "chat") for sdk in SDKS), *((sdk, "anthropic") for sdk in SDKS if sdk != "anthropic")]
)
def test_15_no_end_mark_but_a_finish(house: House, sdk: str, provider: str) -> None:
    """[DONE] and message_stop are left out by many hosts; the finish reason tells that the answer is whole."""
    house.answers(Answer(spoken("one two")), end_mark=False)
    assert house.ask(sdk, provider, stream=True).text == "one two"


@streams
@clients()
@pytest.mark.parametrize("other", ["whole", "stream"])
@pytest.mark.parametrize("provider", ["chat", *GEMINIS])
def test_15_hosts_that_answer_the_other_way(house: House, sdk: str, provider: str, stream: bool, other: str) -> None:
    """Some stream whatever was asked, some never do; the client still gets what it asked for."""
    house.answers(Answer(spoken("one two")), form=other)
    assert house.ask(sdk, provider, stream=stream).text == "one two"


@streams
@providers
@clients()
def test_16_an_answer_about_errors_is_no_error(house: House, sdk: str, provider: str, stream: bool) -> None:
    text = 'data: {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}} event: error response.failed'
    house.answers(Answer((text,)))
    assert house.ask(sdk, provider, stream=stream).text == text


@pytest.mark.parametrize(
    ("sdk", "provider"),
    [(sdk, each) for sdk in able_to("thinking") for each in ("anthropic", *GEMINIS) if translated(sdk, each)],
)
def test_19_room_for_the_answer_above_the_thinking(house: House, sdk: str, provider: str) -> None:
    knobs = {} if sdk == "anthropic" else {"max_tokens": 1200}
    house.ask(sdk, provider, Ask(thinking=True, knobs=knobs))
    body = house.request.body
    if provider == "anthropic":
        assert body["max_tokens"] > body["thinking"]["budget_tokens"]
    else:
        config = body["generationConfig"]
        assert config.get("maxOutputTokens", 1 << 20) > config["thinkingConfig"]["thinkingBudget"]


@pytest.mark.parametrize("sdk", ["openai-chat", "openai-responses", "anthropic", "google-genai"])
def test_19_the_limit_under_the_name_the_model_knows(house: House, sdk: str) -> None:
    """gpt-5 has no max_tokens and refuses temperature; the limit itself arrives."""
    house.ask(sdk, "chat", Ask(knobs={"max_tokens": 777, "temperature": 0.5}), model="gpt-5-mini")
    body = house.request.body
    assert body["max_completion_tokens"] == 777 and not {"max_tokens", "temperature"} & set(body)


def test_19_max_completion_tokens_wins_over_max_tokens(house: House) -> None:
    more = {"max_tokens": 50, "max_completion_tokens": 777}
    for provider in ("anthropic", "gemini"):
        house.up.requests.clear()
        reply = Client(house.gateway.port).ask("chat", model=MODELS[provider], headers={"x-api-key": KEY}, **more)
        assert reply.status == 200
        body = house.request.body
        assert (body.get("max_tokens") or body["generationConfig"]["maxOutputTokens"]) == 777


@streams
@clients()
def test_24_the_final_model_and_the_asked_one(house: House, sdk: str, stream: bool) -> None:
    reply = house.ask(sdk, "gemini", stream=stream, model="gpt-4o")
    assert reply.headers["x-mapped-model"] == "gemini-2.5-flash"
    assert reply.model == ("gemini-2.5-flash" if SDKS[sdk].dialect == "gemini" else "gpt-4o")
