"""Whole answers: errors inside, emptiness, and the predecessors' choices[]."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fold import Broken
from gateway.canon.parts import Refusal, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.responses import DIALECT, with_choices


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ({"error": {"message": "m", "code": 429}}, 429, "rate_limit_exceeded"),
        (
            {"status": "failed", "error": {"code": "server_error", "message": "m"}, "output": []},
            500,
            "server_error",
        ),
        ({"status": "failed", "error": None, "output": []}, 502, None),
        ({"status": "cancelled", "output": []}, 502, None),
        ({"status": "completed", "output": []}, 502, "empty_response"),
        ({"status": "completed", "output": None, "usage": {}}, 502, "empty_response"),
        ({"status": "queued", "output": []}, 502, "empty_response"),
        ({}, 502, "empty_response"),
        ([], 502, "empty_response"),
        ("x", 502, "empty_response"),
        (None, 502, "empty_response"),
    ],
)
def test_broken_answers(document: Any, status: int, code: str | None) -> None:
    with pytest.raises(Broken) as broken:
        DIALECT.read_answer(document, None)
    assert (broken.value.fault.status, broken.value.fault.code) == (status, code)


@pytest.mark.parametrize("reason", ["content_filter", "max_output_tokens"])
def test_explained_emptiness(reason: str) -> None:
    document = {"status": "incomplete", "incomplete_details": {"reason": reason}, "output": []}
    assert DIALECT.read_answer(document, None).choices[0].parts == []


@pytest.mark.parametrize("output", [{}, 5, [None, 5, {}], [{"type": 5}], [{"type": "message", "content": {"a": 1}}]])
def test_drifting_output_never_raises_anything_else(output: Any) -> None:
    try:
        answer = DIALECT.read_answer({"status": "completed", "output": output}, None)
    except Broken as broken:
        assert broken.fault.status == 502
    else:
        assert answer.choices[0].finish.reason == "stop"


def test_there_and_back() -> None:
    parts: list[Any] = [Thinking("t"), Text("a"), ToolCall("c", "f", "{}")]
    answer = Answer("x", "up", 5, [Choice(parts, ev.Finish("tool_calls", "completed"))], Usage(1, 2))
    document = json.loads(DIALECT.write_answer(answer, Asked("shown", created=9)))
    assert document["model"] == "shown" and document["created_at"] == 9 and document["status"] == "completed"
    back = DIALECT.read_answer(document, None)
    assert [type(part) for part in back.choices[0].parts] == [Thinking, Text, ToolCall]
    assert back.choices[0].finish == answer.choices[0].finish


def test_choices_for_clients_of_the_predecessors() -> None:
    parts: list[Any] = [
        Text("a"),
        Text("b"),
        ToolCall("c", "f", "{}"),
        ToolCall("d", "p", "***", freeform=True),
    ]
    whole = DIALECT.write_answer(Answer(choices=[Choice(parts, ev.Finish("tool_calls"))]), Asked("m"))
    document = with_choices(whole)
    assert document["output"] and document["object"] == "response"
    (choice,) = document["choices"]
    assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] == "ab"
    assert [call["type"] for call in choice["message"]["tool_calls"]] == ["function", "custom"]
    cut = with_choices(
        json.loads(DIALECT.write_answer(Answer(choices=[Choice([Refusal("no")], ev.Finish("length"))]), Asked("m")))
    )
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["choices"][0]["message"] == {"role": "assistant", "content": None, "refusal": "no"}


def test_a_host_that_counts_its_one_choice_from_1() -> None:
    """Nothing was written for it, and the client got a 500."""
    answer = Answer(choices=[Choice([Text("hi")], ev.Finish("stop", choice=1))])
    document = json.loads(DIALECT.write_answer(answer, Asked("m")))
    assert document["status"] == "completed" and document["output"][0]["content"][0]["text"] == "hi"
