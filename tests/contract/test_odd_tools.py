"""failures.md rows 25 and 26: tools and tool rounds as clients really write them, in every translated pair."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.doors import PAIRS, Doors
from tests.contract.parameters.probe import MODELS
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script

TURNS = {"chat": "messages", "responses": "input", "anthropic": "messages", "gemini": "contents"}
NODE: dict[str, Any] = {
    "type": "object",
    "properties": {"value": {"type": "string"}, "next": {"$ref": "#/$defs/node"}},
    "required": ["value"],
}
LOOP = {"$ref": "#/$defs/loop"}
ODD_SCHEMAS: dict[str, Any] = {
    "recursive": {"type": "object", "properties": {"head": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}},
    "itself": {"type": "object", "properties": {"a": {"$ref": "#"}, "b": LOOP}, "$defs": {"loop": LOOP}},
    "nowhere": {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}, "b": {"$ref": "https://x/y.json"}}},
    "two thousand": {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(2000)}},
    "booleans": {"type": "object", "properties": {"any": True, "none": False}, "additionalProperties": False},
    "const": {"type": "object", "properties": {"kind": {"const": "a"}, "n": {"const": 7}}, "required": ["kind"]},
    "one of": {
        "type": "object",
        "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"b": {}}}]}},
    },
    "nullable": {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]},
    "all of": {"type": "object", "properties": {"a": {"allOf": [{"type": "object"}, {"properties": {"b": {}}}]}}},
    "empty": {},
    "no properties": {"type": "object"},
    "deep": {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "array", "items": {}}}}},
}

TOLD = {"chat": "messages[]", "anthropic": "messages[]", "responses": "input[]", "gemini": "contents[]"}


def tool(protocol: str, schema: Any, *names: str) -> list[dict[str, Any]]:
    match protocol:
        case "chat":
            return [{"type": "function", "function": {"name": name, "parameters": schema}} for name in names]
        case "responses":
            return [{"type": "function", "name": name, "parameters": schema, "strict": False} for name in names]
        case "anthropic":
            # Its protocol wants an object at the top.
            return [{"name": name, "input_schema": {"type": "object", **schema}} for name in names]
    return [{"functionDeclarations": [{"name": name, "parametersJsonSchema": schema} for name in names]}]


def hello(protocol: str) -> dict[str, Any]:
    if protocol == "gemini":
        return {"role": "user", "parts": [{"text": "hello"}]}
    return {"role": "user", "content": "hello"}


@pytest.mark.parametrize("name", ODD_SCHEMAS)
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_25_odd_schemas_reach_the_provider_in_a_form_it_takes(
    doors: Doors, protocol: str, provider: str, name: str
) -> None:
    schema = ODD_SCHEMAS[name]
    body = {TURNS[protocol]: [hello(protocol)], "tools": tool(protocol, schema, "look")}
    reply = doors.ask(protocol, provider, body)
    assert reply.status == 200, reply.body
    given = doors.seen.tools["look"]
    wanted = {name for name, each in (schema.get("properties") or {}).items() if each is not False}
    assert set((given or {}).get("properties") or {}) - {"none"} == wanted
    if provider == "gemini":
        assert "$ref" not in json.dumps(given)


LONG = "mcp__" + "x" * 70
ODD_NAMES = ("a.b", "a b", "a_b", "ü/é", LONG + "1", LONG + "2", "7up")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_25_odd_names_come_back_as_the_client_knows_them(
    doors: Doors, protocol: str, provider: str, stream: bool
) -> None:
    names = tuple(name for name in ODD_NAMES if protocol != "anthropic" or len(name) <= 128)
    body = {TURNS[protocol]: [hello(protocol)], "tools": tool(protocol, {"type": "object"}, *names)}
    assert doors.ask(protocol, provider, dict(body)).status == 200
    wired = list(doors.seen.tools)
    assert len(set(wired)) == len(names), "two names share one"
    assert all(len(name) <= 128 if provider == "anthropic" else len(name) <= 64 for name in wired)
    uses = tuple(ToolUse(name, "{}", f"call_{number}") for number, name in enumerate(wired))
    doors.up.play(Script(answer=Answer(tools=uses)))
    told = doors.ask(protocol, provider, dict(body), stream=stream).told
    assert [name for name, _ in told.tools] == list(names)


def call(protocol: str, *ids: str) -> list[dict[str, Any]]:
    """An assistant's turn that calls f once for each id."""
    match protocol:
        case "chat":
            calls = [{"id": each, "type": "function", "function": {"name": "f", "arguments": "{}"}} for each in ids]
            return [{"role": "assistant", "content": None, "tool_calls": calls}]
        case "responses":
            return [{"type": "function_call", "call_id": each, "name": "f", "arguments": "{}"} for each in ids]
        case "anthropic":
            return [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": each, "name": "f", "input": {}} for each in ids],
                }
            ]
    return [{"role": "model", "parts": [{"functionCall": {"id": each, "name": "f", "args": {}}} for each in ids]}]


def result(protocol: str, *ids: str) -> list[dict[str, Any]]:
    match protocol:
        case "chat":
            return [{"role": "tool", "tool_call_id": each, "content": f"of {each}"} for each in ids]
        case "responses":
            return [{"type": "function_call_output", "call_id": each, "output": f"of {each}"} for each in ids]
        case "anthropic":
            blocks = [{"type": "tool_result", "tool_use_id": each, "content": f"of {each}"} for each in ids]
            return [{"role": "user", "content": blocks}]
    parts = [{"functionResponse": {"id": each, "name": "f", "response": {"result": f"of {each}"}}} for each in ids]
    return [{"role": "user", "parts": parts}]


def rounds(protocol: str, *steps: list[dict[str, Any]]) -> dict[str, Any]:
    turns = [hello(protocol), *(turn for step in steps for turn in step)]
    return {TURNS[protocol]: turns, "tools": tool(protocol, {"type": "object"}, "f")}


def assert_paired(doors: Doors) -> list[tuple[str, str]]:
    """(call, result) as the provider sees them: as many results as calls, each with its call's id."""
    seen = doors.seen
    said = {each.id: each.text for each in seen.results}
    assert sorted(said) == sorted(use.id for use in seen.uses) and len(said) == len(seen.results)
    return [(use.id, said[use.id]) for use in seen.uses]


@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_26_a_result_without_a_call_is_left_out_and_reported(doors: Doors, protocol: str, provider: str) -> None:
    body = rounds(protocol, result(protocol, "nowhere"), call(protocol, "c1"), result(protocol, "c1"))
    reply = doors.ask(protocol, provider, body)
    assert reply.status == 200, reply.body
    assert [text for _, text in assert_paired(doors)] == ["of c1"]
    assert "of nowhere" not in json.dumps(doors.request.body)
    assert TOLD[protocol] in reply.headers["x-gateway-lossy"]
    refused = doors.ask(protocol, provider, body, strict=True)
    assert refused.status == 400 and "'nowhere' has no call before it" in refused.json["error"]["message"]


@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_26_a_second_result_for_one_call_is_left_out_and_reported(
    doors: Doors, protocol: str, provider: str
) -> None:
    again = json.loads(json.dumps(result(protocol, "c1")).replace("of c1", "again"))
    reply = doors.ask(protocol, provider, rounds(protocol, call(protocol, "c1"), result(protocol, "c1"), again))
    assert reply.status == 200, reply.body
    assert [text for _, text in assert_paired(doors)] == ["of c1"]
    assert TOLD[protocol] in reply.headers["x-gateway-lossy"]


@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_26_and_detail_7_results_out_of_order_find_their_calls(doors: Doors, protocol: str, provider: str) -> None:
    """One round stays one round; where the order counts (Gemini) it is that of the calls."""
    reply = doors.ask(
        protocol, provider, rounds(protocol, call(protocol, "c1", "c2", "c3"), result(protocol, "c3", "c1", "c2"))
    )
    assert reply.status == 200, reply.body
    assert [text for _, text in assert_paired(doors)] == ["of c1", "of c2", "of c3"]
    assert len(doors.seen.rounds) == 1
    if provider == "gemini":
        assert [each.text for each in doors.seen.results] == ["of c1", "of c2", "of c3"]
        assert {each.name for each in doors.seen.results} == {"f"}
    assert "x-gateway-lossy" not in reply.headers


@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_26_a_call_that_was_never_answered_gets_a_result_that_says_so(
    doors: Doors, protocol: str, provider: str
) -> None:
    body = rounds(protocol, call(protocol, "c1", "c2"), result(protocol, "c2"), [hello(protocol)])
    assert doors.ask(protocol, provider, body).status == 200
    texts = [text for _, text in assert_paired(doors)]
    assert "interrupted" in texts[0] and texts[1] == "of c2"


@pytest.mark.parametrize("protocol", MODELS)
def test_row_26_passed_through_the_provider_decides(doors: Doors, protocol: str) -> None:
    body = rounds(protocol, result(protocol, "nowhere"))
    assert doors.ask(protocol, protocol, body).status == 200
    assert "of nowhere" in json.dumps(doors.request.body)


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SHOWN: dict[str, Any] = {
    "responses": {
        "type": "function_call_output",
        "call_id": "c1",
        "output": [
            {"type": "input_text", "text": "a cat"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"},
        ],
    },
    "anthropic": {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "c1",
                "content": [
                    {"type": "text", "text": "a cat"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                ],
            }
        ],
    },
    "gemini": {
        "role": "user",
        "parts": [
            {
                "functionResponse": {
                    "id": "c1",
                    "name": "f",
                    "response": {"result": "a cat"},
                    "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}],
                }
            }
        ],
    },
}


@pytest.mark.parametrize(("protocol", "provider"), [pair for pair in PAIRS if pair[0] in SHOWN])
def test_a_picture_inside_a_result(doors: Doors, protocol: str, provider: str) -> None:
    """With its result where the dialect has room for it there, else behind it."""
    reply = doors.ask(protocol, provider, rounds(protocol, call(protocol, "c1"), [SHOWN[protocol]]))
    assert reply.status == 200, reply.body
    assert "x-gateway-lossy" not in reply.headers
    assert [text for _, text in assert_paired(doors)] == ["a cat"]
    assert json.dumps(doors.request.body).count(PIXEL) == 1


@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_detail_8_required_names_only_what_is_there(doors: Doors, protocol: str, provider: str) -> None:
    """A property that may not be given goes, and its place among the required ones; one that may be null stays."""
    properties = {"a": {"type": "string"}, "title": {"type": ["string", "null"]}, "gone": False}
    schema = {"type": "object", "properties": properties, "required": ["a", "title", "gone", "never"]}
    body = {TURNS[protocol]: [hello(protocol)], "tools": tool(protocol, schema, "look")}
    assert doors.ask(protocol, provider, body).status == 200
    given = doors.seen.tools["look"]
    if provider == "gemini" and protocol != "gemini":
        assert given["required"] == ["a", "title"] and set(given["properties"]) == {"a", "title"}
        assert given["properties"]["title"]["nullable"] is True
    else:
        assert given["required"] == schema["required"]
