"""Whole answers: what is empty, what is broken, and there and back."""

import json
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fold import Broken
from gateway.canon.parts import Text, Thinking
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.gemini import DIALECT


def candidate(finish, *parts):
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": finish, "index": 0}]}


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": []},
        {"usageMetadata": {"promptTokenCount": 3}},
        {},
        candidate("STOP"),
        candidate("STOP", {"text": ""}),
        candidate("MALFORMED_FUNCTION_CALL"),
    ],
)
def test_empty(body):
    with pytest.raises(Broken) as caught:
        DIALECT.read_answer(body, None)
    assert (caught.value.fault.status, caught.value.fault.code) == (502, "empty_response")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
    ],
)
def test_empty_with_a_reason(reason, expected):
    assert DIALECT.read_answer(candidate(reason), None).choices[0].finish == ev.Finish(expected, reason)


def test_an_error_inside_200():
    with pytest.raises(Broken) as caught:
        DIALECT.read_answer({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}, None)
    assert caught.value.fault.status == 429
    for nonsense in (None, 7, "x", [None], ["x"]):
        with pytest.raises(Broken) as caught:
            DIALECT.read_answer(nonsense, None)
        assert caught.value.fault.status == 502


def test_a_candidate_without_finish_reason_is_cut_or_other():
    answer = DIALECT.read_answer({"candidates": [{"content": {"parts": [{"text": "x"}]}}]}, None)
    assert answer.choices[0].finish.reason == "other"


def test_there_and_back():
    usage = Usage(3, 4, 2, reasoning=5)
    answer = Answer(choices=[Choice([Thinking("t"), Text("a")], ev.Finish("length", "max_tokens"))], usage=usage)
    document = json.loads(DIALECT.write_answer(answer, Asked("shown")))
    assert document["modelVersion"] == "shown" and document["candidates"][0]["finishReason"] == "MAX_TOKENS"
    again = DIALECT.read_answer(document, None)
    assert [part.text for part in again.choices[0].parts] == ["t", "a"]
    assert again.choices[0].finish.reason == "length"
    assert (again.usage.input, again.usage.output, again.usage.cache_read, again.usage.reasoning) == (
        3,
        4,
        2,
        5,
    )


def test_usage_details_of_gemini_itself_are_kept():
    raw = {
        "promptTokenCount": 5,
        "candidatesTokenCount": 2,
        "toolUsePromptTokenCount": 4,
        "totalTokenCount": 11,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}],
        "serviceTier": "x",
    }
    answer = DIALECT.read_answer({**candidate("STOP", {"text": "a"}), "usageMetadata": raw}, None)
    assert answer.usage.input == 9
    written = json.loads(DIALECT.write_answer(answer, Asked("m")))["usageMetadata"]
    assert written == {key: value for key, value in raw.items() if key != "serviceTier"}


def test_newer_usage_names():
    raw = {
        "total_input_tokens": 10,
        "total_output_tokens": 3,
        "total_thought_tokens": 2,
        "total_cached_tokens": 4,
    }
    usage = DIALECT.read_answer({**candidate("STOP", {"text": "a"}), "usageMetadata": raw}, None).usage
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning) == (6, 4, 3, 2)


def told(parts: Any, finish: Any = "STOP", candidate: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    content = {"content": {"parts": parts, "role": "model"}, "finishReason": finish, **(candidate or {})}
    return {"candidates": [content], **body}


@pytest.mark.parametrize(
    "body",
    [
        told([{"text": "hi"}]),
        told(
            [{"text": "hi"}],
            "MAX_TOKENS",
            {"index": 0, "avgLogprobs": -0.1},
            usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 4},
            modelVersion="gemini-2.5-flash",
            responseId="r",
        ),
        told([{"text": "hi"}], None),
        told([{"text": "hi"}], "SAFETY"),
        told([{"text": "hi"}], candidate={"index": 2}),
        told([{"text": "hi"}], candidate={"safetyRatings": []}, usageMetadata=None, promptFeedback={}),
        told([{"text": "hi"}], candidate={"citationMetadata": {"citationSources": [{"uri": "u", "endIndex": 2}]}}),
        told([{"text": "hm", "thought": True}, {"text": "hi"}]),
        told([{"text": "hi", "thoughtSignature": "c2ln"}]),
        told({"text": "hi"}),
        {"candidates": {"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}},
    ],
)
def test_the_short_way_gives_what_the_events_give(body: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    short = DIALECT.read_answer(body, None)
    monkeypatch.setattr("gateway.protocols.gemini.whole._plain_answer", lambda body: None)
    assert short == DIALECT.read_answer(body, None)


def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.protocols.gemini.whole.Candidates", None)
    assert DIALECT.read_answer(told([{"text": "hi"}]), None).choices[0].parts == [Text("hi")]
