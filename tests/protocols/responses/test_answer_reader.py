"""Streams as providers send them: any split, legal grammar, and the same answer as the whole document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon import grammar
from gateway.canon.fold import Broken, fold
from gateway.canon.parts import Media, Opaque, Signature, Text, Thinking, ToolCall
from gateway.protocols.names import NameMap
from gateway.protocols.responses import DIALECT
from gateway.protocols.responses.answer_reader import ResponsesReader

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"
STREAMS = sorted(path.stem for path in FIXTURES.glob("*.sse"))
PAIRS = sorted(path.stem for path in FIXTURES.glob("*.json"))


def stream(name: str) -> bytes:
    return (FIXTURES / f"{name}.sse").read_bytes()


def events_of(*chunks: bytes, names: NameMap | None = None) -> list[ev.Event]:
    reader = ResponsesReader(names)
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return events + reader.close()


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_is_legal(name: str) -> None:
    grammar.check(events_of(stream(name)))


@pytest.mark.parametrize("name", STREAMS)
def test_any_split_gives_the_same_events(name: str) -> None:
    data = stream(name)
    whole = events_of(data)
    assert events_of(*(data[i : i + 1] for i in range(len(data)))) == whole
    for cut in range(0, len(data), 7):
        assert events_of(data[:cut], data[cut:]) == whole


def test_every_split_position_of_a_stream_with_wide_characters() -> None:
    data = stream("text")
    whole = events_of(data)
    for cut in range(len(data)):
        assert events_of(data[:cut], data[cut:]) == whole


@pytest.mark.parametrize("name", PAIRS)
def test_folded_stream_is_the_whole_answer(name: str) -> None:
    document = json.loads((FIXTURES / f"{name}.json").read_text())
    assert fold(events_of(stream(name))) == DIALECT.read_answer(document, None)


def test_text_and_usage() -> None:
    answer = fold(events_of(stream("text")))
    assert answer.id.startswith("resp_") and answer.model == "gpt-5.6-sol" and answer.created == 1795257000
    own = {"responses": {"id": "msg_00aabbccddeeff00112233445566778899aabbccddeeff001122"}}
    assert answer.choices[0].parts == [Text("Dragoman spricht: “größer” 漢字 🙂\n", extras=own)]
    assert answer.choices[0].finish == ev.Finish("stop", "completed")
    usage = answer.usage
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning, usage.total) == (
        49,
        32,
        56,
        64,
        201,
    )


def test_summary_paragraphs_and_seal() -> None:
    parts = fold(events_of(stream("thinking-then-text"))).choices[0].parts
    assert isinstance(parts[0], Thinking)
    assert parts[0].text == "**Weighing** the sum\n\nSecond paragraph"
    assert parts[0].signature == Signature("openai", "gAAAAABpIEXAMPLEencrypted0123456789==")
    assert isinstance(parts[1], Text) and parts[1].extras["responses"]["phase"] == "final_answer"


def test_identical_parallel_calls_are_both_kept() -> None:
    answer = fold(events_of(stream("sealed-thinking-then-parallel-tools")))
    parts = answer.choices[0].parts
    assert isinstance(parts[0], Thinking) and parts[0].text == ""
    assert parts[1:] == [
        ToolCall("call_Zz1", "get_weather", '{"city":"Paris"}'),
        ToolCall("call_Zz2", "get_weather", '{"city":"Paris"}'),
    ]
    assert answer.choices[0].finish.reason == "tool_calls"


def test_interleaved_arguments() -> None:
    parts = fold(events_of(stream("parallel-tools-interleaved"))).choices[0].parts
    assert parts == [ToolCall("call_A", "read", '{"p":1}'), ToolCall("call_B", "write", '{"q":[2]}')]


def test_custom_tool_is_freeform() -> None:
    call = fold(events_of(stream("text-then-custom-tool"))).choices[0].parts[1]
    assert isinstance(call, ToolCall) and call.freeform and call.arguments.startswith("*** Begin Patch\n")


def test_namespaced_and_mapped_names() -> None:
    call = fold(events_of(stream("namespaced-call"))).choices[0].parts[0]
    assert isinstance(call, ToolCall) and call.name == "crm__find"
    names = NameMap(r"[^a-z]", 64)
    assert names.to_wire("p.i.n.g") == "p_i_n_g"
    wire = stream("call-without-arguments").replace(b'"name":"ping"', b'"name":"p_i_n_g"')
    call = fold(events_of(wire, names=names)).choices[0].parts[0]
    assert isinstance(call, ToolCall) and (call.name, call.arguments) == ("p.i.n.g", "{}")


def test_items_only_this_api_knows() -> None:
    parts = fold(events_of(stream("web-search-citation"))).choices[0].parts
    assert isinstance(parts[0], Opaque) and parts[0].raw["type"] == "web_search_call"
    assert isinstance(parts[1], Text) and parts[1].annotations[0]["url"].endswith("Dragoman")
    picture = fold(events_of(stream("image-generation"))).choices[0].parts[0]
    assert isinstance(picture, Media) and (picture.mime, picture.data) == ("image/png", "aGVsbG8=")
    shell = fold(events_of(stream("local-shell-call"))).choices[0].parts[0]
    assert isinstance(shell, ToolCall) and shell.name == "local_shell"
    assert json.loads(shell.arguments)["command"] == ["bash", "-lc", "ls"]


@pytest.mark.parametrize(
    ("name", "reason", "raw"),
    [
        ("incomplete-length", "length", "max_output_tokens"),
        ("incomplete-content-filter-empty", "content_filter", "content_filter"),
        ("refusal", "refusal", "completed"),
        ("local-shell-call", "tool_calls", "completed"),
    ],
)
def test_finish_reasons(name: str, reason: str, raw: str) -> None:
    finish = fold(events_of(stream(name))).choices[0].finish
    assert (finish.reason, finish.raw) == (reason, raw)


def test_unknown_incomplete_reason() -> None:
    data = stream("incomplete-length").replace(b'max_output_tokens"}', b'steered"}')
    assert fold(events_of(data)).choices[0].finish == ev.Finish("other", "steered")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("failed-rate-limit", 429, "rate_limit_exceeded"),
        ("error-event", 500, "server_error"),
        ("cut-in-arguments", 502, "upstream_error"),
        ("malformed-event-then-cut", 502, "upstream_error"),
    ],
)
def test_failures(name: str, status: int, code: str) -> None:
    with pytest.raises(Broken) as broken:
        fold(events_of(stream(name)))
    fault = broken.value.fault
    assert (fault.status, fault.code, fault.from_upstream) == (status, code, True)


def test_error_objects_in_a_stream() -> None:
    for data in (
        b'data: {"error":{"message":"slow down","type":"rate_limit_error","code":429}}\n\n',
        b'data: {"type":"error","error":{"message":"slow down","code":"rate_limit_exceeded"}}\n\n',
    ):
        events = events_of(data)
        assert isinstance(events[-1], ev.Failure) and events[-1].fault.status == 429


def test_the_word_error_in_a_text_is_no_error() -> None:
    data = stream("text").replace(b'"delta":"Dra"', b'"delta":"\\"error\\": {\\"code\\": 500} "')
    assert fold(events_of(data)).choices[0].finish.reason == "stop"


def test_malformed_event_is_counted_and_survived() -> None:
    reader = ResponsesReader()
    events = reader.feed(stream("malformed-event-then-completed"))
    assert reader.skipped == 1 and reader.ending
    assert isinstance(events[-1], ev.Finish) and reader.close() == []


def test_nothing_at_all_is_a_failure() -> None:
    events = events_of(b"")
    assert len(events) == 1 and isinstance(events[0], ev.Failure)
    grammar.check(events)


def test_open_models_reasoning_text() -> None:
    answer = fold(events_of(stream("open-reasoning-crlf-unnamed")))
    assert isinstance(answer.choices[0].parts[0], Thinking) and answer.choices[0].parts[0].text == "Hm, two."
    assert answer.usage is not None and (answer.usage.input, answer.usage.output_total) == (5, 9)


def test_missing_call_id_is_made_up() -> None:
    item = {"type": "function_call", "name": "go", "arguments": ""}
    document = {"status": "completed", "output": [item, item]}
    data = b"data: " + json.dumps({"type": "response.completed", "response": document}).encode() + b"\n\n"
    calls = [part for part in fold(events_of(data)).choices[0].parts if isinstance(part, ToolCall)]
    assert len({call.id for call in calls}) == 2
    assert all(call.id.startswith("call_") and len(call.id) == 29 and call.arguments == "{}" for call in calls)


def test_tapped_stream_still_ends() -> None:
    """After the content only events with a marker are read."""
    for name in PAIRS:
        blocks = [block + b"\n\n" for block in stream(name).replace(b"\r\n", b"\n").split(b"\n\n") if block]
        seen = [
            block
            for number, block in enumerate(blocks)
            if number < 5 or any(marker in block for marker in DIALECT.markers)
        ]
        events = events_of(*seen)
        grammar.check(events)
        assert isinstance(events[-1], ev.Finish)


def stream_of(*documents: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def test_one_call_id_for_two_calls() -> None:
    item = {"type": "function_call", "call_id": "same", "name": "go", "arguments": "{}"}
    data = stream_of({"type": "response.completed", "response": {"status": "completed", "output": [item, item]}})
    calls = [part for part in fold(events_of(data)).choices[0].parts if isinstance(part, ToolCall)]
    assert len(calls) == 2 and calls[0].id == "same" and calls[1].id.startswith("call_")


def test_final_response_that_counts_otherwise() -> None:
    """The streamed reasoning is missing in the final output, and the items have other ids there."""
    call = {"type": "function_call", "call_id": "c", "name": "go", "arguments": "{}"}
    data = stream_of(
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "r"}},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "r", "delta": "hm"},
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {**call, "id": "f1", "arguments": ""},
        },
        {"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "f1", "delta": "{}"},
        {"type": "response.output_item.done", "output_index": 1, "item": {**call, "id": "f1"}},
        {"type": "response.completed", "response": {"status": "completed", "output": [{**call, "id": "f2"}]}},
    )
    events = events_of(data)
    grammar.check(events)
    assert fold(events).choices[0].parts == [Thinking("hm"), ToolCall("c", "go", "{}")]


def test_completed_with_an_error_in_it_failed() -> None:
    error = {"code": "server_error", "message": "m"}
    data = stream_of({"type": "response.completed", "response": {"status": "completed", "output": [], "error": error}})
    with pytest.raises(Broken) as broken:
        fold(events_of(data))
    assert broken.value.fault.status == 500


def test_an_event_without_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.protocols.sse.MAX_EVENT", 100)
    events = events_of(b"data: ", b"x" * 200)
    assert [type(event) for event in events] == [ev.Failure]
