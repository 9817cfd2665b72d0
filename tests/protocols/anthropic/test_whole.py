from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.canon.fold import Broken
from gateway.canon.parts import Text, ToolCall
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import dumps, loads

FIXTURES = Path(__file__).parents[2] / "fixtures" / "anthropic"
WHOLES = sorted(path.name for path in FIXTURES.glob("*.json.txt") if path.name != "refusal.json.txt")


def message(content: Any, reason: str | None = "end_turn") -> dict[str, Any]:
    return {"type": "message", "id": "msg_1", "model": "m", "content": content, "stop_reason": reason}


@pytest.mark.parametrize("name", WHOLES)
def test_read_and_written_it_is_the_same(name: str) -> None:
    body = loads((FIXTURES / name).read_bytes())
    written = loads(DIALECT.write_answer(DIALECT.read_answer(body, None), Asked(body["model"])))
    written["usage"]["service_tier"] = body["usage"]["service_tier"]
    assert written == body


def test_a_refusal_is_shown_as_text() -> None:
    body = loads((FIXTURES / "refusal.json.txt").read_bytes())
    written = loads(DIALECT.write_answer(DIALECT.read_answer(body, None), Asked("m")))
    assert written["stop_reason"] == "refusal"
    assert written["content"] == [{"type": "text", "text": "This request could enable harm."}]


def test_no_usage_is_estimated_from_the_prompt() -> None:
    answer = DIALECT.read_answer(message("hi"), None)
    assert answer.usage is None
    assert loads(DIALECT.write_answer(answer, Asked("m", prompt_tokens=9)))["usage"]["input_tokens"] == 9


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (
            {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}},
            429,
            "rate_limit_exceeded",
        ),
        ({"error": {"code": 429, "message": "x"}}, 429, "rate_limit_exceeded"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, 529, None),
        (None, 502, "upstream_error"),
        ([], 502, "upstream_error"),
        ({}, 502, "upstream_error"),
        (message([]), 502, "empty_response"),
        (message(None, None), 502, "empty_response"),
    ],
)
def test_what_is_no_answer(body: Any, status: int, code: str | None) -> None:
    with pytest.raises(Broken) as broken:
        DIALECT.read_answer(body, None)
    assert (broken.value.fault.status, broken.value.fault.code) == (status, code)


@pytest.mark.parametrize("reason", ["refusal", "max_tokens", "pause_turn"])
def test_empty_answers_that_explain_themselves(reason: str) -> None:
    assert DIALECT.read_answer(message([], reason), None).choices[0].parts == []


def test_type_drift() -> None:
    drift = message({"type": "text", "text": "hi", "citations": None}, None)
    drift["usage"] = {"input_tokens": "3", "output_tokens": None}
    drift["error"] = None
    answer = DIALECT.read_answer(drift, None)
    assert answer.choices[0].parts == [Text("hi")] and answer.choices[0].finish.reason == "stop"
    assert answer.usage is not None and answer.usage.input == 3
    odd = DIALECT.read_answer(message([5, {"type": "tool_use", "name": "f", "input": '{"a":1}'}], None), None)
    (call,) = odd.choices[0].parts
    assert isinstance(call, ToolCall) and call.id.startswith("call_") and call.arguments == '{"a":1}'
    assert odd.choices[0].finish.reason == "tool_calls"


def test_names_are_mapped_back_and_ids_made_unique() -> None:
    names = NameMap(r"[^a-z_]", 64)
    block = {"type": "tool_use", "id": "t", "name": names.to_wire("a.b"), "input": {}}
    first, second = DIALECT.read_answer(message([block, block]), names).choices[0].parts
    assert isinstance(first, ToolCall) and isinstance(second, ToolCall)
    assert first.name == "a.b" and first.arguments == "{}" and first.id != second.id
    assert dumps(first.arguments)
