"""Behaviours AM-J16: executableCode and codeExecutionResult as fenced text, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.fold import unfold
from gateway.canon.parts import Text
from gateway.protocols import anthropic, chat, gemini, responses
from gateway.protocols.dialect import Asked, Dialect
from gateway.protocols.gemini.shown_code import read_code
from gateway.protocols.sse import SSEReader

PARTS: list[dict[str, Any]] = [
    {"text": "Look:"},
    {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
    {"text": "One."},
]
SHOWN = "Look:\n```python\nprint(1)\n```\n\n```\n1\n```\nOne."
DOCUMENT = {"candidates": [{"content": {"role": "model", "parts": PARTS}, "finishReason": "STOP", "index": 0}]}
OTHERS = [chat.DIALECT, responses.DIALECT, anthropic.DIALECT]


def text_of(value: Any) -> str:
    """Every text that stands in the answer, in order."""
    if isinstance(value, list):
        return "".join(map(text_of, value))
    if not isinstance(value, dict):
        return ""
    own = value.get("text") if isinstance(value.get("text"), str) else None
    if own is None and value.get("type") == "response.output_text.delta":
        own = value["delta"]
    if own is None and isinstance(value.get("content"), str):
        own = value["content"]
    names = ("choices", "message", "delta", "content", "output")
    return own if own is not None else "".join(text_of(value.get(name)) for name in names)


@pytest.mark.parametrize("dialect", OTHERS, ids=lambda each: each.name)
def test_whole(dialect: Dialect) -> None:
    written = dialect.write_answer(gemini.DIALECT.read_answer(DOCUMENT, None), Asked("m"))
    assert text_of(json.loads(written)) == SHOWN


@pytest.mark.parametrize("dialect", OTHERS, ids=lambda each: each.name)
def test_streamed(dialect: Dialect) -> None:
    documents = [json.loads(data) for _, data in SSEReader().feed(streamed(dialect)) if data != b"[DONE]"]
    heard = (each for each in documents if each.get("type", "") not in ("response.completed", "content_block_start"))
    assert "".join(text_of(each) for each in heard if not each.get("type", "").endswith((".done", ".added"))) == SHOWN


def test_gemini_itself_gets_the_parts_back() -> None:
    """As an agent's answer does."""
    whole = json.loads(gemini.DIALECT.write_answer(gemini.DIALECT.read_answer(DOCUMENT, None), Asked("m")))
    assert whole["candidates"][0]["content"]["parts"] == PARTS
    chunks = [json.loads(data) for _, data in SSEReader().feed(streamed(gemini.DIALECT))]
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    assert [part for part in parts if part != {"text": ""}] == PARTS
    unfolded = gemini.DIALECT.answer_writer(Asked("m")).write(unfold(gemini.DIALECT.read_answer(DOCUMENT, None)))
    chunks = [json.loads(data) for _, data in SSEReader().feed(unfolded)]
    assert [chunk["candidates"][0]["content"]["parts"][0] for chunk in chunks[:-1]] == PARTS


def streamed(dialect: Dialect) -> bytes:
    reader, writer = gemini.DIALECT.answer_reader(None), dialect.answer_writer(Asked("m"))
    data = b"data: " + json.dumps(DOCUMENT).encode() + b"\n\n"
    return writer.write(reader.feed(data)) + writer.write(reader.close())


def test_fences_are_longer_than_those_inside() -> None:
    code = read_code({"executableCode": {"language": "LANGUAGE_UNSPECIFIED", "code": "a = '```'"}})
    assert isinstance(code, Text) and code.text == "\n````\na = '```'\n````\n"
    assert read_code({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}) is None and read_code({"text": "x"}) is None
