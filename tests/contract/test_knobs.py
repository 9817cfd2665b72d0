"""Sampling and limits: each knob a client turns reaches the provider under its own name, or is reported as lost."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask
from tests.contract.cases import PROVIDERS, clients, providers, translated
from tests.contract.house import House, spoken_by
from tests.contract.sdks.every import SDKS

KNOWN = {
    "chat": {"temperature", "top_p", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty", "top_k"},
    "responses": {"temperature", "top_p", "max_tokens"},
    "anthropic": {"temperature", "top_p", "max_tokens", "stop", "top_k"},
    "gemini": {"temperature", "top_p", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty", "top_k"},
}
VALUES = {
    "temperature": 0.25,
    "top_p": 0.75,
    "max_tokens": 123,
    "stop": ["END", "STOP"],
    "seed": 7,
    "presence_penalty": 0.5,
    "frequency_penalty": -0.5,
    "top_k": 40,
}
NEEDS = {
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "penalties",
    "frequency_penalty": "penalties",
    "top_k": "top_k",
}
REPORTED_AS = {"max_tokens": ("max_tokens", "max_output_tokens"), "stop": ("stop", "stop_sequences", "stopSequences")}


@providers
@pytest.mark.parametrize(
    ("sdk", "knob"), [(sdk, knob) for knob in VALUES for sdk in SDKS if NEEDS.get(knob, "") in {"", *SDKS[sdk].able}]
)
def test_a_knob(house: House, sdk: str, provider: str, knob: str) -> None:
    reply = house.ask(sdk, provider, Ask(knobs={knob: VALUES[knob]}))
    lossy = reply.headers.get("x-gateway-lossy", "")
    if knob in house.seen.knobs:
        assert house.seen.knobs[knob] == VALUES[knob]
        assert lossy == ""
        assert knob in KNOWN[spoken_by(provider)]
    else:
        assert knob not in KNOWN[spoken_by(provider)] or (knob == "top_k" and provider == "chat")
        assert any(name in lossy for name in REPORTED_AS.get(knob, (knob,))), lossy


@providers
@clients()
def test_no_knob_is_invented(house: House, sdk: str, provider: str) -> None:
    """Anthropic's protocol demands a limit, so one is written there (and its SDK sends one)."""
    house.ask(sdk, provider)
    expected = {"max_tokens"} if provider == "anthropic" or sdk == "anthropic" else set()
    assert house.seen.knobs.keys() == expected


@providers
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_both_names_of_the_limit(house: House, provider: str, name: str) -> None:
    house.ask("openai-chat", provider, Ask(knobs={name: 77}))
    if translated("openai-chat", provider):
        assert house.seen.knobs["max_tokens"] == 77
    else:
        assert house.request.body[name] == 77


def test_the_newer_name_of_the_limit_wins(house: House) -> None:
    house.ask("openai-chat", "gemini", Ask(knobs={"max_tokens": 5, "max_completion_tokens": 77}))
    assert house.seen.knobs["max_tokens"] == 77


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if name != "chat"])
def test_one_stop_word(house: House, provider: str) -> None:
    reply = house.ask("openai-chat", provider, Ask(knobs={"stop": "END"}))
    assert house.seen.knobs.get("stop") == ["END"] or "stop" in reply.headers["x-gateway-lossy"]
