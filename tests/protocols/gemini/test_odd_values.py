"""Every value of known bodies and answers replaced by every wrong type: a clean complaint or none at all."""

import copy
import json
from pathlib import Path

import pytest

from gateway.canon import grammar
from gateway.canon.fault import Malformed
from gateway.canon.fold import Broken
from gateway.canon.profile import Profile
from gateway.protocols.gemini import DIALECT

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gemini"
ODD = (None, True, 7, -1.5, "x", "", [], {}, [None], [[]], {"a": None}, "\ud800")

BODY = {
    "contents": [
        {"role": "user", "parts": [{"text": "q"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
        {
            "role": "model",
            "parts": [
                {"text": "t", "thought": True, "thoughtSignature": "AAAA"},
                {"functionCall": {"id": "1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "AA"},
                {"fileData": {"mimeType": "a/b", "fileUri": "https://e.org"}},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": "1", "name": "f", "response": {"result": 1}}}],
        },
    ],
    "systemInstruction": {"role": "user", "parts": [{"text": "s"}]},
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "f",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {
                            "a": {"type": "STRING", "enum": ["x"]},
                            "b": {"anyOf": [{"type": "NUMBER"}]},
                        },
                        "required": ["a"],
                    },
                },
            ]
        },
        {"googleSearch": {}},
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "generationConfig": {
        "temperature": 1,
        "topK": 4,
        "maxOutputTokens": 5,
        "stopSequences": ["x"],
        "candidateCount": 1,
        "responseMimeType": "application/json",
        "responseSchema": {
            "type": "OBJECT",
            "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING"}}},
        },
        "responseModalities": ["TEXT"],
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 5, "thinkingLevel": "LOW"},
    },
    "serviceTier": "flex",
}


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(value, path, odd):
    value = copy.deepcopy(value)
    if not path:
        return odd
    place = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return value


def test_requests():
    for path in places(BODY):
        for odd in ODD:
            body = changed(BODY, path, odd)
            complaint = None
            try:
                DIALECT.check_request(body)
            except Malformed as malformed:
                complaint = (malformed.param, malformed.message)
            if complaint is not None:
                with pytest.raises(Malformed) as caught:
                    DIALECT.read_request(body, model="m")
                assert (caught.value.param, caught.value.message) == complaint
                continue
            dialogue = DIALECT.read_request(body, model="m")
            for profile in (Profile(thinking="level"), Profile(thinking="budget", max_output_tokens=100)):
                written = DIALECT.write_request(dialogue, profile)
                assert written.body["contents"]
            for tool in dialogue.tools:
                tool.extras = {}
            DIALECT.write_request(dialogue, Profile())


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_answers(name):
    document = json.loads((FIXTURES / f"{name}.json").read_bytes())
    for path in places(document):
        for odd in ODD[:-1]:
            odd_document = changed(document, path, odd)
            try:
                DIALECT.read_answer(odd_document, None)
            except Broken as broken:
                assert 400 <= broken.fault.status <= 599
            reader = DIALECT.answer_reader(None)
            events = reader.feed(b"data: " + json.dumps(odd_document).encode() + b"\n\n")
            grammar.check([*events, *reader.close()])
