"""Everything we write, judged by the official SDK's types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_input_item import ResponseInputItem
from openai.types.responses.tool import Tool as SDKTool
from pydantic import TypeAdapter

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.dialogue import Dialogue, Tool, Turn
from gateway.canon.fault import Fault
from gateway.canon.fold import fold, unfold
from gateway.canon.parts import Media, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.responses import DIALECT
from gateway.protocols.responses.answer_reader import ResponsesReader
from gateway.protocols.responses.answer_writer import ResponsesWriter
from gateway.protocols.sse import SSEReader

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
ITEM: TypeAdapter[Any] = TypeAdapter(ResponseInputItem)
TOOL: TypeAdapter[Any] = TypeAdapter(SDKTool)
BODY: dict[str, Any] = {
    "model": "m",
    "instructions": "be",
    "input": "x",
    "tools": [
        {"type": "function", "name": "get", "parameters": {"type": "object"}},
        {"type": "custom", "name": "patch", "format": {"type": "text"}},
        {
            "type": "namespace",
            "name": "crm",
            "description": "d",
            "tools": [{"type": "function", "name": "find"}],
        },
        {"type": "local_shell"},
        {"type": "shell"},
        {"type": "apply_patch"},
    ],
    "text": {"verbosity": "low"},
    "reasoning": {"effort": "high", "summary": "auto"},
    "metadata": {"a": "b"},
}
ANSWER = Answer(
    choices=[
        Choice(
            [
                Thinking("hm", Signature("anthropic", "S")),
                Thinking("", redacted=Signature("anthropic", "R")),
                Text("hello", [{"type": "url_citation", "url": "u", "title": "t"}]),
                Refusal("no"),
                Media("image", "image/png", "aGk="),
                ToolCall("1", "get", '{"a":1}', Signature("gemini", "G")),
                ToolCall("2", "patch", '{"input":"x"}'),
                ToolCall("3", "crm__find", "{}"),
                ToolCall("4", "local_shell", '{"command":["ls"]}'),
                ToolCall("5", "shell", '{"commands":["ls"]}'),
                ToolCall("6", "apply_patch", '{"type":"delete_file","path":"a"}'),
                ToolCall("7", "free", "x", freeform=True),
            ],
            ev.Finish("tool_calls"),
        )
    ],
    usage=Usage(1, 2, 3, 4, 5),
)


def judged(events: list[ev.Event]) -> None:
    found = SSEReader().feed(ResponsesWriter(Asked("m", body=BODY, created=5)).write(events))
    assert len(found) >= 3
    for _, data in found:
        EVENT.validate_json(data)


def test_every_part_there_is() -> None:
    judged(unfold(ANSWER))
    response = Response.model_validate_json(DIALECT.write_answer(ANSWER, Asked("m", body=BODY)))
    assert response.output_text == "hello"
    for item in json.loads(DIALECT.write_answer(ANSWER, Asked("m", body=BODY)))["output"]:
        ITEM.validate_python(item)


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_fixtures_written_again(name: str) -> None:
    reader = ResponsesReader()
    judged([*reader.feed((FIXTURES / f"{name}.sse").read_bytes()), *reader.close()])


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "refusal", "pause", "other"])
def test_endings(reason: Any) -> None:
    judged(unfold(Answer(choices=[Choice([Text("x")], ev.Finish(reason))])))


@pytest.mark.parametrize("status", [400, 401, 429, 500, 502, 503, 504, 529])
def test_failures(status: int) -> None:
    judged([ev.Start(), ev.PartStart(0, Text("")), ev.TextDelta(0, "x"), ev.Failure(Fault(status, "m"))])


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.sse")))
def test_fixtures_are_true_to_the_api(name: str) -> None:
    """Those that drift on purpose aside."""
    if name in ("drifting-types", "open-reasoning-crlf-unnamed") or name.startswith("malformed"):
        return
    for _, data in SSEReader().feed((FIXTURES / f"{name}.sse").read_bytes()):
        EVENT.validate_json(data)


def test_requests_of_other_dialects() -> None:
    assistant = Turn("assistant", [Text("a"), Thinking("t", Signature("openai", "gAA")), ToolCall("1", "f", "{}")])
    results = Turn("user", [ToolResult("1", "f", [Text("x"), Media("image", url="https://x")]), Text("go on")])
    free = Turn("assistant", [ToolCall("2", "p", "x", freeform=True)])
    done = Turn("user", [ToolResult("2", "p", [Text("x")]), Media("document", "application/pdf", data="aGk=")])
    tools = [
        Tool("function", "f"),
        Tool("custom", "p"),
        Tool("builtin", "web_search"),
        Tool("builtin", "code_execution"),
    ]
    dialogue = Dialogue("m", [Turn("user", [Text("q")]), assistant, results, free, done], tools=tools)
    body = DIALECT.write_request(dialogue, Profile()).body
    for item in body["input"]:
        if item.get("type") != "reasoning":
            ITEM.validate_python(with_output_fields(item))
    for tool in body["tools"]:
        TOOL.validate_python(tool)


def with_output_fields(item: dict[str, Any]) -> dict[str, Any]:
    """The SDK's model of an assistant message is the output one; the API takes the easy form as well."""
    if item.get("role") != "assistant":
        return item
    content = [{"annotations": [], **part} for part in item["content"]]
    return {**item, "id": "msg_1", "status": "completed", "content": content}


def test_folded_own_stream_is_the_document() -> None:
    data = ResponsesWriter(Asked("m", body=BODY)).write(unfold(ANSWER))
    reader = ResponsesReader()
    answer = fold([*reader.feed(data), *reader.close()])
    assert len(answer.choices[0].parts) == len(ANSWER.choices[0].parts)


def test_the_sdk_gathers_our_stream() -> None:
    """openai's own accumulator, which needs created first and every part announced before its deltas."""
    state: Any = ResponseStreamState(text_format=omit, input_tools=BODY["tools"])
    gathered: list[Any] = []
    for _, data in SSEReader().feed(ResponsesWriter(Asked("m", body=BODY)).write(unfold(ANSWER))):
        event: Any = construct_type(type_=ResponseStreamEvent, value=json.loads(data))
        gathered += state.handle_event(event)
    last = gathered[-1]
    assert last.type == "response.completed" and last.response.output_text == "hello"
