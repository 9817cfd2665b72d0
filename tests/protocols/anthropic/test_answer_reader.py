"""Every fixture of a provider's stream, at every split."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.canon import events as ev
from gateway.canon.fold import Broken, fold
from gateway.canon.grammar import Grammar
from gateway.canon.parts import Opaque, Refusal, Signature, Text, Thinking, ToolCall
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.names import NameMap
from gateway.protocols.tap import Tap
from gateway.protocols.wire_json import dumps, loads

FIXTURES = Path(__file__).parents[2] / "fixtures" / "anthropic"
STREAMS = sorted(path.name.removesuffix(".sse.txt") for path in FIXTURES.glob("*.sse.txt"))
PAIRS = sorted(path.name.removesuffix(".json.txt") for path in FIXTURES.glob("*.json.txt"))
BROKEN = {
    "cut-in-text": 502,
    "cut-in-arguments": 502,
    "overloaded-first": 529,
    "rate-limit-after-text": 429,
}
NEW_IDS = "tool-ids-missing-and-doubled"


def stream(name: str) -> bytes:
    return (FIXTURES / f"{name}.sse.txt").read_bytes()


def read(*pieces: bytes, names: NameMap | None = None) -> list[ev.Event]:
    reader = DIALECT.answer_reader(names)
    events: list[ev.Event] = []
    grammar = Grammar()
    for piece in pieces:
        events += reader.feed(piece)
    events += reader.close()
    grammar.feed(events)
    grammar.close()
    assert reader.close() == [] and reader.feed(b"data: {}\n\n") == []
    return events


def parts_of(name: str) -> list[object]:
    return list(fold(read(stream(name))).choices[0].parts)


def test_there_are_fixtures() -> None:
    assert len(STREAMS) > 25 and len(PAIRS) > 12 and BROKEN.keys() < set(STREAMS)


@pytest.mark.parametrize("name", STREAMS)
def test_any_split_gives_the_same_events(name: str) -> None:
    data = stream(name)
    whole = read(data)
    if name == NEW_IDS:
        assert len(read(*(data[i : i + 1] for i in range(len(data))))) == len(whole)
        return
    assert read(*(data[i : i + 1] for i in range(len(data)))) == whole
    for at in range(1, len(data)):
        assert read(data[:at], data[at:]) == whole, at
    assert read(data.replace(b"\n", b"\r\n")) == whole
    assert read(b"\xef\xbb\xbf: hello\n\n" + data.replace(b"data: ", b"data:")) == whole


@pytest.mark.parametrize("name", STREAMS)
def test_ends_in_a_finish_or_a_failure(name: str) -> None:
    last = read(stream(name))[-1]
    if name in BROKEN:
        assert isinstance(last, ev.Failure) and last.fault.status == BROKEN[name]
        assert last.fault.from_upstream
    else:
        assert isinstance(last, ev.Finish)


@pytest.mark.parametrize("name", PAIRS)
def test_fold_of_the_stream_is_the_whole_answer(name: str) -> None:
    streamed = fold(read(stream(name)))
    whole = DIALECT.read_answer(loads((FIXTURES / f"{name}.json.txt").read_bytes()), None)
    assert streamed.usage is not None and whole.usage is not None
    streamed.usage.raw = whole.usage.raw = None
    for part in streamed.choices[0].parts:
        if isinstance(part, ToolCall):
            part.arguments = dumps(loads(part.arguments)).decode()
    assert streamed == whole


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text", "stop"),
        ("stop-sequence", "stop"),
        ("max-tokens", "length"),
        ("context-window", "length"),
        ("tool-use", "tool_calls"),
        ("pause-turn", "pause"),
        ("refusal", "refusal"),
        ("reason-unknown", "other"),
        ("no-stop-reason", "stop"),
        ("no-message-stop", "stop"),
    ],
)
def test_finish_reasons(name: str, reason: str) -> None:
    finish = fold(read(stream(name))).choices[0].finish
    assert finish.reason == reason
    assert finish.stop_sequence == ("three" if name == "stop-sequence" else None)


def test_thinking_and_its_signature() -> None:
    thinking, text = parts_of("thinking-then-text")
    assert thinking == Thinking("Let me think.", Signature("anthropic", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"))
    assert text == Text("27 * 453 = 12,231")
    assert parts_of("redacted-thinking")[0] == Thinking(
        "", redacted=Signature("anthropic", "EmwKAhgBEgy3va3pzix/LafPsn4a")
    )


def test_usage_is_merged_and_never_summed() -> None:
    usage = fold(read(stream("cached-usage"))).usage
    assert usage is not None
    assert (usage.input, usage.cache_write, usage.cache_write_1h, usage.cache_read) == (4, 2048, 2000, 18000)
    assert (usage.output, usage.reasoning) == (3, 0)
    thought = fold(read(stream("thinking-then-text"))).usage
    assert thought is not None and (thought.output, thought.reasoning) == (20, 70)


def test_identical_parallel_calls_are_both_kept() -> None:
    first, second = parts_of("parallel-tools")
    assert isinstance(first, ToolCall) and isinstance(second, ToolCall)
    assert first.arguments == second.arguments == '{"city":"Paris"}' and first.id != second.id


def test_interleaved_calls() -> None:
    assert parts_of("parallel-tools-interleaved") == [
        ToolCall("toolu_A", "f", '{"a":1}'),
        ToolCall("toolu_B", "g", '{"b":2}'),
    ]


def test_arguments_are_always_json() -> None:
    assert parts_of("tool-without-arguments") == [ToolCall("toolu_A", "now", "{}")]
    assert parts_of("tool-input-in-start") == [ToolCall("toolu_A", "f", '{"x":[1,2]}')]
    assert parts_of("type-drift")[1] == ToolCall("t1", "f", '{"a":1}')


def test_ids_are_unique() -> None:
    calls = [part for part in parts_of(NEW_IDS) if isinstance(part, ToolCall)]
    assert len({call.id for call in calls}) == 3 and all(call.arguments == "{}" for call in calls)
    assert calls[0].id.startswith("call_") and len(calls[0].id) == 29


def test_names_are_mapped_back() -> None:
    names = NameMap(r"[^a-z_]", 128)
    wire = names.to_wire("get.weather")
    assert wire == "get_weather"
    call = fold(read(stream("tool-use"), names=names)).choices[0].parts[1]
    assert isinstance(call, ToolCall) and call.name == "get.weather"


def test_server_tools_are_opaque_and_citations_are_annotations() -> None:
    _, use, result, text = parts_of("web-search")
    assert isinstance(use, Opaque) and use.raw["input"] == {"query": "weather NYC"}
    assert isinstance(result, Opaque) and result.raw["content"][0]["encrypted_content"] == "Ev0DCioIAxgC"
    assert isinstance(text, Text)
    (annotation,) = text.annotations
    assert annotation["type"] == "url_citation" and annotation["url"] == "https://weather.example/nyc"
    assert annotation["end_index"] == len("It is mild today.")


def test_deltas_of_unknown_blocks_grow_them() -> None:
    assert parts_of("compaction")[0] == Opaque("anthropic", {"type": "compaction", "content": "Summary: all well."})


def test_a_refusal_explains_itself() -> None:
    assert parts_of("refusal") == [Refusal("This request could enable harm.")]


def test_a_malformed_event_is_skipped_and_counted() -> None:
    reader = DIALECT.answer_reader(None)
    events = reader.feed(stream("malformed-event"))
    assert reader.skipped == 1 and fold(events).choices[0].parts == [Text("Hello")]


def test_type_drift() -> None:
    answer = fold(read(stream("type-drift")))
    assert answer.choices[0].parts[0] == Text("Hi")
    assert answer.usage is not None and (answer.usage.input, answer.usage.output) == (25, 7)


def test_words_are_no_errors() -> None:
    (text,) = parts_of("words-that-look-like-errors")
    assert isinstance(text, Text) and text.text.startswith('the "error"')


def test_nothing_after_an_error() -> None:
    events = read(stream("rate-limit-after-text"))
    assert [type(event) for event in events[-2:]] == [ev.TextDelta, ev.Failure]
    with pytest.raises(Broken):
        fold(events)


def test_ending_is_seen_before_the_end() -> None:
    data = stream("text")
    reader = DIALECT.answer_reader(None)
    head = data[: data.index(b"event: message_stop")]
    events = reader.feed(head)
    assert reader.ending and not any(isinstance(event, ev.Finish) for event in events)
    assert isinstance(reader.close()[-1], ev.Finish)


@pytest.mark.parametrize("name", ["cut-in-text", "cut-in-arguments"])
def test_a_proper_end_of_an_open_block_is_a_cut(name: str) -> None:
    """A relay that lost its provider says message_stop; no stop reason came, and a call's arguments are half."""
    data = stream(name).rpartition(b"\n\n")[0] + b"\n\n" + DIALECT.end
    events = read(data)
    assert isinstance(events[-1], ev.Failure) and not any(isinstance(event, ev.Finish) for event in events)
    tap = Tap(DIALECT)
    first, _ = tap.feed(data[: data.index(b"content_block_delta") - 7])
    tap.committed = True
    assert isinstance(tap.feed(data[len(first) :])[1][-1], ev.Failure)


def test_a_forgotten_stop_reason_is_forgiven_by_the_tap_too() -> None:
    data = stream("no-stop-reason")
    tap = Tap(DIALECT)
    first, _ = tap.feed(data[: data.index(b"event: content_block_delta")])
    tap.committed = True
    assert isinstance(tap.feed(data[len(first) :])[1][-1], ev.Finish)


def test_an_empty_stream_fails() -> None:
    for data in (b"", b": only a comment\n\n", b'event: ping\ndata: {"type":"ping"}\n\n', b"<html>no</html>"):
        (failure,) = read(data)
        assert isinstance(failure, ev.Failure) and failure.fault.code == "upstream_error"


@pytest.mark.parametrize("name", STREAMS)
def test_a_tap_passes_bytes_and_sees_the_end(name: str) -> None:
    data = stream(name)
    tap = Tap(DIALECT)
    out, events = b"", []
    for line in data.splitlines(keepends=True):
        passed, seen = tap.feed(line)
        if tap.garbled:
            passed, seen = tap.tolerate()
        out += passed
        events += seen
        tap.committed = tap.committed or any(isinstance(event, ev.TextDelta) for event in seen)
    rest, seen = tap.close()
    events += seen
    if name == "malformed-event":
        assert len(out + rest) < len(data) and (out + rest).count(b"event: ") == data.count(b"event: ") - 1
    elif name == "no-message-stop":
        assert out + rest == data + DIALECT.end
    else:
        assert out + rest == data or name.startswith("cut-")
    assert isinstance(events[-1], ev.Failure if name in BROKEN else ev.Finish)
    expected = [event for event in read(data) if isinstance(event, ev.UsageUpdate)][-1:]
    assert [event for event in events if isinstance(event, ev.UsageUpdate)][-1:] == expected
