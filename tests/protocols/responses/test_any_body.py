"""Bodies, answers and streams spoiled at random: nothing but the declared complaints ever comes of them."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

from gateway.canon import grammar
from gateway.canon.fault import Malformed
from gateway.canon.fold import Broken
from gateway.canon.pairing import paired
from gateway.canon.profile import Profile
from gateway.protocols.dialect import Asked
from gateway.protocols.responses import DIALECT
from gateway.protocols.responses.answer_reader import ResponsesReader
from gateway.protocols.responses.answer_writer import ResponsesWriter

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [None],
    ["x"],
    [[]],
    [{}],
    {"type": "x"},
    {"type": 5},
    {"a": []},
]
BODY: dict[str, Any] = {
    "model": "m",
    "instructions": "be",
    "temperature": 1,
    "tools": [
        {"type": "function", "name": "f", "parameters": {}, "strict": True, "description": "d"},
        {
            "type": "namespace",
            "name": "n",
            "tools": [{"type": "custom", "name": "c", "format": {"type": "text"}}],
        },
        {"type": "shell", "environment": {"type": "local"}},
        {"type": "web_search"},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["x"],
    "metadata": {},
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
                {"type": "input_file", "file_data": "aGk=", "filename": "x"},
                {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            ],
        },
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "x"}],
            "content": [],
            "encrypted_content": "x",
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "x", "annotations": [{"type": "url_citation"}]},
                {"type": "refusal", "refusal": "x"},
            ],
        },
        {
            "type": "function_call",
            "call_id": "c",
            "id": "i",
            "name": "f",
            "arguments": "{}",
            "namespace": "n",
            "status": "x",
        },
        {"type": "custom_tool_call", "call_id": "d", "name": "c", "input": "x"},
        {"type": "local_shell_call", "call_id": "e", "action": {"command": ["ls"], "env": {}}},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "custom_tool_call_output", "call_id": "d", "output": "x"},
        {"type": "local_shell_call_output", "id": "e", "output": "x", "status": "x"},
        {"type": "image_generation_call", "result": "x", "output_format": "png"},
        {"type": "additional_tools", "tools": [{"type": "function", "name": "f"}]},
    ],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, inner in entries for place in places(inner, (*path, key))]


def spoiled(document: Any, path: tuple[Any, ...], junk: Any) -> Any:
    document = copy.deepcopy(document)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = copy.deepcopy(junk)
    return document


def test_requests() -> None:
    DIALECT.check_request(BODY)
    malformed = 0
    for path in places(BODY):
        for junk in JUNK:
            body = spoiled(BODY, path, junk)
            try:
                DIALECT.check_request(body)
            except Malformed as complaint:
                malformed += 1
                assert complaint.param and complaint.message
                continue
            dialogue = DIALECT.read_request(body)
            dialogue.turns, _ = paired(dialogue.turns)
            json.dumps(DIALECT.write_request(dialogue, Profile(thinking="effort")).body)
            ResponsesWriter(Asked("m", body=body))
    assert malformed > 200


def test_whole_answers() -> None:
    for name in ("web-search-citation", "text-then-custom-tool", "thinking-then-text", "local-shell-call"):
        document = json.loads((FIXTURES / f"{name}.json").read_text())
        for path in places({"output": document["output"], "usage": document["usage"], "error": None}):
            for junk in JUNK:
                try:
                    answer = DIALECT.read_answer(spoiled(document, path, junk), None)
                except Broken as broken:
                    assert broken.fault.status >= 400
                else:
                    json.loads(DIALECT.write_answer(answer, Asked("m")))


def test_streams() -> None:
    dice = random.Random(7)
    for path in sorted(FIXTURES.glob("*.sse")):
        blocks = path.read_bytes().replace(b"\r\n", b"\n").split(b"\n\n")
        for _ in range(60):
            chosen = list(blocks)
            for _ in range(dice.randint(1, 3)):
                place = dice.randrange(len(chosen))
                match dice.randrange(4):
                    case 0:
                        del chosen[place]
                    case 1:
                        chosen.insert(place, dice.choice(blocks))
                    case 2:
                        chosen[place] = chosen[place][: dice.randrange(len(chosen[place]) + 1)]
                    case 3:
                        chosen[place] = _junked(chosen[place], dice)
                if not chosen:
                    break
            reader = ResponsesReader()
            events = reader.feed(b"\n\n".join(chosen)) + reader.close()
            grammar.check(events)
            ResponsesWriter(Asked("m")).write(events)


def _junked(block: bytes, dice: random.Random) -> bytes:
    head, colon, data = block.partition(b"data: ")
    try:
        document = json.loads(data)
    except ValueError:
        return block
    return head + colon + json.dumps(spoiled(document, dice.choice(places(document)), dice.choice(JUNK))).encode()
