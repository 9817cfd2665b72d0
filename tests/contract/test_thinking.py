"""Thinking text: shown in each client's own form, apart from the answer; wishes for it told to each provider."""

from __future__ import annotations

import pytest
from google.genai import types

from tests.contract.ask import Ask
from tests.contract.cases import clients, geminis, providers, streams
from tests.contract.house import House
from tests.scripted.answer import Answer, spoken


@streams
@providers
@clients("thinking")
def test_thinking_comes_apart_from_the_answer(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("the answer"), thinking=spoken("let me think \u2028 🌍")))
    reply = house.ask(sdk, provider, Ask(thinking=True), stream)
    assert reply.thinking == "let me think \u2028 🌍"
    assert reply.text == "the answer"


@streams
@providers
def test_a_client_without_a_place_for_it_gets_the_answer(house: House, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("the answer"), thinking=spoken("let me think")))
    assert house.ask("openai-completions", provider, stream=stream).text == "the answer"


@geminis
@clients("thinking")
def test_the_wish_reaches_gemini(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider, Ask(thinking=True))
    config = types.ThinkingConfig.model_validate(house.request.body["generationConfig"]["thinkingConfig"])
    assert config.include_thoughts is True
    assert config.thinking_budget is not None and config.thinking_budget >= 1024


@clients("thinking")
@pytest.mark.parametrize("limit", [1500, 16000])
def test_the_wish_reaches_anthropic(house: House, sdk: str, limit: int) -> None:
    """The budget stays below the limit; Anthropic demands that."""
    house.ask(sdk, "anthropic", Ask(thinking=True, knobs={"max_tokens": limit} if sdk != "anthropic" else {}))
    body = house.request.body
    assert body["thinking"]["type"] == "enabled"
    assert 1024 <= body["thinking"]["budget_tokens"] < body["max_tokens"]
