from typing import Any

import pytest

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.fold import Broken
from gateway.canon.parts import Text, Thinking, ToolCall
from gateway.protocols.chat import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import loads


def whole(message: Any, finish: Any = "stop", **fields: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        **fields,
    }


def write(*parts: Any, finish: Any = "stop", **asked: Any) -> Any:
    document = loads(DIALECT.write_answer(Answer(choices=[Choice(list(parts), Finish(finish))]), Asked("m", **asked)))
    return document["choices"][0]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"error": {"message": "slow", "code": 429}}, 429, "rate_limit_exceeded"),
        ({"error": "bad"}, 502, None),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], 400, None),
        ({"object": "error", "message": "gone", "code": 404}, 404, None),
        ({}, 502, "empty_response"),
        ({"choices": []}, 502, "empty_response"),
        ({"choices": None, "usage": {"prompt_tokens": 1}}, 502, "empty_response"),
        ({"choices": "x"}, 502, "empty_response"),
        (whole({"role": "assistant", "content": ""}), 502, "empty_response"),
        (whole({"content": None}), 502, "empty_response"),
        (whole(None), 502, "empty_response"),
        (whole({"content": "x"}, "error"), 502, "upstream_error"),
        ([], 502, "upstream_error"),
        (None, 502, "upstream_error"),
        ("text", 502, "upstream_error"),
        (5, 502, "upstream_error"),
    ],
)
def test_broken_answers(body: Any, status: int, code: str | None) -> None:
    with pytest.raises(Broken) as broken:
        DIALECT.read_answer(body, None)
    assert (broken.value.fault.status, broken.value.fault.code) == (status, code)
    assert broken.value.fault.from_upstream


@pytest.mark.parametrize("finish", ["content_filter", "length"])
def test_nothing_said_and_a_reason_for_it(finish: str) -> None:
    (choice,) = DIALECT.read_answer(whole({"content": None}, finish), None).choices
    assert choice.parts == [] and choice.finish.reason == finish


def test_a_whole_answer_without_a_reason_is_whole() -> None:
    assert DIALECT.read_answer(whole({"content": "a"}, None), None).choices[0].finish.reason == "stop"
    call = {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}
    (choice,) = DIALECT.read_answer(whole({"content": "", "tool_calls": [call]}, None), None).choices
    assert choice.finish.reason == "tool_calls" and choice.parts == [ToolCall("a", "f", '{"x":1}')]


def test_calls_without_ids_that_are_alike_are_both_kept() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    (choice,) = DIALECT.read_answer(whole({"tool_calls": [call, call]}), None).choices
    first, second = choice.parts
    assert isinstance(first, ToolCall) and isinstance(second, ToolCall) and first.id != second.id


@pytest.mark.parametrize("index", [{}, {"index": 0}])
def test_calls_that_share_an_id_are_not_one(index: dict[str, Any]) -> None:
    calls = [
        {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": text}, **index}
        for text in ('{"a":1}', '{"a":2}')
    ]
    (choice,) = DIALECT.read_answer(whole({"tool_calls": calls}, "tool_calls"), None).choices
    found = [part for part in choice.parts if isinstance(part, ToolCall)]
    assert [part.arguments for part in found] == ['{"a":1}', '{"a":2}'] and found[0].id == "call_0" != found[1].id


def test_an_error_that_is_null_is_none() -> None:
    assert DIALECT.read_answer(whole({"content": "a"}, error=None), None).choices[0].parts == [Text("a")]


def test_names_are_mapped_back() -> None:
    names = NameMap(r"[^a-z_]", 64)
    call = {"id": "a", "function": {"name": names.to_wire("a.b"), "arguments": "{}"}}
    (choice,) = DIALECT.read_answer(whole({"tool_calls": [call]}), names).choices
    assert choice.parts == [ToolCall("a", "a.b", "{}")]


def test_a_message_has_all_its_keys() -> None:
    choice = write(Text("a"), Text("b"), Thinking("hm"))
    assert choice == {
        "index": 0,
        "message": {"role": "assistant", "content": "ab", "refusal": None, "reasoning_content": "hm"},
        "logprobs": None,
        "finish_reason": "stop",
    }
    assert "reasoning_content" not in write(Text("a"), Thinking("hm"), shows_thinking=False)["message"]


def test_calls_alone_have_null_content_and_an_empty_answer_an_empty_one() -> None:
    assert write(ToolCall("a", "f", "{}"))["message"]["content"] is None
    assert write(finish="length")["message"]["content"] == ""


def test_legacy_and_custom_clients() -> None:
    choice = write(ToolCall("a", "f", "{}"), finish="tool_calls", body={"functions": [{"name": "f"}]})
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert choice["finish_reason"] == "function_call" and "tool_calls" not in choice["message"]
    body = {"tools": [{"type": "custom", "custom": {"name": "p"}}]}
    (call,) = write(ToolCall("a", "p", '{"input":"x"}'), body=body)["message"]["tool_calls"]
    assert call == {"id": "a", "type": "custom", "custom": {"name": "p", "input": "x"}}


def test_created_and_usage() -> None:
    document = loads(DIALECT.write_answer(Answer(created=7, choices=[]), Asked("m")))
    assert document["created"] == 7 and "usage" not in document and document["object"] == "chat.completion"


@pytest.mark.parametrize(
    "body",
    [
        whole({"role": "assistant", "content": "hi"}),
        whole(
            {"role": "assistant", "content": "hi"},
            "length",
            created=7,
            usage={"prompt_tokens": 3, "completion_tokens": 2},
        ),
        whole({"role": "assistant", "content": "hi", "refusal": None, "annotations": [], "tool_calls": None}),
        whole({"content": "hi"}, id=None, model=5, created="x", usage=None),
        whole({"content": "hi"}, None),
        whole({"content": "hi", "reasoning_content": "hm"}),
        whole({"content": "hi", "refusal": "no"}),
        whole({"content": [{"type": "text", "text": "hi"}]}),
        whole({"content": "hi", "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}]}),
        {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop", "stop_reason": "END"}]},
        {
            "choices": [
                {"message": {"content": "hi"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "hi"}]}}
            ]
        },
        {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop", "usage": {"prompt_tokens": 3}}]},
        {"choices": [{"index": 3, "message": {"content": "hi"}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}, {"message": {"content": "b"}}]},
    ],
)
def test_the_short_way_gives_what_the_events_give(body: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    short = DIALECT.read_answer(body, None)
    monkeypatch.setattr("gateway.protocols.chat.whole._plain_answer", lambda body: None)
    assert short == DIALECT.read_answer(body, None)


def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.protocols.chat.whole.ChatReader", None)
    assert DIALECT.read_answer(whole({"role": "assistant", "content": "hi"}), None).choices[0].parts == [Text("hi")]
