"""Words there and back, between every client and every provider."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Said
from tests.contract.cases import clients, mode_of, providers, streams
from tests.contract.house import MODELS, House
from tests.scripted.answer import Answer, spoken

HARD = {
    "separators": "a\u2028b\u2029c\u0085d e\u0301 \ufeff \u200d \u0000x",
    "alphabets": "🌍 👩‍👩‍👧‍👦 𝕏 𠜎 🇪🇺 Привет, 世界, שלום, नमस्ते",
    "syntax": 'quote " backslash \\ tab \t brace } and \\u0041 data: [DONE]\n\nevent: error\n\n: comment "error"',
}


@streams
@providers
@clients()
def test_plain_text(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.answers(Answer(spoken("Hello from the provider.")))
    reply = house.ask(sdk, provider, stream=stream)
    assert reply.text == "Hello from the provider."
    assert reply.model == MODELS[provider]
    assert house.seen.turns == [("user", "hello")]
    assert house.request.stream == stream
    assert house.request.model == MODELS[provider]
    assert reply.headers["x-gateway-mode"] == mode_of(sdk, provider)
    assert "x-gateway-lossy" not in reply.headers


@streams
@providers
@clients()
@pytest.mark.parametrize("name", HARD)
def test_hard_text(house: House, sdk: str, provider: str, stream: bool, name: str) -> None:
    text = HARD[name]
    house.answers(Answer(tuple(text)))
    assert house.ask(sdk, provider, Ask((Said("user", text),)), stream).text == text
    assert house.seen.turns == [("user", text)]


@streams
@providers
@clients("system")
def test_several_turns(house: House, sdk: str, provider: str, stream: bool) -> None:
    talk = (
        Said("user", "one"),
        Said("assistant", "two"),
        Said("user", "three"),
        Said("assistant", "four"),
        Said("user", "five"),
    )
    house.ask(sdk, provider, Ask(talk), stream)
    assert house.seen.turns == [(turn.role, turn.text) for turn in talk]


@streams
@providers
@clients()
def test_a_long_answer(house: House, sdk: str, provider: str, stream: bool) -> None:
    words = tuple(f"word{number} " for number in range(300))
    house.answers(Answer(words), split=37)
    assert house.ask(sdk, provider, stream=stream).text == "".join(words)
