"""instructions x input on /v1/responses and on /v1/chat/completions: both fields arrive on both routes."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response

from tests.contract.cases import providers, streams
from tests.contract.house import MODELS, House
from tests.contract.sdks.sdk import KEY, TIMEOUT_S
from tests.scripted.told import read_stream

INPUTS: dict[str, Any] = {
    "string": "the input",
    "items": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "the input"}]}],
    "easy items": [{"role": "user", "content": "the input"}],
    "items with their own system": [
        {"role": "system", "content": "more rules"},
        {"role": "user", "content": "the input"},
    ],
}


def post(house: House, route: str, body: dict[str, Any]) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx2.post(house.gateway.url + route, json=body, headers=headers, timeout=TIMEOUT_S)


@streams
@providers
@pytest.mark.parametrize("route", ["/v1/responses", "/v1/chat/completions"])
@pytest.mark.parametrize("instructions", ["the instructions", None], ids=["instructions", "none"])
@pytest.mark.parametrize("given", INPUTS)
def test_2_both_fields_arrive(
    house: House, provider: str, stream: bool, route: str, instructions: str | None, given: str
) -> None:
    body = {"model": MODELS[provider], "input": INPUTS[given], "stream": stream}
    if instructions is not None:
        body["instructions"] = instructions
    answered = post(house, route, body)
    assert answered.status_code == 200, answered.text
    told = " ".join(house.seen.instructions)
    assert told.count("the instructions") == (instructions is not None)
    assert told.count("more rules") == (given == "items with their own system")
    assert house.seen.turns == [("user", "the input")]
    judge(answered, route, stream)


def judge(answered: httpx2.Response, route: str, stream: bool) -> None:
    """The route decides about the answer's shape."""
    if route == "/v1/responses":
        if stream:
            assert read_stream("responses", answered.content).text == "ok"
        else:
            assert Response.model_validate(answered.json()).output_text == "ok"
    elif stream:
        told = read_stream("chat", answered.content)
        assert (told.text, told.ended) == ("ok", True)
        first = answered.content.split(b"\n")[0].removeprefix(b"data: ")
        ChatCompletionChunk.model_validate(json.loads(first))
    else:
        assert ChatCompletion.model_validate(answered.json()).choices[0].message.content == "ok"
        assert answered.json()["object"] == "chat.completion"


@providers
@pytest.mark.parametrize("route", ["/v1/responses", "/v1/chat/completions"])
def test_2_instructions_alone(house: House, provider: str, route: str) -> None:
    """Without any input there is nothing to answer: either a clear 400 or the instructions as the prompt."""
    answered = post(house, route, {"model": MODELS[provider], "instructions": "the instructions"})
    assert answered.status_code in (200, 400)
    if answered.status_code == 200:
        assert json.dumps(house.request.body).count("the instructions") == 1
    else:
        assert set(answered.json()["error"]) == {"message", "type", "param", "code"}


@providers
def test_a_chat_body_on_the_chat_route_is_chat(house: House, provider: str) -> None:
    body = {"model": MODELS[provider], "messages": [{"role": "user", "content": "the input"}]}
    assert post(house, "/v1/chat/completions", body).json()["object"] == "chat.completion"
    assert house.seen.turns == [("user", "the input")]


@providers
def test_both_bodies_at_once_are_chat_on_the_chat_route(house: House, provider: str) -> None:
    body = {"model": MODELS[provider], "messages": [{"role": "user", "content": "as chat"}], "input": "as input"}
    assert post(house, "/v1/chat/completions", body).json()["object"] == "chat.completion"
    assert ("user", "as chat") in house.seen.turns


@providers
def test_an_empty_input_is_a_clear_error(house: House, provider: str) -> None:
    answered = post(house, "/v1/responses", {"model": MODELS[provider], "input": []})
    assert answered.status_code == 400
    assert answered.json()["error"]["message"]
