"""The SDKs' own high-level stream helpers, which are stricter about the order of events than their raw streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types

from tests.contract.cases import providers
from tests.contract.house import MODELS, House, spoken_by
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.anthropic import SIGNATURE
from tests.scripted.script import Script

FULL = Answer(spoken("I will look"), spoken("hm hm"), (ToolUse("f", '{"n": 1}'), ToolUse("f", '{"n": 2}', "call_2")))
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


@providers
def test_openai_chat_stream(house: House, provider: str) -> None:
    house.answers(FULL)
    tool = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
    said = ""
    with house.sdks["openai-chat"].client.chat.completions.stream(
        model=MODELS[provider], messages=[{"role": "user", "content": "x"}], tools=[tool]
    ) as stream:
        kinds = []
        for event in stream:
            kinds.append(event.type)
            if event.type == "content.delta":
                said = event.snapshot
        done = stream.get_final_completion()
    assert said == done.choices[0].message.content == "I will look"
    assert kinds.count("tool_calls.function.arguments.done") == 2
    calls = done.choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments) for call in calls] == [{"n": 1}, {"n": 2}]


@providers
def test_openai_responses_stream(house: House, provider: str) -> None:
    house.answers(FULL)
    tool = {"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}
    with house.sdks["openai-responses"].client.responses.stream(
        model=MODELS[provider], input="x", tools=[tool]
    ) as stream:
        kinds = [event.type for event in stream]
        done = stream.get_final_response()
    assert done.output_text == "I will look"
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == len(done.output)
    calls = [item for item in done.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"n": 1}, {"n": 2}]


@providers
def test_anthropic_stream(house: House, provider: str) -> None:
    house.answers(FULL)
    with house.sdks["anthropic"].client.messages.stream(
        model=MODELS[provider],
        max_tokens=4096,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[{"role": "user", "content": "x"}],
        tools=[{"name": "f", "input_schema": SCHEMA}],
    ) as stream:
        said = "".join(stream.text_stream)
        done = stream.get_final_message()
    assert said == "I will look"
    assert [block.type for block in done.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.input for block in done.content[2:]] == [{"n": 1}, {"n": 2}]
    assert done.stop_reason == "tool_use"


@providers
def test_genai_chat_session(house: House, provider: str) -> None:
    """The session sends back what it heard: the second request must be one the provider can take."""
    house.answers(Answer(spoken("first answer")))
    chat = house.sdks["google-genai"].client.chats.create(model=MODELS[provider])
    assert "".join(chunk.text or "" for chunk in chat.send_message_stream("one")) == "first answer"
    house.up.requests.clear()
    house.answers(Answer(spoken("second answer")))
    assert chat.send_message("two").text == "second answer"
    turns = house.seen.turns
    if spoken_by(provider) == "gemini":  # passed through as the session wrote it, a content for every chunk it heard
        turns = [turns[0], ("assistant", "".join(text for role, text in turns if role == "assistant")), turns[-1]]
    assert turns == [("user", "one"), ("assistant", "first answer"), ("user", "two")]


def test_genai_chat_session_keeps_sealed_thinking_whole(house: House) -> None:
    """Anthropic signs the whole text of a thought, the session keeps it in pieces."""
    house.answers(FULL, pace=0.02)
    declared = types.FunctionDeclaration(name="f", parameters_json_schema=SCHEMA)
    chat = house.sdks["google-genai"].client.chats.create(
        model=MODELS["anthropic"],
        config=types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2048),
            tools=[types.Tool(function_declarations=[declared])],
        ),
    )
    calls = [call for chunk in chat.send_message_stream("one") for call in chunk.function_calls or ()]
    house.up.requests.clear()
    house.answers(Answer(("done",)))
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name="f", response={"result": "r"}))
        for call in calls
    ]
    assert chat.send_message(results).text == "done"
    blocks = house.request.body["messages"][1]["content"]
    assert [block["type"] for block in blocks] == ["thinking", "text", "tool_use", "tool_use"]
    assert blocks[0] == {"type": "thinking", "thinking": "hm hm", "signature": SIGNATURE}
    assert blocks[1]["text"] == "I will look"


@providers
def test_genai_automatic_function_calling(house: House, provider: str) -> None:
    heard: list[int] = []

    def f(n: int) -> str:
        """Doubles."""
        heard.append(n)
        return str(n * 2)

    calls = Answer(tools=(ToolUse("f", '{"n": 21}'),))
    house.up.play(*(Script(answer=answer) for answer in (calls, Answer(("it is 42",)))))
    answered = house.sdks["google-genai"].client.models.generate_content(
        model=MODELS[provider], contents="double 21", config=types.GenerateContentConfig(tools=[f])
    )
    assert answered.text == "it is 42"
    assert heard == [21]
    assert "42" in json.dumps(house.up.asked()[-1].body)


@providers
@pytest.mark.parametrize("sdk", ["openai-chat", "openai-responses", "anthropic"])
def test_what_an_sdk_gives_back_can_be_sent_again(house: House, sdk: str, provider: str) -> None:
    """Programs append the SDK's own answer objects to the history, fields of the answer and all."""
    house.up.play(Script(answer=FULL), Script(answer=Answer(("done",))))
    client = house.sdks[sdk].client
    model = MODELS[provider]
    assert {"openai-chat": _chat, "openai-responses": _responses, "anthropic": _anthropic}[sdk](client, model) == "done"
    house.up.requests[:] = house.up.asked()[-1:]
    seen = house.seen
    assert [(use.name, use.args) for use in seen.uses] == [("f", {"n": 1}), ("f", {"n": 2})]
    assert [result.text for result in seen.results] == ["r0", "r1"]
    assert ("assistant", "I will look") in seen.turns


def _chat(client: Any, model: str) -> str:
    tools = [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]
    messages: list[Any] = [{"role": "user", "content": "x"}]
    first = client.chat.completions.create(model=model, messages=messages, tools=tools).choices[0].message
    messages.append(first)
    for number, call in enumerate(first.tool_calls):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": f"r{number}"})
    return str(client.chat.completions.create(model=model, messages=messages, tools=tools).choices[0].message.content)


def _responses(client: Any, model: str) -> str:
    tools = [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}]
    items: list[Any] = [{"role": "user", "content": "x"}]
    include = ["reasoning.encrypted_content"]
    first = client.responses.create(model=model, input=items, tools=tools, store=False, include=include)
    items += first.output
    calls = [item for item in first.output if item.type == "function_call"]
    for number, call in enumerate(calls):
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": f"r{number}"})
    return str(client.responses.create(model=model, input=items, tools=tools, store=False, include=include).output_text)


def _anthropic(client: Any, model: str) -> str:
    fixed: dict[str, Any] = {"model": model, "max_tokens": 4096, "tools": [{"name": "f", "input_schema": SCHEMA}]}
    messages: list[Any] = [{"role": "user", "content": "x"}]
    first = client.messages.create(messages=messages, **fixed)
    messages.append({"role": "assistant", "content": first.content})
    calls = [block for block in first.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"r{number}"} for number, call in enumerate(calls)
    ]
    messages.append({"role": "user", "content": results})
    return str(client.messages.create(messages=messages, **fixed).content[0].text)
