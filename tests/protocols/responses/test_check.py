"""Malformed bodies: the same complaint from the check and from the reader, with the path of the fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.fault import Malformed
from gateway.protocols.responses import DIALECT
from tests.ratio import ratio

GOOD: dict[str, Any] = {"model": "m", "input": "hi"}


def message(content: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": "x"}, {"role": "user", "content": content}]}


def item(**fields: Any) -> dict[str, Any]:
    return {"input": [fields]}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"model": ""}, "model"),
    ({"model": 5}, "model"),
    ({"input": None}, "input"),
    ({"input": ""}, "input"),
    ({"input": []}, "input"),
    ({"input": 5}, "input"),
    ({"input": {}}, "input"),
    ({"input": None, "messages": [{"role": "user", "content": "x"}]}, "input"),
    ({"instructions": 5}, "instructions"),
    ({"stream": "yes"}, "stream"),
    ({"stream": 1}, "stream"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"top_p": []}, "top_p"),
    ({"max_output_tokens": "lots"}, "max_output_tokens"),
    ({"max_output_tokens": 1.5}, "max_output_tokens"),
    ({"max_output_tokens": True}, "max_output_tokens"),
    ({"max_output_tokens": 0}, "max_output_tokens"),
    ({"tools": {}}, "tools"),
    ({"tools": [5]}, "tools[0].type"),
    ({"tools": [{"name": "x"}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].name"),
    ({"tools": [{"type": "function", "name": "f", "parameters": "x"}]}, "tools[0].parameters"),
    ({"tools": [{"type": "custom", "name": 5}]}, "tools[0].name"),
    ({"tools": [{"type": "custom", "name": "c", "description": 5}]}, "tools[0].description"),
    ({"tools": [{"type": "namespace", "name": "n"}]}, "tools[0].tools"),
    (
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function"}]}]},
        "tools[0].tools[0].name",
    ),
    ({"tool_choice": 5}, "tool_choice"),
    ({"tool_choice": "any"}, "tool_choice"),
    ({"tool_choice": {}}, "tool_choice.type"),
    ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
    ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.tools"),
    ({"text": "x"}, "text"),
    ({"text": {"verbosity": 5}}, "text.verbosity"),
    ({"text": {"format": "json"}}, "text.format"),
    ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
    ({"reasoning": "high"}, "reasoning"),
    ({"reasoning": {"effort": 5}}, "reasoning.effort"),
    ({"reasoning": {"summary": True}}, "reasoning.summary"),
    ({"metadata": "x"}, "metadata"),
    ({"store": "no"}, "store"),
    ({"include": "x"}, "include"),
    ({"previous_response_id": 5}, "previous_response_id"),
    ({"parallel_tool_calls": 1}, "parallel_tool_calls"),
    ({"input": [5]}, "input[0]"),
    ({"input": [{}]}, "input[0].type"),
    ({"input": [{"type": 5}]}, "input[0].type"),
    ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
    ({"input": [{"role": ["user"], "content": "x"}]}, "input[0].role"),
    ({"input": [{"type": "message", "content": "x"}]}, "input[0].role"),
    (message(5), "input[1].content"),
    (message({"type": "input_text"}), "input[1].content"),
    (message(["x"]), "input[1].content[0]"),
    (message([{"text": "x"}]), "input[1].content[0]"),
    (message([{"type": "input_text", "text": "x"}, {"type": "input_text"}]), "input[1].content[1].text"),
    (message([{"type": "refusal"}]), "input[1].content[0].refusal"),
    (message([{"type": "input_image"}]), "input[1].content[0].image_url"),
    (message([{"type": "image_url", "image_url": {"url": 5}}]), "input[1].content[0].image_url"),
    (message([{"type": "input_file", "filename": "x"}]), "input[1].content[0]"),
    (message([{"type": "input_audio", "input_audio": "x"}]), "input[1].content[0].input_audio"),
    (item(type="function_call", name="f", arguments="{}"), "input[0].call_id"),
    (item(type="function_call", call_id="c", arguments="{}"), "input[0].name"),
    (item(type="function_call", call_id="c", name="f", arguments=5), "input[0].arguments"),
    (item(type="custom_tool_call", call_id="c", input="x"), "input[0].name"),
    (item(type="custom_tool_call", call_id="c", name="p", input={}), "input[0].input"),
    (item(type="function_call_output", output="x"), "input[0].call_id"),
    (item(type="function_call_output", call_id="c", output=5), "input[0].output"),
    (item(type="function_call_output", call_id="c", output=[5]), "input[0].output[0]"),
    (item(type="local_shell_call", call_id="c"), "input[0].action"),
    (item(type="apply_patch_call", call_id="c", operation="x"), "input[0].operation"),
    (item(type="reasoning", encrypted_content=5), "input[0].encrypted_content"),
    (item(type="reasoning", summary="x"), "input[0].summary"),
    (item(type="reasoning", summary=[{"type": "summary_text"}]), "input[0].summary[0].text"),
]


@pytest.mark.parametrize(("fields", "param"), BAD, ids=[f"{n}-{param}" for n, (_, param) in enumerate(BAD)])
def test_bad_bodies(fields: dict[str, Any], param: str) -> None:
    complaints = []
    for read in (DIALECT.check_request, DIALECT.read_request):
        with pytest.raises(Malformed) as malformed:
            read({**GOOD, **fields})
        assert malformed.value.param == param
        complaints.append(malformed.value.message)
    assert complaints[0] == complaints[1] and complaints[0]


@pytest.mark.parametrize(
    "fields",
    [
        {
            "temperature": None,
            "tools": None,
            "stream": None,
            "text": None,
            "reasoning": None,
            "include": None,
        },
        {"temperature": 1, "unknown": {"a": 1}, "max_output_tokens": 1},
        {"input": [{"type": "item_of_tomorrow", "x": 1}]},
        {"input": [{"role": "user", "content": [{"type": "block_of_tomorrow"}]}]},
        {"input": [{"role": "assistant", "content": None}, {"role": "user", "content": []}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"type": "reasoning", "summary": None, "content": None}]},
        {"input": [{"type": "function_call", "id": "f", "name": "f", "arguments": {"a": 1}}]},
        {"tools": [{"type": "tool_of_tomorrow"}], "tool_choice": {"type": "tool_of_tomorrow"}},
        {"input": None, "instructions": "be"},
        {"input": [], "instructions": "be"},
        {"input": None, "previous_response_id": "resp_1"},
        {"input": None, "prompt": {"id": "pmpt_1"}},
    ],
)
def test_good_bodies(fields: dict[str, Any]) -> None:
    DIALECT.check_request({**GOOD, **fields})
    DIALECT.read_request({**GOOD, **fields})


def test_model_may_come_from_elsewhere() -> None:
    assert DIALECT.read_request({"input": "hi"}, model="a", stream=True).model == "a"


def test_check_is_cheap() -> None:
    text = {"type": "input_text", "text": "words"}
    turns = [{"type": "message", "role": "user", "content": [text]}, {"role": "assistant", "content": "x"}]
    body = {"model": "m", "input": turns * 50}
    assert ratio(lambda: DIALECT.check_request(body), lambda: json.loads(json.dumps(body))) < 2
