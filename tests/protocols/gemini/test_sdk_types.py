"""google-genai judges what we write: its models forbid unknown keys and want base64 signatures."""

import json

import pytest
from google.genai import types

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.dialogue import Dialogue, Tool, Turn
from gateway.canon.fold import unfold
from gateway.canon.models import ModelInfo
from gateway.canon.parts import Media, Opaque, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.gemini import DIALECT
from gateway.protocols.gemini.finish import REASONS

CITED = {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 0, "end_index": 2}
ANSWER = Answer(
    choices=[
        Choice(
            [
                Thinking("hm", Signature("anthropic", "EqQ+/==")),
                Text("hello", annotations=[CITED]),
                Opaque("gemini", {"executableCode": {"language": "PYTHON", "code": "1"}}),
                Media("image", "image/png", data="AAAA"),
                Media("image", url="https://e.org/a"),
                ToolCall("a", "f", '{"x":1}', Signature("openai", "gAAA_-")),
            ],
            ev.Finish("tool_calls"),
        )
    ],
    usage=Usage(3, 4, 2, reasoning=5),
)


def test_whole_answer():
    document = json.loads(DIALECT.write_answer(ANSWER, Asked("m")))
    told = types.GenerateContentResponse.model_validate_json(json.dumps(document))
    candidate = told.candidates[0]
    assert candidate.finish_reason == types.FinishReason.STOP
    assert told.function_calls[0].args == {"x": 1} and told.usage_metadata.thoughts_token_count == 5
    assert candidate.grounding_metadata.grounding_chunks[0].web.uri == "https://e.org"


@pytest.mark.parametrize("framing", ["sse", "array"])
def test_every_chunk(framing):
    data = DIALECT.answer_writer(Asked("m", framing=framing)).write(unfold(ANSWER)).decode()
    chunks = (
        json.loads(data) if framing == "array" else [json.loads(block[6:]) for block in data.split("\n\n") if block]
    )
    told = [types.GenerateContentResponse.model_validate_json(json.dumps(chunk)) for chunk in chunks]
    assert (
        "".join(
            part.text for chunk in told for part in chunk.candidates[0].content.parts if part.text and not part.thought
        )
        == "hello"
    )
    assert [chunk.candidates[0].finish_reason for chunk in told][-1] == types.FinishReason.STOP
    assert len({chunk.response_id for chunk in told}) == 1


def test_the_sdk_gives_signatures_back():
    told = types.GenerateContentResponse.model_validate_json(DIALECT.write_answer(ANSWER, Asked("m")))
    content = json.loads(told.candidates[0].content.model_dump_json(exclude_none=True))
    parts = DIALECT.read_request({"contents": [content]}, model="m").turns[0].parts
    assert parts[0].signature == Signature("anthropic", "EqQ+/==")
    assert parts[-1].signature == Signature("openai", "gAAA_-")


def test_every_finish_reason_is_known():
    known = {reason.value for reason in types.FinishReason} - {"FINISH_REASON_UNSPECIFIED"}
    assert known == set(REASONS)


def test_request():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"], "format": "uri"},
            "b": {"anyOf": [{"type": "string"}, {"type": "array"}]},
        },
    }
    turns = [
        Turn("system", [Text("s")]),
        Turn("user", [Text("q"), Media("image", "image/png", data="AAAA")]),
        Turn("assistant", [ToolCall("1", "f", "{}")]),
        Turn("user", [ToolResult("1", "f", [Text("r"), Media("image", "image/png", data="AAAA")])]),
    ]
    body = DIALECT.write_request(
        Dialogue("m", turns, tools=[Tool("function", "f", "d", schema)]), Profile(thinking="level")
    ).body
    contents = [types.Content.model_validate(content) for content in body["contents"]]
    assert [content.role for content in contents] == ["user", "model", "user"]
    types.Content.model_validate(body["systemInstruction"])
    types.Tool.model_validate(body["tools"][0])
    assert contents[2].parts[0].function_response.parts


def test_models():
    entry = json.loads(DIALECT.write_model(ModelInfo("x")))
    methods = entry.pop("supportedGenerationMethods")
    assert types.Model.model_validate({**entry, "supportedActions": methods}).name == "models/x"
