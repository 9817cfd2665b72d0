"""Every complaint comes alike from the check and from the reader."""

import json
from typing import Any

import pytest

from gateway.canon.fault import Malformed
from gateway.protocols.chat import DIALECT
from tests.ratio import ratio

HI = {"role": "user", "content": "hi"}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [HI], **fields}


def message(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [HI, fields]}


def part(**fields: Any) -> dict[str, Any]:
    return message(role="user", content=[{"type": "text", "text": "a"}, fields])


def call(**fields: Any) -> dict[str, Any]:
    return message(role="assistant", tool_calls=[fields])


def tool(**fields: Any) -> dict[str, Any]:
    return body(tools=[fields])


BAD = [
    ({"messages": [HI]}, "model"),
    ({"model": "", "messages": [HI]}, "model"),
    ({"model": 5, "messages": [HI]}, "model"),
    ({"model": "m"}, "messages"),
    ({"model": "m", "messages": None}, "messages"),
    ({"model": "m", "messages": 5}, "messages"),
    ({"model": "m", "messages": {}}, "messages"),
    ({"model": "m", "messages": []}, "messages"),
    ({"model": "m", "messages": ["hi"]}, "messages[0]"),
    ({"model": "m", "messages": [None]}, "messages[0]"),
    (message(content="x"), "messages[1].role"),
    (message(role="king", content="x"), "messages[1].role"),
    (message(role=["user"], content="x"), "messages[1].role"),
    (message(role={}, content="x"), "messages[1].role"),
    (message(role="user"), "messages[1].content"),
    (message(role="user", content=None), "messages[1].content"),
    (message(role="user", content=5), "messages[1].content"),
    (message(role="user", content=True), "messages[1].content"),
    (message(role="system", content={}), "messages[1].content"),
    (message(role="assistant", content=5), "messages[1].content"),
    (message(role="user", content=["x"]), "messages[1].content[0]"),
    (message(role="user", content="x", name=5), "messages[1].name"),
    (part(text="x"), "messages[1].content[1].type"),
    (part(type=5), "messages[1].content[1].type"),
    (part(type=["text"]), "messages[1].content[1].type"),
    (tool(type=["function"]), "tools[0].type"),
    (body(tool_choice={"type": []}), "tool_choice.type"),
    (body(function_call=[]), "function_call"),
    (body(model={}), "model"),
    (call(id="a", type={}), "messages[1].tool_calls[0].type"),
    (part(type="text"), "messages[1].content[1].text"),
    (part(type="text", text=5), "messages[1].content[1].text"),
    (part(type="image_url"), "messages[1].content[1].image_url"),
    (part(type="image_url", image_url={}), "messages[1].content[1].image_url.url"),
    (part(type="image_url", image_url={"url": 5}), "messages[1].content[1].image_url.url"),
    (part(type="image_url", image_url={"url": "file:///etc/passwd"}), "messages[1].content[1].image_url.url"),
    (part(type="image_url", image_url={"url": "gopher://x"}), "messages[1].content[1].image_url.url"),
    (part(type="image_url", image_url={"url": "/etc/passwd"}), "messages[1].content[1].image_url.url"),
    (
        part(type="image_url", image_url={"url": "data:image/png;base64,"}),
        "messages[1].content[1].image_url.url",
    ),
    (
        part(type="image_url", image_url={"url": "data:image/png;base64,%%%%"}),
        "messages[1].content[1].image_url.url",
    ),
    (part(type="image_url", image_url="file:///x"), "messages[1].content[1].image_url"),
    (part(type="input_audio", input_audio={"format": "wav"}), "messages[1].content[1].input_audio.data"),
    (part(type="input_audio", input_audio={"data": "AAAA"}), "messages[1].content[1].input_audio.format"),
    (
        part(type="input_audio", input_audio={"data": "!", "format": "wav"}),
        "messages[1].content[1].input_audio.data",
    ),
    (part(type="file"), "messages[1].content[1].file"),
    (part(type="file", file={}), "messages[1].content[1].file"),
    (part(type="file", file={"file_data": "?"}), "messages[1].content[1].file.file_data"),
    (part(type="file", file={"file_id": "f", "filename": 5}), "messages[1].content[1].file.filename"),
    (part(type="refusal"), "messages[1].content[1].refusal"),
    (message(role="assistant", refusal=5), "messages[1].refusal"),
    (message(role="assistant", reasoning_content=[]), "messages[1].reasoning_content"),
    (message(role="assistant", tool_calls={}), "messages[1].tool_calls"),
    (message(role="assistant", tool_calls=["x"]), "messages[1].tool_calls[0]"),
    (call(type="function", function={"name": "f"}), "messages[1].tool_calls[0].id"),
    (call(id="a", type=5), "messages[1].tool_calls[0].type"),
    (call(id="a", type="function"), "messages[1].tool_calls[0].function"),
    (call(id="a", type="function", function={}), "messages[1].tool_calls[0].function.name"),
    (call(id="a", function={"name": "f", "arguments": 5}), "messages[1].tool_calls[0].function.arguments"),
    (
        call(id="a", type="custom", custom={"name": "f", "input": {}}),
        "messages[1].tool_calls[0].custom.input",
    ),
    (message(role="assistant", function_call={"arguments": ""}), "messages[1].function_call.name"),
    (message(role="tool", content="x"), "messages[1].tool_call_id"),
    (message(role="tool", content="x", tool_call_id=5), "messages[1].tool_call_id"),
    (message(role="tool", content=5, tool_call_id="a"), "messages[1].content"),
    (message(role="function", content="x"), "messages[1].name"),
    (body(stream="yes"), "stream"),
    (body(stream=1), "stream"),
    (body(stream_options=[]), "stream_options"),
    (body(stream_options={"include_usage": "yes"}), "stream_options.include_usage"),
    (body(temperature="hot"), "temperature"),
    (body(temperature=True), "temperature"),
    (body(top_p=[]), "top_p"),
    (body(max_tokens="lots"), "max_tokens"),
    (body(max_tokens=True), "max_tokens"),
    (body(max_tokens=0), "max_tokens"),
    (body(max_tokens=1.5), "max_tokens"),
    (body(max_completion_tokens=-1), "max_completion_tokens"),
    (body(n=0), "n"),
    (body(n=-1), "n"),
    (body(n=1000), "n"),
    (body(stop=5), "stop"),
    (body(stop=["a", 5]), "stop"),
    (body(seed="x"), "seed"),
    (body(logprobs=1), "logprobs"),
    (body(top_logprobs=True), "top_logprobs"),
    (body(presence_penalty="x"), "presence_penalty"),
    (body(user=5), "user"),
    (body(tools={}), "tools"),
    (body(tools=["x"]), "tools[0]"),
    (tool(), "tools[0].type"),
    (tool(type="function"), "tools[0].function"),
    (tool(type="function", function={}), "tools[0].function.name"),
    (tool(type="function", function={"name": "f", "parameters": []}), "tools[0].function.parameters"),
    (tool(type="function", function={"name": "f", "description": 5}), "tools[0].function.description"),
    (tool(type="function", function={"name": "f", "strict": 1}), "tools[0].function.strict"),
    (tool(type="custom", custom={"name": "f", "format": 5}), "tools[0].custom.format"),
    (body(functions=[{"description": "x"}]), "functions[0].name"),
    (body(tool_choice="any"), "tool_choice"),
    (body(tool_choice=5), "tool_choice"),
    (body(tool_choice={}), "tool_choice.type"),
    (body(tool_choice={"type": "function"}), "tool_choice.function"),
    (body(tool_choice={"type": "function", "function": {}}), "tool_choice.function.name"),
    (body(tool_choice={"type": "function", "name": 5}), "tool_choice.name"),
    (body(tool_choice={"type": "allowed_tools"}), "tool_choice.allowed_tools"),
    (body(tool_choice={"type": "allowed_tools", "allowed_tools": {}}), "tool_choice.allowed_tools.tools"),
    (
        body(tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "x"}}),
        "tool_choice.allowed_tools.mode",
    ),
    (body(function_call="required"), "function_call"),
    (body(parallel_tool_calls="no"), "parallel_tool_calls"),
    (body(reasoning_effort=5), "reasoning_effort"),
    (body(thinking="on"), "thinking"),
    (body(thinking={"budget_tokens": "x"}), "thinking.budget_tokens"),
    (body(response_format="json"), "response_format"),
    (body(response_format={}), "response_format.type"),
    (body(response_format={"type": "json_schema"}), "response_format.json_schema"),
    (
        body(response_format={"type": "json_schema", "json_schema": {"schema": 5}}),
        "response_format.json_schema.schema",
    ),
    (body(modalities="text"), "modalities"),
    (body(web_search_options=True), "web_search_options"),
]


@pytest.mark.parametrize(("bad", "param"), BAD, ids=[f"{number}-{param}" for number, (_, param) in enumerate(BAD)])
def test_bad_bodies(bad: dict[str, Any], param: str) -> None:
    with pytest.raises(Malformed) as checked:
        DIALECT.check_request(bad)
    with pytest.raises(Malformed) as read:
        DIALECT.read_request(bad)
    assert checked.value.param == param
    assert checked.value.message
    assert (read.value.param, read.value.message) == (checked.value.param, checked.value.message)


NULLS = dict.fromkeys(
    [
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "stop",
        "seed",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "parallel_tool_calls",
        "response_format",
        "user",
        "reasoning_effort",
        "thinking",
        "logprobs",
        "modalities",
        "service_tier",
        "verbosity",
    ]
)


@pytest.mark.parametrize(
    "good",
    [
        body(**NULLS),
        body(something_new={"a": [1]}, logit_bias={"5": 1}),
        part(type="hologram", depth=3),
        tool(type="teleport", target="x"),
        call(id="a", type="levitate", levitate={}),
        body(tool_choice={"type": "teleport"}),
        body(tool_choice={"type": "function", "name": "f"}),
        body(response_format={"type": "grammar", "grammar": "root ::= x"}),
        body(temperature=1, max_tokens=5.0, stop="x", stream=True),
        message(role="assistant", content=None),
        message(role="assistant"),
        message(role="tool", tool_call_id="a", content=None),
        message(role="user", content=""),
        message(role="user", content="\x00\x07"),
    ],
)
def test_good_bodies(good: dict[str, Any]) -> None:
    DIALECT.check_request(good)
    DIALECT.read_request(good)


def test_a_long_history_is_checked_fast() -> None:
    long = {"model": "m", "messages": [HI] * 100}
    assert ratio(lambda: DIALECT.check_request(long), lambda: json.loads(json.dumps(long))) < 2
