"""The other addresses of the same endpoints: prefixes, Gemini's versions, its streamed JSON array."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from google.genai import types

from tests.contract.ask import Ask
from tests.contract.cases import providers, streams
from tests.contract.house import MODELS, House
from tests.contract.sdks.anthropic_messages import AnthropicMessages
from tests.contract.sdks.google_genai import GoogleGenai
from tests.contract.sdks.openai_chat import OpenAIChat
from tests.contract.sdks.openai_responses import OpenAIResponses
from tests.contract.sdks.sdk import KEY, TIMEOUT_S
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Script

PREFIXED = {
    "openai-chat": (OpenAIChat, "/openai"),
    "openai-responses": (OpenAIResponses, "/openai"),
    "anthropic": (AnthropicMessages, "/anthropic"),
    "google-genai": (GoogleGenai, "/gemini"),
}
BODY = {"contents": [{"parts": [{"text": "hello"}]}]}


def post(house: House, path: str, body: dict[str, Any]) -> httpx2.Response:
    return httpx2.post(house.gateway.url + path, json=body, headers={"x-goog-api-key": KEY}, timeout=TIMEOUT_S)


@streams
@providers
@pytest.mark.parametrize("name", PREFIXED)
def test_under_a_prefix(house: House, name: str, provider: str, stream: bool) -> None:
    make, prefix = PREFIXED[name]
    sdk: Any = make(house.gateway.url + prefix)
    assert sdk.ask(Ask(), MODELS[provider], stream).text == "ok"
    assert house.request.model == MODELS[provider]


@providers
@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_of_gemini(house: House, provider: str, version: str) -> None:
    """Node's SDK asks under /v1."""
    answered = post(house, f"/{version}/models/{MODELS[provider]}:generateContent", BODY)
    assert types.GenerateContentResponse.model_validate_json(answered.content).text == "ok"


@providers
def test_a_model_without_a_method_generates(house: House, provider: str) -> None:
    assert "ok" in post(house, f"/v1beta/models/{MODELS[provider]}", BODY).text


@providers
def test_gemini_s_json_array(house: House, provider: str) -> None:
    house.answers(Answer(spoken("one two \u2028 three")))
    answered = post(house, f"/v1beta/models/{MODELS[provider]}:streamGenerateContent", BODY)
    assert answered.headers["content-type"].startswith("application/json")
    chunks = [types.GenerateContentResponse.model_validate(chunk) for chunk in answered.json()]
    assert "".join(chunk.text or "" for chunk in chunks) == "one two \u2028 three"
    assert chunks[-1].candidates is not None and chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


@providers
def test_a_broken_json_array_says_so(house: House, provider: str) -> None:
    house.up.play(Script(answer=Answer(spoken("one two three four")), cut_after=2))
    try:
        answered = post(house, f"/v1beta/models/{MODELS[provider]}:streamGenerateContent", BODY)
    except httpx2.TransportError:
        return
    last = json.loads(answered.content)[-1]
    assert last["error"]["code"] >= 500


@streams
@providers
def test_several_completions_prompts_are_refused_or_joined(house: House, provider: str, stream: bool) -> None:
    """One answer cannot stand for two prompts."""
    body = {"model": MODELS[provider], "prompt": ["first prompt", "second prompt"], "stream": stream}
    answered = post(house, "/v1/completions", body)
    if answered.status_code == 200:
        assert {"first prompt", "second prompt"} <= set(" ".join(text for _, text in house.seen.turns).split("\n"))
    else:
        assert answered.status_code == 400
        assert answered.json()["error"]["param"] == "prompt"
