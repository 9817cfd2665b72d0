"""The cases of the Open Responses compliance suite over providers of every dialect: each answer and every streaming
event has the shapes of that specification. https://github.com/openresponses/openresponses"""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.contract.cases import providers
from tests.contract.house import MODELS, House
from tests.contract.open_responses import check_event, check_response
from tests.contract.sdks.sdk import KEY, TIMEOUT_S
from tests.pictures import PNG
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script
from tests.scripted.told import events

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}
CALL = Answer(tools=(ToolUse("get_weather", '{"location": "San Francisco, CA"}', "call_sf"),))


def said(text: str, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": text}


def post(house: House, provider: str, turns: list[dict[str, Any]], **more: Any) -> httpx2.Response:
    body = {"model": MODELS[provider], "input": turns, **more}
    headers = {"Authorization": f"Bearer {KEY}"}
    answered = httpx2.post(f"{house.gateway.url}/v1/responses", json=body, headers=headers, timeout=TIMEOUT_S)
    assert answered.status_code == 200, answered.text
    return answered


def whole(house: House, provider: str, turns: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = post(house, provider, turns, stream=False, **more).json()
    if provider != "responses":  # that one's own words pass through
        check_response(document)
    assert document["output"]
    return document


def streamed(house: House, provider: str, turns: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    answered = post(house, provider, turns, stream=True, **more)
    assert answered.headers["content-type"].startswith("text/event-stream")
    told = []
    for name, data in events(answered.content):
        document = json.loads(data)
        assert document["type"] == name
        if provider != "responses":
            check_event(document)
        told.append(document)
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert told[0]["type"] == "response.created" and told[1]["type"] == "response.in_progress"
    return told


def text_of(response: dict[str, Any]) -> str:
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


@providers
def test_basic_response(house: House, provider: str) -> None:
    house.answers(Answer(spoken("Hello there friend")))
    document = whole(house, provider, [said("Say hello in exactly 3 words.")])
    assert (document["status"], text_of(document)) == ("completed", "Hello there friend")


@providers
def test_streaming_response(house: House, provider: str) -> None:
    house.answers(Answer(spoken("1 2 3 4 5")))
    told = streamed(house, provider, [said("Count from 1 to 5.")])
    deltas = "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")
    assert told[-1]["type"] == "response.completed"
    assert deltas == text_of(told[-1]["response"]) == "1 2 3 4 5"
    kinds = [event["type"].removeprefix("response.") for event in told if not event["type"].endswith(".delta")]
    assert kinds == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.done", "content_part.done",
        "output_item.done", "completed",
    ]  # fmt: skip


@providers
def test_system_prompt(house: House, provider: str) -> None:
    house.answers(Answer(spoken("Ahoy")))
    pirate = "You are a pirate. Always respond in pirate speak."
    document = whole(house, provider, [said(pirate, "system"), said("Say hello.")])
    assert document["status"] == "completed"
    assert house.seen.instructions == [pirate] and house.seen.turns == [("user", "Say hello.")]


@providers
def test_tool_calling(house: House, provider: str) -> None:
    house.answers(CALL)
    document = whole(house, provider, [said("What's the weather like in San Francisco?")], tools=[WEATHER])
    (call,) = [item for item in document["output"] if item["type"] == "function_call"]
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"location": "San Francisco, CA"})
    assert call["status"] == "completed" and call["call_id"]
    assert "location" in house.seen.tools["get_weather"]["properties"]


@providers
def test_tool_calling_streaming(house: House, provider: str) -> None:
    house.answers(CALL)
    told = streamed(house, provider, [said("What's the weather like in San Francisco?")], tools=[WEATHER])

    def of(kind: str) -> list[dict[str, Any]]:
        return [event for event in told if event["type"] == f"response.{kind}"]

    (added,) = [event["item"] for event in of("output_item.added") if event["item"]["type"] == "function_call"]
    (done,) = [event["item"] for event in of("output_item.done") if event["item"]["type"] == "function_call"]
    (arguments,) = of("function_call_arguments.done")
    assert added["id"] == done["id"] == arguments["item_id"]
    assert (added["status"], done["status"]) == ("in_progress", "completed")
    deltas = "".join(event["delta"] for event in of("function_call_arguments.delta"))
    assert deltas == arguments["arguments"] == done["arguments"]
    assert json.loads(deltas) == {"location": "San Francisco, CA"}
    assert told[-1]["response"]["output"][-1] == done


@providers
def test_image_input(house: House, provider: str) -> None:
    house.answers(Answer(spoken("A red heart")))
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    content = [{"type": "input_text", "text": "What do you see? Answer in one sentence."}, picture]
    document = whole(house, provider, [{"type": "message", "role": "user", "content": content}])
    assert document["status"] == "completed"
    if provider == "responses":  # passed through; the SDK's own type would ask for `detail`
        assert house.request.body["input"][0]["content"] == content
    else:
        assert house.seen.pictures == [("image/png", PNG)]


@providers
def test_multi_turn(house: House, provider: str) -> None:
    house.answers(Answer(spoken("Alice")))
    turns = [said("My name is Alice."), said("Hello Alice! Nice to meet you.", "assistant"), said("What is my name?")]
    assert whole(house, provider, turns)["status"] == "completed"
    assert house.seen.turns == [
        ("user", "My name is Alice."), ("assistant", "Hello Alice! Nice to meet you."), ("user", "What is my name?"),
    ]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@providers
def test_previous_response_id(house: House, provider: str, stream: bool) -> None:
    identity = f"{provider}{stream}"
    house.up.play(
        Script(answer=Answer(spoken("Nice to meet you"), id=f"{identity}1")),
        Script(answer=Answer(spoken("Alice"), id=f"{identity}2")),
    )
    first = whole(house, provider, [said("My name is Alice.")])
    house.up.requests.clear()
    turns = [said("What is my name?")]
    if stream:
        second = streamed(house, provider, turns, previous_response_id=first["id"])[-1]["response"]
    else:
        second = whole(house, provider, turns, previous_response_id=first["id"])
    assert text_of(second) == "Alice" and second["id"] != first["id"]
    if provider != "responses":
        assert second["previous_response_id"] == first["id"]
    assert house.seen.turns == [
        ("user", "My name is Alice."), ("assistant", "Nice to meet you"), ("user", "What is my name?"),
    ]  # fmt: skip


@pytest.mark.parametrize("provider", ["chat", "anthropic", "gemini"])
def test_a_cut_stream_and_an_incomplete_one_have_the_shapes_too(house: House, provider: str) -> None:
    house.answers(Answer(spoken("one two three")), cut_after=2)
    assert streamed(house, provider, [said("count")])[-1]["type"] == "response.failed"
    house.answers(Answer(spoken("one two"), thinking=("let me", " see"), finish="length"))
    told = streamed(house, provider, [said("count")], max_output_tokens=5)
    assert told[-1]["type"] == "response.incomplete"
    assert told[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
