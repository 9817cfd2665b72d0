"""What whole model families refuse or want otherwise, seen at the provider."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask
from tests.contract.cases import clients, streams
from tests.contract.house import ASSIST, House
from tests.contract.sdks.every import SDKS

KNOBS = {"temperature": 0.3, "max_tokens": 900}


@streams
@clients()
def test_gpt_5_on_chat(house: House, sdk: str, stream: bool) -> None:
    """max_completion_tokens, no temperature: also for a chat client whose bytes pass through."""
    reply = house.ask(sdk, "chat", Ask(knobs=KNOBS), stream, model="gpt-5-mini")
    body = house.request.body
    assert body["max_completion_tokens"] == 900
    assert not {"max_tokens", "temperature"} & body.keys()
    assert reply.text == "ok"


@streams
@clients()
def test_gpt_5_on_responses(house: House, sdk: str, stream: bool) -> None:
    house.ask(sdk, "responses", Ask(knobs=KNOBS), stream, model="gpt-5.5")
    body = house.request.body
    assert body["max_output_tokens"] == 900
    assert "temperature" not in body


@clients(names=["openai-chat", "openai-responses", "google-genai"])
@pytest.mark.parametrize("thinking", [False, True])
def test_adaptive_claude(house: House, sdk: str, thinking: bool) -> None:
    """It knows no thinking budget."""
    house.ask(sdk, "anthropic", Ask(thinking=thinking), model="claude-opus-4-7")
    body = house.request.body
    assert "budget_tokens" not in body.get("thinking", {})
    if thinking:
        assert body["thinking"]["type"] == "adaptive"


@clients(names=["openai-chat", "openai-responses", "anthropic"])
def test_gemini_3_thinks_by_level(house: House, sdk: str) -> None:
    house.ask(sdk, "gemini", Ask(thinking=True), model="gemini-3-pro")
    config = house.request.body["generationConfig"]["thinkingConfig"]
    assert config["thinkingLevel"].lower() in ("low", "medium", "high")
    assert "thinkingBudget" not in config


@clients(names=["openai-chat", "openai-responses", "anthropic"])
def test_behind_the_envelope_it_thinks_by_budget(house: House, sdk: str) -> None:
    """v1internal knows no level, whatever the model (AM-P17)."""
    house.ask(sdk, ASSIST, Ask(thinking=True), model="gemini-3-flash")
    config = house.request.body["generationConfig"]["thinkingConfig"]
    assert config["thinkingBudget"] > 0
    assert "thinkingLevel" not in config


@pytest.mark.parametrize(
    ("sdk", "model", "most"),
    [
        *((sdk, "gemini-2.5-flash", 65536) for sdk in SDKS if sdk != "google-genai"),
        *((sdk, "claude-opus-4-7", 128000) for sdk in SDKS if sdk != "anthropic"),
    ],
)
def test_limits_above_what_the_model_gives(house: House, sdk: str, model: str, most: int) -> None:
    """Streamed, because Anthropic's SDK refuses to wait for so long an answer."""
    house.ask(sdk, "", Ask(knobs={"max_tokens": 500_000}), stream=True, model=model)
    assert house.seen.knobs["max_tokens"] == most
