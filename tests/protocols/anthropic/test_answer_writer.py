"""What a client of Messages sees of an answer, streamed."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import fold, unfold
from gateway.canon.grammar import check
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import SSEReader
from gateway.protocols.wire_json import loads

ASKED = Asked("my-model", request_id="req_7", prompt_tokens=42)
SEALED = Signature("anthropic", "EqQB")
GEMINI = Signature("gemini", "CiQB+/=")
SERVER_USE = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}


def documents(data: bytes) -> list[dict[str, Any]]:
    reader = SSEReader()
    found = []
    for name, raw in [*reader.feed(data), *reader.close()]:
        document = loads(raw)
        assert document["type"] == name
        found.append(document)
    return found


def written(parts: list[Part], finish: ev.Finish | None = None, usage: Usage | None = None, **asked: Any) -> bytes:
    answer = Answer("resp_1", "physical", None, [Choice(parts, finish or ev.Finish("stop"))], usage)
    events = unfold(answer)
    check(events)
    writer = DIALECT.answer_writer(Asked("my-model", request_id="req_7", prompt_tokens=42, **asked))
    return b"".join(writer.write([event]) for event in events)


def blocks(data: bytes) -> list[dict[str, Any]]:
    """The blocks as a client puts them together; asserts that they come one after another."""
    found: list[dict[str, Any]] = []
    opened = -1
    for document in documents(data):
        match document["type"]:
            case "content_block_start":
                assert opened < 0 and document["index"] == len(found)
                opened = document["index"]
                found.append(dict(document["content_block"]))
            case "content_block_delta":
                assert document["index"] == opened
                delta = document["delta"]
                match delta["type"]:
                    case "text_delta":
                        found[-1]["text"] += delta["text"]
                    case "thinking_delta":
                        found[-1]["thinking"] += delta["thinking"]
                    case "signature_delta":
                        found[-1]["signature"] = delta["signature"]
                    case "input_json_delta":
                        found[-1]["json"] = found[-1].get("json", "") + delta["partial_json"]
                    case "citations_delta":
                        found[-1].setdefault("citations", []).append(delta["citation"])
            case "content_block_stop":
                assert document["index"] == opened
                opened = -1
    assert opened < 0
    return found


def test_the_order_of_events() -> None:
    data = written([Text("Hello")], usage=Usage(10, 5, cache_read=3, cache_write=2, cache_write_1h=1))
    kinds = [document["type"] for document in documents(data)]
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    start, *_, delta, _ = documents(data)
    message = start["message"]
    assert message["model"] == "my-model" and message["id"].startswith("msg_") and message["content"] == []
    assert message["usage"]["input_tokens"] == 42 and message["stop_reason"] is None
    assert delta["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert delta["usage"] == {
        "input_tokens": 10,
        "cache_creation_input_tokens": 2,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 1},
        "cache_read_input_tokens": 3,
        "output_tokens": 5,
    }


def test_known_usage_stands_in_message_start() -> None:
    writer = DIALECT.answer_writer(ASKED)
    data = writer.write([ev.Start("msg_up", "m"), ev.UsageUpdate(Usage(7, 1, cache_read=9))])
    message = documents(data)[0]["message"]
    assert message["id"] == "msg_up"
    assert message["usage"]["input_tokens"] == 7 and message["usage"]["cache_read_input_tokens"] == 9


def test_the_opening_comes_with_the_first_event_and_once() -> None:
    writer = DIALECT.answer_writer(ASKED)
    assert writer.write([]) == b""
    assert b"message_start" in writer.write([ev.Start()])
    assert b"message_start" not in writer.write([ev.PartStart(0, Text(""))])


@pytest.mark.parametrize(
    ("finish", "reason", "sequence"),
    [
        (ev.Finish("stop"), "end_turn", None),
        (ev.Finish("stop", "STOP"), "end_turn", None),
        (ev.Finish("stop", None, "END"), "stop_sequence", "END"),
        (ev.Finish("length", "MAX_TOKENS"), "max_tokens", None),
        (ev.Finish("length", "model_context_window_exceeded"), "model_context_window_exceeded", None),
        (ev.Finish("tool_calls"), "tool_use", None),
        (ev.Finish("content_filter", "SAFETY"), "refusal", None),
        (ev.Finish("refusal"), "refusal", None),
        (ev.Finish("pause"), "pause_turn", None),
        (ev.Finish("other", "odd"), "end_turn", None),
        (ev.Finish("tool_calls", "end_turn"), "tool_use", None),
    ],
)
def test_stop_reasons(finish: ev.Finish, reason: str, sequence: str | None) -> None:
    delta = documents(written([Text("x")], finish))[-2]["delta"]
    assert delta == {"stop_reason": reason, "stop_sequence": sequence}
    whole = loads(DIALECT.write_answer(Answer(choices=[Choice([Text("x")], finish)]), ASKED))
    assert (whole["stop_reason"], whole["stop_sequence"]) == (reason, sequence)


def test_interleaved_calls_come_one_after_another() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, ToolCall("a", "f")),
        ev.ArgumentsDelta(0, '{"a"'),
        ev.PartStart(1, ToolCall("b", "g")),
        ev.ArgumentsDelta(1, '{"b"'),
        ev.PartStart(2, Text("")),
        ev.TextDelta(2, "mean"),
        ev.PartStop(1),
        ev.ArgumentsDelta(0, ":1}"),
        ev.TextDelta(2, "while"),
        ev.PartStop(0),
        ev.TextDelta(2, "!"),
        ev.PartStop(2),
        ev.Finish("tool_calls"),
    ]
    events[4] = ev.ArgumentsDelta(1, '{"b":2}')
    check(events)
    writer = DIALECT.answer_writer(ASKED)
    data = b"".join(writer.write([event]) for event in events)
    first, second, text = blocks(data)
    assert (first["id"], first["json"]) == ("a", '{"a":1}')
    assert (second["id"], second["json"]) == ("b", '{"b":2}')
    assert text["text"] == "meanwhile!"
    assert DIALECT.answer_writer(ASKED).write(events).count(b"content_block_start\n") == 3


def test_signature_comes_before_the_stop() -> None:
    data = written([Thinking("hm", SEALED), Text("x")])
    kinds = [d["delta"]["type"] for d in documents(data) if d["type"] == "content_block_delta"]
    assert kinds == ["thinking_delta", "signature_delta", "text_delta"]
    assert blocks(data)[0] == {"type": "thinking", "thinking": "hm", "signature": "EqQB"}


def test_hidden_thinking_keeps_its_signature_only() -> None:
    shown = blocks(written([Thinking("hm", SEALED), Text("x")], shows_thinking=False))
    assert shown[0] == {"type": "thinking", "thinking": "", "signature": "EqQB"}
    unsigned = blocks(written([Thinking("hm"), Text("x")], shows_thinking=False))
    assert [block["type"] for block in unsigned] == ["text"]
    answer = Answer(choices=[Choice([Thinking("hm"), Text("x")], ev.Finish("stop"))])
    whole = loads(DIALECT.write_answer(answer, Asked("m", shows_thinking=False)))
    assert [block["type"] for block in whole["content"]] == ["text"]


def test_a_foreign_signature_of_a_call_is_carried_and_read_back() -> None:
    parts: list[Part] = [ToolCall("c1", "f", "{}", GEMINI), ToolCall("c2", "f", "{}")]
    whole = loads(DIALECT.write_answer(Answer(choices=[Choice(parts, ev.Finish("tool_calls"))]), ASKED))
    streamed = blocks(written(parts, ev.Finish("tool_calls")))
    assert [block["type"] for block in streamed] == ["thinking", "tool_use", "tool_use"]
    assert streamed[0]["signature"] == whole["content"][0]["signature"]
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": whole["content"]}],
    }
    assert DIALECT.read_request(body).turns[1].parts == parts


def test_late_signatures_of_calls_still_reach_them() -> None:
    events: list[ev.Event] = [ev.Start()]
    for index, name in enumerate(("c1", "c2", "c3")):
        events += [ev.PartStart(index, ToolCall(name, "f")), ev.ArgumentsDelta(index, "{}")]
        if name != "c2":
            events.append(ev.SignatureDelta(index, Signature("gemini", f"{name}:=")))
        events.append(ev.PartStop(index))
    events.append(ev.Finish("tool_calls"))
    check(events)
    writer = DIALECT.answer_writer(ASKED)
    found = blocks(b"".join(writer.write([event]) for event in events))
    assert [block["type"] for block in found] == ["tool_use", "thinking", "tool_use", "tool_use", "thinking"]
    for block in found:
        if block["type"] == "tool_use":
            block["input"] = loads(block.pop("json"))
    body = {"model": "m", "messages": [{"role": "assistant", "content": found}]}
    assert DIALECT.read_request(body).turns[0].parts == [
        ToolCall("c1", "f", "{}", Signature("gemini", "c1:=")),
        ToolCall("c2", "f", "{}"),
        ToolCall("c3", "f", "{}", Signature("gemini", "c3:=")),
    ]


def test_foreign_thinking_is_sealed_and_read_back() -> None:
    (block,) = blocks(written([Thinking("hm", GEMINI)]))
    assert block["signature"] == "dragoman+gemini:CiQB+/="
    body = {"model": "m", "messages": [{"role": "assistant", "content": [block]}]}
    assert DIALECT.read_request(body).turns[0].parts == [Thinking("hm", GEMINI)]


def test_freeform_media_refusal_and_opaque() -> None:
    found = blocks(
        written(
            [
                ToolCall("c", "patch", "*** Begin", freeform=True),
                Media("image", mime="image/png", data="AAAA"),
                Refusal("I can't."),
                Opaque("anthropic", SERVER_USE),
                Opaque("gemini", {"executableCode": {}}),
            ]
        )
    )
    assert [block["type"] for block in found] == ["tool_use", "text", "text", "server_tool_use"]
    assert loads(found[0]["json"]) == {"input": "*** Begin"}
    assert found[1]["text"] == "![image](data:image/png;base64,AAAA)"
    assert found[3]["input"] == {} and loads(found[3]["json"]) == {"query": "x"}


def test_a_call_without_arguments_gets_an_object() -> None:
    (block,) = blocks(written([ToolCall("c", "now")]))
    assert block["json"] == "{}" and block["input"] == {}


@pytest.mark.parametrize(
    "annotation",
    [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1},
        {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A"}},
    ],
)
def test_url_citations(annotation: dict[str, Any]) -> None:
    (block,) = blocks(written([Text("x", [annotation, {"type": "file_path"}])]))
    (citation,) = block["citations"]
    assert citation["type"] == "web_search_result_location" and citation["url"] == "https://a.example"


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_failure_is_the_last_word(before: int) -> None:
    events: list[ev.Event] = [ev.Start(), ev.PartStart(0, Text("")), ev.TextDelta(0, "Hel")][:before]
    writer = DIALECT.answer_writer(ASKED)
    writer.write(events)
    data = writer.write([ev.Failure(Fault(429, "slow down", code="rate_limit_exceeded"))])
    assert documents(data) == [
        {
            "type": "error",
            "error": {"type": "rate_limit_error", "message": "slow down"},
            "request_id": "req_7",
        }
    ]
    assert writer.write([ev.TextDelta(0, "lo"), ev.PartStop(0), ev.Finish("stop")]) == b""


def test_line_breakers_are_escaped() -> None:
    data = written([Text("a\u2028b\u2029c\u0085d")])
    assert len(data.decode().splitlines()) == data.count(b"\n")
    assert blocks(data)[0]["text"] == "a\u2028b\u2029c\u0085d"


def test_only_the_first_choice_is_written() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, Text(""), 0),
        ev.PartStart(1, Text(""), 1),
        ev.TextDelta(0, "yes"),
        ev.TextDelta(1, "no"),
        ev.PartStop(0),
        ev.PartStop(1),
        ev.Finish("length", choice=1),
        ev.Finish("stop", choice=0),
    ]
    check(events)
    data = DIALECT.answer_writer(ASKED).write(events)
    assert documents(data)[-2]["delta"]["stop_reason"] == "end_turn"
    assert [block["text"] for block in blocks(data)] == ["yes"] and data.count(b"event: message_stop") == 1


def test_an_empty_answer_still_ends() -> None:
    kinds = [document["type"] for document in documents(written([], ev.Finish("refusal")))]
    assert kinds == ["message_start", "message_delta", "message_stop"]


def test_keepalive_is_a_ping() -> None:
    writer = DIALECT.answer_writer(ASKED)
    assert writer.keepalive == b'event: ping\ndata: {"type": "ping"}\n\n'
    assert writer.media_type == "text/event-stream"


CITED = {
    "type": "char_location",
    "cited_text": "x",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}
PARTS: list[Part] = [
    Thinking("hm", SEALED),
    Thinking("", redacted=Signature("anthropic", "Emw")),
    Text("Hello", [CITED]),
    Opaque("anthropic", SERVER_USE),
    ToolCall("toolu_1", "f", '{"a":1}', extras={"anthropic": {"caller": {"type": "direct"}}}),
    ToolCall("toolu_2", "f", '{"a":1}'),
]


def test_what_is_written_reads_as_the_same_answer() -> None:
    choice = Choice(PARTS, ev.Finish("tool_calls", "tool_use"))
    answer = Answer("msg_1", "my-model", None, [choice], Usage(3, 4, 5, 6, 7, 2))
    reader = DIALECT.answer_reader(None)
    streamed = fold([*reader.feed(DIALECT.answer_writer(ASKED).write(unfold(answer))), *reader.close()])
    whole = DIALECT.read_answer(loads(DIALECT.write_answer(answer, ASKED)), None)
    for read in (streamed, whole):
        assert read.usage is not None
        read.usage.raw = None
        assert read == answer
