"""The replayed stream, judged by the SDK's event types and by its accumulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.parts import Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.responses import DIALECT
from gateway.protocols.responses.replay import replay
from gateway.protocols.sse import SSEReader

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
NOTE = {"type": "url_citation", "url": "http://a", "title": "a", "start_index": 0, "end_index": 1}
TOOLS = {"tools": [{"type": "custom", "name": "patch"}, {"type": "function", "name": "get"}]}


def made(*parts: Any, reason: Any = "stop") -> dict[str, Any]:
    answer = Answer(choices=[Choice(list(parts), Finish(reason))], usage=Usage(1, 2))
    document: dict[str, Any] = json.loads(DIALECT.write_answer(answer, Asked("m", body=TOOLS)))
    return document


def told(raw: bytes) -> list[dict[str, Any]]:
    reader = SSEReader()
    events = [(name, json.loads(data)) for name, data in [*reader.feed(raw), *reader.close()]]
    assert all(name == event["type"] for name, event in events)
    return [event for _, event in events]


EVERYTHING = made(
    Thinking("hm", Signature("openai", "sealed")),
    Text("hello \u2028 you", [NOTE]),
    ToolCall("c1", "get", '{"a": 1}'),
    ToolCall("c2", "patch", "*** Begin", freeform=True),
)


@pytest.mark.parametrize(
    "document",
    [EVERYTHING, made(Refusal("no"), reason="refusal"), made(Text("cut"), reason="length")],
    ids=["everything", "refusal", "incomplete"],
)
def test_the_sdk_puts_the_same_response_together(document: dict[str, Any]) -> None:
    state: Any = ResponseStreamState(input_tools=omit, text_format=omit)
    events = told(replay(document))
    for event in events:
        EVENT.validate_python(event)
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=event))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == f"response.{document['status']}" and events[-1]["response"] == document
    assert Response.model_validate(events[0]["response"]).status == "in_progress"


def test_texts_come_as_they_were_said() -> None:
    events = told(replay(EVERYTHING))

    def deltas(kind: str) -> str:
        return "".join(event["delta"] for event in events if event["type"] == f"response.{kind}.delta")

    assert deltas("output_text") == "hello \u2028 you"
    assert deltas("reasoning_summary_text") == "hm"
    assert deltas("function_call_arguments") == '{"a": 1}'
    assert deltas("custom_tool_call_input") == "*** Begin"
    assert b"\xe2\x80\xa8" not in replay(EVERYTHING)


def test_it_goes_on_after_a_sequence_number() -> None:
    every = told(replay(EVERYTHING))
    assert told(replay(EVERYTHING, 4)) == every[5:]
    assert replay(EVERYTHING, len(every)) == b""
