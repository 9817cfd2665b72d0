from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.chat import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import SSEReader
from gateway.protocols.wire_json import loads


def chunks(data: bytes) -> list[Any]:
    reader = SSEReader()
    pairs = reader.feed(data) + reader.close()
    return [loads(found) if found != b"[DONE]" else "[DONE]" for _, found in pairs]


def write(*events: ev.Event, **asked: Any) -> list[Any]:
    return chunks(DIALECT.answer_writer(Asked("shown", created=5, **asked)).write(events))


def deltas(*events: ev.Event, **asked: Any) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in write(ev.Start(), *events, **asked)]


def one(part: Part, *events: ev.Event) -> list[ev.Event]:
    return [ev.PartStart(0, part), *events, ev.PartStop(0)]


def test_a_plain_answer() -> None:
    written = write(
        ev.Start("up", "upstream-model", 9),
        *one(Text(""), ev.TextDelta(0, 'He said "hi"\n'), ev.TextDelta(0, "")),
        ev.UsageUpdate(Usage(1, 2)),
        ev.Finish("stop"),
    )
    assert written[-1] == "[DONE]"
    body = written[:-1]
    assert len({chunk["id"] for chunk in body}) == 1 and body[0]["id"].startswith("chatcmpl-")
    assert {(c["object"], c["created"], c["model"]) for c in body} == {("chat.completion.chunk", 5, "shown")}
    assert body[0]["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    ]
    assert [chunk["choices"][0]["delta"] for chunk in body[1:]] == [
        {"content": 'He said "hi"\n'},
        {"content": ""},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in body] == [None, None, None, "stop"]
    assert all("usage" not in chunk for chunk in body)


def test_the_usage_chunk_where_it_was_asked_for() -> None:
    written = write(
        ev.Start(),
        *one(Text("a")),
        ev.UsageUpdate(Usage(1, 1)),
        ev.UsageUpdate(Usage(1, 2)),
        ev.Finish("stop"),
        include_usage=True,
    )
    assert written[-1] == "[DONE]"
    assert written[-2]["choices"] == []
    assert written[-2]["usage"]["total_tokens"] == 3
    assert all(chunk["usage"] is None for chunk in written[:-2])


def test_no_usage_told_no_usage_chunk() -> None:
    written = write(ev.Start(), *one(Text("a")), ev.Finish("stop"), include_usage=True)
    assert written[-1] == "[DONE]" and written[-2]["choices"][0]["finish_reason"] == "stop"


def test_an_event_is_one_line() -> None:
    data = DIALECT.answer_writer(Asked("m")).write(
        [ev.Start(), *one(Text(""), ev.TextDelta(0, "a\u2028b\u2029c\x85d"))]
    )
    assert len(data.decode().splitlines()) == 4
    assert loads(data.split(b"\n\n")[1][6:])["choices"][0]["delta"]["content"] == "a\u2028b\u2029c\x85d"


def test_a_lone_surrogate_breaks_nothing() -> None:
    assert "content" in deltas(*one(Text(""), ev.TextDelta(0, "a\ud800b")))[1]


def test_thinking_and_its_hiding() -> None:
    thinking = one(Thinking(""), ev.ThinkingDelta(0, "hm"), ev.SignatureDelta(0, Signature("anthropic", "s")))
    assert deltas(*thinking)[1:] == [{"reasoning_content": "hm"}]
    assert deltas(*thinking, shows_thinking=False)[1:] == []


def test_interleaved_calls_keep_their_index() -> None:
    said = deltas(
        ev.PartStart(0, ToolCall("a", "f")),
        ev.ArgumentsDelta(0, '{"x":'),
        ev.PartStart(1, ToolCall("b", "f")),
        ev.ArgumentsDelta(1, "{}"),
        ev.ArgumentsDelta(0, "1}"),
        ev.PartStop(1),
        ev.PartStop(0),
    )[1:]
    calls = [delta["tool_calls"][0] for delta in said]
    assert calls[0] == {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    assert calls[1] == {"index": 0, "function": {"arguments": '{"x":'}}
    assert [call["index"] for call in calls] == [0, 0, 1, 1, 0]


def test_a_call_without_arguments_has_an_empty_object() -> None:
    said = deltas(*one(ToolCall("a", "f")))[1:]
    assert "".join(delta["tool_calls"][0]["function"]["arguments"] for delta in said) == "{}"


def test_a_signature_stands_in_the_opening_or_follows_late() -> None:
    seal = ev.SignatureDelta(0, Signature("anthropic", "s"))
    early = deltas(*one(ToolCall("a", "f"), seal, ev.ArgumentsDelta(0, "{}")))[1]["tool_calls"][0]
    assert early["extra_content"] == {"google": {"thought_signature": "dragoman+anthropic:s"}} and early["id"] == "a"
    late = deltas(*one(ToolCall("a", "f"), ev.ArgumentsDelta(0, "{}"), seal))[-1]["tool_calls"][0]
    assert late == {"index": 0, "extra_content": {"google": {"thought_signature": "dragoman+anthropic:s"}}}


def test_stop_with_calls_is_tool_calls() -> None:
    written = write(ev.Start(), *one(ToolCall("a", "f")), ev.Finish("stop"))
    assert written[-2]["choices"][0]["finish_reason"] == "tool_calls"


CUSTOM = {
    "tools": [
        {"type": "custom", "custom": {"name": "patch"}},
        {"type": "function", "function": {"name": "f"}},
    ]
}


def test_a_function_that_stood_for_a_custom_tool_is_given_back_as_one() -> None:
    call = one(ToolCall("a", "patch"), ev.ArgumentsDelta(0, '{"input":"**'), ev.ArgumentsDelta(0, '* x"}'))
    (delta,) = deltas(*call, body=CUSTOM)[1:]
    assert delta["tool_calls"] == [
        {"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** x"}}
    ]


def test_a_free_form_call_nobody_declared_is_a_function() -> None:
    (delta,) = deltas(*one(ToolCall("a", "other", freeform=True), ev.ArgumentsDelta(0, "x")), body=CUSTOM)[1:]
    assert delta["tool_calls"][0]["function"] == {"name": "other", "arguments": '{"input":"x"}'}


def test_functions_are_answered_by_function_call() -> None:
    body = {"functions": [{"name": "f"}]}
    events = [
        *one(ToolCall("a", "f"), ev.ArgumentsDelta(0, "{}")),
        ev.PartStart(1, ToolCall("b", "f")),
        ev.PartStop(1),
        ev.Finish("tool_calls"),
    ]
    written = write(ev.Start(), *events, body=body)
    said = [chunk["choices"][0]["delta"] for chunk in written[1:-2]]
    assert said == [{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}]
    assert written[-2]["choices"][0]["finish_reason"] == "function_call"


def test_refusals() -> None:
    written = write(ev.Start(), *one(Refusal(""), ev.TextDelta(0, "no")), ev.Finish("refusal"))
    assert written[1]["choices"][0]["delta"] == {"refusal": "no"}
    assert written[-2]["choices"][0]["finish_reason"] == "stop"
    assert write(ev.Start(), ev.Finish("refusal"))[-2]["choices"][0]["finish_reason"] == "content_filter"


def test_media() -> None:
    assert deltas(*one(Media("image", "image/png", "AAAA")))[1] == {"content": "![image](data:image/png;base64,AAAA)"}
    audio = deltas(*one(Media("audio", "audio/wav", "AAAA")))[1]["audio"]
    assert audio["data"] == "AAAA" and audio["id"].startswith("audio_")


def test_what_has_no_place_is_passed_over() -> None:
    assert deltas(*one(Opaque("gemini", {"executableCode": {}})))[1:] == []


def test_annotations_are_nested() -> None:
    annotation = {"type": "url_citation", "url": "https://x", "title": None}
    assert deltas(*one(Text("a"), ev.Annotation(0, annotation)))[-1]["annotations"] == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://x", "title": "", "start_index": 0, "end_index": 0},
        }
    ]


def test_logprobs() -> None:
    written = write(ev.Start(), *one(Text(""), ev.TextDelta(0, "a", [{"token": "a"}])))
    assert written[-1]["choices"][0]["logprobs"] == {"content": [{"token": "a"}], "refusal": None}


def test_choices_side_by_side() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, Text("")),
        ev.PartStart(1, Text(""), 1),
        ev.TextDelta(1, "b"),
        ev.TextDelta(0, "a"),
        ev.PartStop(0),
        ev.PartStop(1),
        ev.Finish("stop"),
        ev.Finish("length", choice=1),
    ]
    writer = DIALECT.answer_writer(Asked("m"))
    written = chunks(b"".join(writer.write([event]) for event in events))
    assert written.pop() == "[DONE]"
    said = [(c["choices"][0]["index"], c["choices"][0]["delta"], c["choices"][0]["finish_reason"]) for c in written]
    role = {"role": "assistant", "content": ""}
    assert said == [
        (0, role, None),
        (1, role, None),
        (1, {"content": "b"}, None),
        (0, {"content": "a"}, None),
        (0, {}, "stop"),
        (1, {}, "length"),
    ]


@pytest.mark.parametrize("before", [[], [ev.Start()], [ev.Start(), ev.PartStart(0, Text("a"))]])
def test_a_failure_ends_everything(before: list[ev.Event]) -> None:
    writer = DIALECT.answer_writer(Asked("m"))
    fault = Fault(429, "slow down", "rate_limit_exceeded")
    data = writer.write([*before, ev.Failure(fault), ev.TextDelta(0, "late"), ev.Finish("stop")])
    assert chunks(data)[-1] == {
        "error": {
            "message": "slow down",
            "type": "rate_limit_error",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    }
    assert b"[DONE]" not in data and b"late" not in data
    assert writer.write([ev.TextDelta(0, "late"), ev.Finish("stop")]) == b""


def test_the_end_comes_when_the_last_finish_has_come_alone() -> None:
    writer = DIALECT.answer_writer(Asked("m"))
    writer.write([ev.Start(), *one(Text("a"))])
    assert writer.write([ev.Finish("stop")]).endswith(b"data: [DONE]\n\n")
    assert writer.write([ev.Finish("stop")]) == b""


def test_keepalive_is_a_comment() -> None:
    writer = DIALECT.answer_writer(Asked("m"))
    assert writer.keepalive == b": keep-alive\n\n" and writer.media_type == "text/event-stream"
