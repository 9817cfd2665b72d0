"""Bodies to dialogues: both spellings, ids, results, signatures, knobs."""

import json

import pytest

from gateway.canon.answer import Answer, Choice
from gateway.canon.dialogue import OutputFormat, ThinkingWish, ToolChoice
from gateway.canon.events import Finish
from gateway.canon.fault import Malformed
from gateway.canon.parts import Media, Opaque, Signature, Text, Thinking, ToolResult
from gateway.protocols.dialect import Asked
from gateway.protocols.gemini import DIALECT


def read(body, model="m"):
    return DIALECT.read_request(body, model=model)


def user(*parts):
    return {"role": "user", "parts": list(parts)}


def test_model_and_stream_come_from_the_url():
    dialogue = DIALECT.read_request({"contents": "hi", "model": "models/other"}, model="g", stream=True)
    assert (dialogue.model, dialogue.stream) == ("g", True)
    assert DIALECT.read_request({"contents": "hi", "model": "models/other"}).model == "other"
    with pytest.raises(Malformed) as caught:
        DIALECT.read_request({"contents": "hi"})
    assert caught.value.param == "model"


def test_tolerated_forms_of_contents():
    for contents in (
        "hi",
        {"parts": [{"text": "hi"}]},
        [{"parts": [{"text": "hi"}]}],
        [{"role": "", "parts": [{"text": "hi"}]}],
    ):
        [turn] = read({"contents": contents}).turns
        assert (turn.role, turn.parts) == ("user", [Text("hi")])


@pytest.mark.parametrize("key", ["systemInstruction", "system_instruction"])
@pytest.mark.parametrize("system", ["be brief", {"parts": [{"text": "be brief"}]}, {"parts": {"text": "be brief"}}])
def test_system(key, system):
    dialogue = read({"contents": "hi", key: system})
    assert [turn.role for turn in dialogue.turns] == ["system", "user"]
    assert dialogue.turns[0].parts == [Text("be brief")]


def test_both_spellings_everywhere():
    camel = {
        "contents": [
            user(
                {"inlineData": {"mimeType": "image/png", "data": "AA-_"}},
                {"fileData": {"fileUri": "https://e.org/a.pdf", "mimeType": "application/pdf"}},
            ),
            {
                "role": "model",
                "parts": [
                    {
                        "functionCall": {"id": "1", "name": "f", "args": {"snake_key": 1}},
                        "thoughtSignature": "c2ln",
                    }
                ],
            },
            user({"functionResponse": {"id": "1", "name": "f", "response": {"snake_key": 2}}}),
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]},
            {"googleSearch": {}},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "topP": 0.5,
            "topK": 40.0,
            "maxOutputTokens": 10,
            "stopSequences": ["x"],
            "candidateCount": 2,
            "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2048},
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "anyOf": [{"type": "STRING"}]},
        },
    }

    def snake(value, keep=False):
        if isinstance(value, list):
            return [snake(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            "".join("_" + letter.lower() if letter.isupper() else letter for letter in key): item
            if key in ("args", "response")
            else snake(item)
            for key, item in value.items()
        }

    assert read(snake(camel)) == read(camel)
    dialogue = read(camel)
    assert dialogue.turns[0].parts[0] == Media("image", "image/png", data="AA+/")
    assert dialogue.turns[0].parts[1] == Media("document", "application/pdf", url="https://e.org/a.pdf")
    call = dialogue.turns[1].parts[0]
    assert (call.arguments, call.signature) == ('{"snake_key":1}', Signature("gemini", "c2ln"))
    assert dialogue.turns[2].parts[0].parts == [Text('{"snake_key":2}')]
    assert dialogue.knobs.top_k == 40 and dialogue.knobs.n == 2 and dialogue.knobs.stop == ["x"]
    assert dialogue.thinking == ThinkingWish("on", 2048, shown=True)
    assert dialogue.tool_choice == ToolChoice("one", ["f"])
    assert dialogue.tools[1].name == "web_search" and dialogue.tools[1].kind == "builtin"


def test_missing_ids_are_made_from_the_place():
    first = [
        user({"text": "q"}),
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "f", "args": {}}},
                {"functionCall": {"name": "g", "args": {}}},
                {"functionCall": {"name": "f", "args": {}}},
            ],
        },
        {
            "role": "function",
            "parts": [{"functionResponse": {"name": name, "response": {"result": name}}} for name in ("g", "f", "f")],
        },
    ]
    dialogue = read({"contents": first})
    calls = [part.id for part in dialogue.turns[1].parts]
    results = [part.call_id for part in dialogue.turns[2].parts]
    assert len(set(calls)) == 3 and results == [calls[1], calls[0], calls[2]]
    longer = read({"contents": [*first, {"role": "model", "parts": [{"text": "done"}]}]})
    assert longer.turns[:3] == dialogue.turns


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"result": "ok"}, "ok", False),
        ({"output": {"a": 1}}, '{"a":1}', False),
        ({"error": "no"}, "no", True),
        ({"result": 1, "more": 2}, '{"result":1,"more":2}', False),
    ],
)
def test_responses_are_unwrapped(response, text, is_error):
    contents = [
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        user({"functionResponse": {"name": "f", "response": response}}),
    ]
    result = read({"contents": contents}).turns[1].parts[0]
    assert isinstance(result, ToolResult) and (result.parts, result.is_error) == ([Text(text)], is_error)


def test_other_parts():
    parts = (
        read(
            {
                "contents": [
                    {
                        "role": "model",
                        "parts": [
                            {"text": "t", "thought": True},
                            {"text": "x", "thoughtSignature": "AAAA"},
                            {"executable_code": {"code": "1"}},
                            {"newKind": {"a": 1}},
                        ],
                    }
                ]
            }
        )
        .turns[0]
        .parts
    )
    assert isinstance(parts[0], Thinking) and parts[0].text == "t"
    assert parts[1].extras["gemini"]["thoughtSignature"] == "AAAA"
    assert parts[2:] == [
        Opaque("gemini", {"executableCode": {"code": "1"}}),
        Opaque("gemini", {"newKind": {"a": 1}}),
    ]


@pytest.mark.parametrize(
    ("config", "wish"),
    [
        ({"thinkingBudget": 0}, ThinkingWish("off", 0, shown=False)),
        ({"thinkingBudget": -1, "includeThoughts": True}, ThinkingWish("on", -1, shown=True)),
        ({"thinkingLevel": "HIGH"}, ThinkingWish("on", None, "high", False)),
        ({"includeThoughts": True}, ThinkingWish("adaptive", shown=True)),
        ({}, None),
    ],
)
def test_thinking(config, wish):
    assert read({"contents": "hi", "generationConfig": {"thinkingConfig": config}}).thinking == wish


@pytest.mark.parametrize(
    ("calling", "choice"),
    [
        ({"mode": "NONE"}, ToolChoice("none")),
        ({"mode": "AUTO"}, ToolChoice("auto")),
        ({"mode": "VALIDATED"}, ToolChoice("auto")),
        ({"mode": "ANY"}, ToolChoice("required")),
        ({"mode": "any", "allowedFunctionNames": ["a", "b"]}, ToolChoice("allowed", ["a", "b"], True)),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["a"]}, ToolChoice("allowed", ["a"], False)),
    ],
)
def test_tool_choice(calling, choice):
    assert read({"contents": "hi", "toolConfig": {"functionCallingConfig": calling}}).tool_choice == choice


def test_output_formats():
    def output(**config):
        return read({"contents": "hi", "generationConfig": config}).output

    assert output(responseMimeType="application/json") == OutputFormat("json")
    schema = {
        "type": "OBJECT",
        "properties": {"a": {"type": "STRING", "nullable": True}},
        "maxProperties": "3",
    }
    assert output(responseMimeType="application/json", responseSchema=schema).schema == {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}},
        "maxProperties": 3,
    }
    assert output(responseJsonSchema={"type": "object"}).schema == {"type": "object"}
    assert output() is None


def test_unknown_fields_are_kept_under_their_path():
    body = {
        "contents": "hi",
        "labels": {"a": "b"},
        "generationConfig": {"imageConfig": {"aspectRatio": "1:1"}, "seed": None},
    }
    assert read(body).extras == {
        "gemini": {"labels": {"a": "b"}, "generationConfig.imageConfig": {"aspectRatio": "1:1"}}
    }


def test_null_is_absent():
    body = {"contents": [{"role": None, "parts": [{"text": "hi", "thought": None, "thoughtSignature": None}]}]}
    body |= dict.fromkeys(("systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings"))
    assert read(body) == read({"contents": "hi"})


def test_an_answer_kept_chunk_by_chunk_is_one_turn():
    """As google-genai's chat sessions send it back; what the user said stays as it is."""
    contents = [
        {"role": "user", "parts": [{"text": "q"}]},
        {"role": "user", "parts": [{"text": "r"}]},
        {"role": "model", "parts": [{"text": "one"}]},
        {"role": "model", "parts": [{"text": " two"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "1"}}}]},
    ]
    turns = DIALECT.read_request({"contents": contents}, model="m").turns
    assert [turn.role for turn in turns] == ["user", "user", "assistant", "user"]
    text, call = turns[2].parts
    assert text == Text("one two")
    assert turns[3].parts[0].call_id == call.id


def test_foreign_thinking_kept_chunk_by_chunk_is_whole_again():
    """Its author verifies the signature against the whole text."""
    signed = json.loads(
        DIALECT.write_answer(
            Answer(choices=[Choice([Thinking("b", Signature("anthropic", "S"))], Finish("stop"))]), Asked("m")
        )
    )["candidates"][0]["content"]["parts"]
    contents = [
        {"role": "user", "parts": [{"text": "q"}]},
        {"role": "model", "parts": [{"text": "a", "thought": True}]},
        {"role": "model", "parts": signed},
        {"role": "model", "parts": [{"text": "c"}]},
    ]
    turn = DIALECT.read_request({"contents": contents}, model="m").turns[1]
    thinking, text = turn.parts
    assert (thinking.text, thinking.signature) == ("ab", Signature("anthropic", "S"))
    assert text == Text("c")
