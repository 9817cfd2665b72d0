"""Bad bodies: one complaint, from the checker and the reader alike, with the path of the fault."""

import json

import pytest

from gateway.canon.fault import Malformed
from gateway.protocols.gemini import DIALECT
from tests.ratio import ratio

HI = [{"role": "user", "parts": [{"text": "hi"}]}]


def part(value):
    return {"contents": [*HI, {"role": "model", "parts": [{"text": "a"}, value]}]}


def config(**fields):
    return {"contents": HI, "generationConfig": fields}


def tool(**declaration):
    return {"contents": HI, "tools": [{"functionDeclarations": [declaration]}]}


BAD = [
    ({}, "contents"),
    ({"contents": []}, "contents"),
    ({"contents": None}, "contents"),
    ({"contents": ""}, "contents"),
    ({"contents": 5}, "contents"),
    ({"contents": ["x"]}, "contents[0]"),
    ({"contents": [*HI, {"role": "assistant", "parts": [{"text": "x"}]}]}, "contents[1].role"),
    ({"contents": [{"role": 7, "parts": [{"text": "x"}]}]}, "contents[0].role"),
    ({"contents": [{"parts": 5}]}, "contents[0].parts"),
    ({"contents": [{"parts": ["x"]}]}, "contents[0].parts[0]"),
    (part({"text": 5}), "contents[1].parts[1].text"),
    (part({"text": "x", "thought": "yes"}), "contents[1].parts[1].thought"),
    (part({"text": "x", "thoughtSignature": 5}), "contents[1].parts[1].thoughtSignature"),
    (part({"functionCall": "f"}), "contents[1].parts[1].functionCall"),
    (part({"function_call": {"args": {}}}), "contents[1].parts[1].functionCall.name"),
    (part({"functionCall": {"name": "f", "args": "{}"}}), "contents[1].parts[1].functionCall.args"),
    (part({"functionResponse": {"name": ""}}), "contents[1].parts[1].functionResponse.name"),
    (
        part({"functionResponse": {"name": "f", "response": "x"}}),
        "contents[1].parts[1].functionResponse.response",
    ),
    (
        part({"functionResponse": {"name": "f", "parts": [{"inlineData": {}}]}}),
        "contents[1].parts[1].functionResponse.parts[0].inlineData.data",
    ),
    (
        part({"inlineData": {"mimeType": "image/png", "data": "not base64!"}}),
        "contents[1].parts[1].inlineData.data",
    ),
    (part({"inlineData": {"mimeType": 1, "data": "AA=="}}), "contents[1].parts[1].inlineData.mimeType"),
    (part({"fileData": {}}), "contents[1].parts[1].fileData.fileUri"),
    ({"contents": HI, "systemInstruction": 5}, "systemInstruction"),
    ({"contents": HI, "systemInstruction": {"parts": [{"text": 1}]}}, "systemInstruction.parts[0].text"),
    ({"contents": HI, "tools": {}}, "tools"),
    ({"contents": HI, "tools": ["x"]}, "tools[0]"),
    ({"contents": HI, "tools": [{"function_declarations": {}}]}, "tools[0].functionDeclarations"),
    (tool(), "tools[0].functionDeclarations[0].name"),
    (tool(name="f", parameters=[]), "tools[0].functionDeclarations[0].parameters"),
    ({"contents": HI, "toolConfig": []}, "toolConfig"),
    (
        {"contents": HI, "toolConfig": {"functionCallingConfig": {"mode": 1}}},
        "toolConfig.functionCallingConfig.mode",
    ),
    (
        {"contents": HI, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": "f"}}},
        "toolConfig.functionCallingConfig.allowedFunctionNames",
    ),
    ({"contents": HI, "generationConfig": []}, "generationConfig"),
    (config(temperature="hot"), "generationConfig.temperature"),
    (config(temperature=True), "generationConfig.temperature"),
    (config(max_output_tokens="lots"), "generationConfig.maxOutputTokens"),
    (config(maxOutputTokens=0), "generationConfig.maxOutputTokens"),
    (config(topK=1.5, seed=1.5), "generationConfig.seed"),
    (config(candidateCount=-1), "generationConfig.candidateCount"),
    (config(stopSequences="x"), "generationConfig.stopSequences"),
    (config(thinkingConfig=5), "generationConfig.thinkingConfig"),
    (config(thinkingConfig={"thinkingBudget": True}), "generationConfig.thinkingConfig.thinkingBudget"),
    (config(thinkingConfig={"include_thoughts": "yes"}), "generationConfig.thinkingConfig.includeThoughts"),
    (config(responseSchema="x"), "generationConfig.responseSchema"),
    ({"contents": HI, "safetySettings": {}}, "safetySettings"),
    ([], ""),
]


@pytest.mark.parametrize(("body", "param"), BAD, ids=[f"{number}-{param}" for number, (_, param) in enumerate(BAD)])
def test_the_same_complaint_from_both(body, param):
    with pytest.raises(Malformed) as checked:
        DIALECT.check_request(body)
    with pytest.raises(Malformed) as read:
        DIALECT.read_request(body, model="m")
    assert checked.value.param == param
    assert (read.value.param, read.value.message) == (param, checked.value.message)


def test_unknown_fields_and_parts_are_fine():
    body = {
        "contents": [{"role": "user", "parts": [{"text": "a", "new": 1}, {"brandNew": {}}, {}], "x": 1}],
        "y": [],
        "generationConfig": {"z": 1},
    }
    body["tools"] = [{"somethingNew": {"a": 1}}]
    DIALECT.check_request(body)
    DIALECT.read_request(body, model="m")


def test_a_hundred_messages_are_checked_fast():
    body = {"contents": [{"role": ("user", "model")[n % 2], "parts": [{"text": "x" * 50}]} for n in range(100)]}
    assert ratio(lambda: DIALECT.check_request(body), lambda: json.loads(json.dumps(body))) < 2
