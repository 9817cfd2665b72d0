"""Every fixture, whole, split in two at every position and byte by byte; and what each of them says."""

from pathlib import Path

import pytest

from gateway.canon import events as ev
from gateway.canon.fold import fold
from gateway.canon.grammar import check
from gateway.canon.parts import Media, Refusal, Text, Thinking, ToolCall
from gateway.protocols.chat import DIALECT
from gateway.protocols.chat.answer_reader import ChatReader
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import loads

FIXTURES = Path(__file__).parents[2] / "fixtures" / "chat"
STREAMS = sorted(FIXTURES.glob("*.sse.txt"))
PAIRS = [path for path in STREAMS if (FIXTURES / path.name.replace(".sse.", ".whole.")).exists()]


def stream(name: str) -> bytes:
    return (FIXTURES / f"{name}.sse.txt").read_bytes()


def read(data: bytes, *, size: int = 0) -> list[ev.Event]:
    reader = ChatReader()
    events: list[ev.Event] = []
    for start in range(0, len(data), size or len(data)):
        events += reader.feed(data[start : start + (size or len(data))])
    return events + reader.close()


def said(name: str) -> list[object]:
    return [part for choice in fold(read(stream(name))).choices for part in choice.parts]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.name)
def test_any_split_gives_the_same_events(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.protocols.chat.answer_calls.token_hex", lambda size: "0" * 2 * size)
    data = path.read_bytes()
    expected = read(data)
    check(expected)
    assert read(data, size=1) == expected
    for cut in range(1, len(data)):
        reader = ChatReader()
        assert reader.feed(data[:cut]) + reader.feed(data[cut:]) + reader.close() == expected, cut


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.name)
def test_a_folded_stream_is_the_whole_answer(path: Path) -> None:
    whole = loads((FIXTURES / path.name.replace(".sse.", ".whole.")).read_bytes())
    expected = DIALECT.read_answer(whole, None)
    folded = fold(read(path.read_bytes()))
    for answer in (expected, folded):
        for choice in answer.choices:
            choice.finish.raw = None
    assert folded == expected


def test_pairs_are_there() -> None:
    assert len(PAIRS) >= 14


def test_text_and_usage() -> None:
    events = read(stream("text"))
    assert events[0] == ev.Start("chatcmpl-9aB", "gpt-4o-mini-2024-07-18", 1762355135)
    answer = fold(events)
    assert answer.choices[0].parts == [Text("Grüße, 世界 \u2028 🌍")]
    assert answer.usage is not None
    usage = answer.usage
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning) == (11, 8, 6, 4)
    assert isinstance(events[-1], ev.Finish) and isinstance(events[-2], ev.UsageUpdate)


def test_crlf_and_event_names_change_nothing() -> None:
    assert read(stream("crlf-and-event-names")) == read(stream("text"))


@pytest.mark.parametrize("name", ["finish-without-done", "finish-without-blank-line"])
def test_a_missing_end_mark_is_no_fault(name: str) -> None:
    reader = ChatReader()
    seen = reader.feed(stream(name))
    assert reader.ending
    assert not any(isinstance(event, ev.Finish) for event in seen)
    answer = fold(seen + reader.close())
    assert answer.choices[0].finish.reason == "stop"
    assert answer.usage is not None


def test_ending_is_told_at_the_finish_and_the_parts_are_closed() -> None:
    reader = ChatReader()
    blocks = stream("text").split(b"\n\n")
    reader.feed(b"\n\n".join(blocks[:3]) + b"\n\n")
    assert not reader.ending
    assert reader.feed(blocks[3] + b"\n\n") == [ev.PartStop(0)]
    assert reader.ending


def test_interleaved_calls() -> None:
    assert said("parallel-tools-interleaved") == [
        ToolCall("call_a", "get_weather", '{"city":"Oslo"}'),
        ToolCall("call_b", "get_weather", '{"city":"Rome"}'),
    ]


def test_identical_parallel_calls_are_both_kept_and_stop_is_tool_calls() -> None:
    events = read(stream("parallel-tools-identical"))
    assert len([event for event in events if isinstance(event, ev.PartStart)]) == 2
    finish = events[-1]
    assert isinstance(finish, ev.Finish) and (finish.reason, finish.raw) == ("tool_calls", "stop")


def test_text_ends_where_a_call_begins() -> None:
    assert said("text-then-tool") == [Text("Let me look."), ToolCall("call_a", "search", "{}")]


def test_thinking_apart_from_text() -> None:
    thinking, text = said("thinking-then-text")
    assert isinstance(thinking, Thinking) and thinking.text == "Hmm, so."
    assert text == Text("Yes.")


def test_the_same_reasoning_said_twice_is_read_once() -> None:
    thinking, text = said("reasoning-and-details")
    assert isinstance(thinking, Thinking) and thinking.text == "First. Then."
    assert text == Text("Done.")


def test_thinking_in_a_content_list() -> None:
    thinking, text = said("thinking-as-content-list")
    assert isinstance(thinking, Thinking) and thinking.text == "Let me see."
    assert text == Text("It is four.")


def test_order_is_kept_when_thinking_comes_between() -> None:
    assert [type(part) for part in said("thinking-after-text")] == [Text, Thinking, Text]


def test_calls_without_index_and_their_signature() -> None:
    first, second = said("signed-tools-without-index")
    assert isinstance(first, ToolCall) and isinstance(second, ToolCall)
    assert first.signature is not None
    assert (first.signature.author, first.signature.value) == ("gemini", "c2lnbmF0dXJl+/==")
    assert second.signature is None
    assert (first.arguments, second.arguments) == ('{"city":"Oslo"}', '{"city":"Rome"}')


def test_calls_that_all_have_index_zero() -> None:
    assert said("tools-all-index-zero") == [
        ToolCall("call_a", "f", '{"a":1}'),
        ToolCall("call_b", "g", '{"b":2}'),
    ]


def test_arguments_as_an_object_and_none_at_all() -> None:
    assert said("arguments-as-object") == [
        ToolCall("call_a", "f", '{"a":[1,2]}'),
        ToolCall("call_b", "g", "{}"),
    ]


def test_custom_tool() -> None:
    (call,) = said("custom-tool")
    assert isinstance(call, ToolCall) and call.freeform
    assert (call.name, call.arguments) == ("patch", "*** Begin Patch")


def test_legacy_function_call() -> None:
    events = read(stream("legacy-function-call"))
    (call,) = fold(events).choices[0].parts
    assert isinstance(call, ToolCall)
    assert call.id.startswith("call_") and (call.name, call.arguments) == ("f", '{"a":1}')
    assert events[-1] == ev.Finish("tool_calls", "function_call")


def test_refusal() -> None:
    assert said("refusal") == [Refusal("I cannot help.")]
    assert fold(read(stream("refusal"))).choices[0].finish.reason == "refusal"


@pytest.mark.parametrize("name", ["content-filter", "length"])
def test_other_endings(name: str) -> None:
    assert fold(read(stream(name))).choices[0].finish.reason == name.replace("-", "_")


def test_the_first_finish_counts() -> None:
    finishes = [event for event in read(stream("repeated-finish")) if isinstance(event, ev.Finish)]
    assert finishes == [ev.Finish("length", "length")]


def test_two_choices_with_logprobs() -> None:
    answer = fold(read(stream("two-choices-logprobs")))
    first, second = answer.choices
    (text,) = first.parts
    assert isinstance(text, Text) and text.text == "Aa"
    assert [item["token"] for item in text.logprobs or ()] == ["A", "a"]
    assert second.parts == [Text("Bb")]
    assert (first.finish.reason, second.finish.reason) == ("stop", "length")


def test_annotations_are_flat() -> None:
    (text,) = said("annotations")
    assert isinstance(text, Text)
    assert text.annotations == [
        {
            "type": "url_citation",
            "start_index": 0,
            "end_index": 9,
            "title": "Docs",
            "url": "https://example.com/d",
        }
    ]


def test_audio_is_one_part() -> None:
    (audio,) = said("audio")
    assert isinstance(audio, Media) and audio.data == "AAAABBBB"
    assert audio.extras["chat"]["audio"]["transcript"] == "Hello"


def test_images() -> None:
    text, image = said("images")
    assert text == Text("Here:")
    assert isinstance(image, Media) and (image.mime, image.data) == ("image/png", "iVBORw0KGgo=")


def test_type_drift_is_tolerated() -> None:
    answer = fold(read(stream("type-drift")))
    assert (answer.id, answer.model, answer.created) == ("", "", None)
    assert answer.choices[0].parts == [Text("Hello")]
    assert answer.usage is not None and (answer.usage.input, answer.usage.output) == (12, 3)


def test_a_malformed_event_is_skipped_and_counted() -> None:
    reader = ChatReader()
    answer = fold(reader.feed(stream("malformed-event-then-whole")) + reader.close())
    assert answer.choices[0].parts == [Text("one two")]
    assert reader.skipped == 1


def test_usage_in_every_chunk_is_never_summed() -> None:
    usage = fold(read(stream("usage-in-every-chunk"))).usage
    assert usage is not None and (usage.input, usage.output) == (9, 2)


@pytest.mark.parametrize(
    "name", ["cut-in-text", "cut-in-arguments", "cut-in-character", "done-without-finish", "only-usage"]
)
def test_a_cut_stream_is_a_failure(name: str) -> None:
    events = read(stream(name))
    assert isinstance(events[-1], ev.Failure)
    assert (events[-1].fault.status, events[-1].fault.code) == (502, "upstream_error")
    assert not any(isinstance(event, ev.Finish) for event in events)


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("error-first", 429, "Rate limit reached for gpt-4o"),
        ("error-after-text", 500, "The server had an error"),
        ("error-in-finish", 502, "Provider disconnected"),
        ("error-object-older-server", 500, "CUDA out of memory"),
    ],
)
def test_error_events(name: str, status: int, message: str) -> None:
    failure = read(stream(name))[-1]
    assert isinstance(failure, ev.Failure)
    assert (failure.fault.status, failure.fault.message) == (status, message)
    assert failure.fault.from_upstream


def test_nothing_follows_a_failure() -> None:
    reader = ChatReader()
    events = reader.feed(stream("error-first") + stream("text"))
    assert len(events) == 1 and reader.feed(stream("text")) == [] and reader.close() == []


def test_the_word_error_in_a_text_is_no_error() -> None:
    delta = b'{"content":"{\\"error\\": {\\"code\\": 500}}"}'
    data = b'data: {"choices":[{"delta":' + delta + b',"finish_reason":"stop"}],"error":null}\n\n'
    assert fold(read(data)).choices[0].parts == [Text('{"error": {"code": 500}}')]


@pytest.mark.parametrize("word", ["abort", "network_error", "insufficient_system_resource"])
def test_words_of_failure(word: str) -> None:
    data = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"%s"}]}\n\ndata: [DONE]\n\n' % word.encode()
    failure = read(data)[-1]
    assert isinstance(failure, ev.Failure) and failure.fault.raw_type == word


def test_the_matched_stop_sequence() -> None:
    data = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop","stop_reason":"END"}]}\n\n'
    assert read(data)[-1] == ev.Finish("stop", "stop", "END")


def test_tool_names_are_mapped_back() -> None:
    names = NameMap(r"[^a-z_]", 64)
    wire = names.to_wire("get.weather")
    reader = ChatReader(names)
    events = reader.feed(stream("parallel-tools-identical").replace(b"roll", wire.encode()))
    opened = [event.part for event in events if isinstance(event, ev.PartStart)]
    assert all(isinstance(part, ToolCall) and part.name == "get.weather" for part in opened)


def test_ten_thousand_events_in_one_packet() -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
    data = chunk * 10_000 + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    assert fold(read(data)).choices[0].parts == [Text("x" * 10_000)]
