"""Every fixture at every split; what it folds to; how broken streams end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.canon import events as ev
from gateway.canon import grammar
from gateway.canon.fold import fold
from gateway.canon.parts import Media, Signature, Text, Thinking, ToolCall
from gateway.protocols.gemini import DIALECT
from gateway.protocols.gemini.shown_code import own_part
from gateway.protocols.names import NameMap
from gateway.protocols.tap import Tap

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gemini"
STREAMS = sorted(path.stem for path in FIXTURES.glob("*.sse"))
WHOLES = sorted(path.stem for path in FIXTURES.glob("*.json"))


def read(pieces, names=None):
    reader = DIALECT.answer_reader(names)
    events = [event for piece in pieces for event in reader.feed(piece)]
    ending = reader.ending
    events += reader.close()
    grammar.check(events)
    return events, ending, reader


def wire(name):
    return (FIXTURES / f"{name}.sse").read_bytes()


def answered(name):
    return fold(read([wire(name)])[0])


def comparable(events):
    """Made-up call ids are random: numbered by appearance."""
    ids = {}
    out = []
    for event in events:
        if isinstance(event, ev.PartStart) and isinstance(event.part, ToolCall) and event.part.id.startswith("call_"):
            number = ids.setdefault(event.part.id, f"call_{len(ids)}")
            event = replace(event, part=replace(event.part, id=number))
        out.append(event)
    return out


def same_ids(answer):
    number = 0
    for choice in answer.choices:
        for part in choice.parts:
            if isinstance(part, ToolCall) and part.id.startswith("call_"):
                part.id, number = f"call_{number}", number + 1
    return answer


@pytest.mark.parametrize("name", STREAMS)
def test_any_split_gives_the_same_events(name):
    data = wire(name)
    expected = comparable(read([data])[0])
    assert comparable(read([data[i : i + 1] for i in range(len(data))])[0]) == expected
    for place in range(1, len(data)):
        assert comparable(read([data[:place], data[place:]])[0]) == expected
    assert comparable(read([data.replace(b"\r\n", b"\n")])[0]) == expected


@pytest.mark.parametrize("name", WHOLES)
def test_a_stream_folds_to_the_whole_answer(name):
    streamed = same_ids(answered(name))
    whole = same_ids(DIALECT.read_answer(json.loads((FIXTURES / f"{name}.json").read_bytes()), None))
    assert streamed == whole


def test_thinking_and_a_signature_on_text():
    answer = answered("thinking-then-text")
    thinking, text, seal = answer.choices[0].parts
    assert isinstance(thinking, Thinking) and thinking.text == "**Considering**\nHmm." and thinking.signature is None
    assert isinstance(text, Text) and text.text == "The answer is 42."
    assert seal.signature == Signature("gemini", "CpQBAR/+ab==") and seal.text == ""
    assert (answer.usage.input, answer.usage.output, answer.usage.reasoning) == (5, 1213, 158)
    assert answer.usage.total == 1376


def test_identical_parallel_calls_are_both_kept():
    choice = answered("parallel-tools").choices[0]
    calls = choice.parts
    assert [call.name for call in calls] == ["get_weather", "get_weather", "get_time"]
    assert [call.arguments for call in calls] == ['{"city":"Paris"}', '{"city":"Paris"}', "{}"]
    assert len({call.id for call in calls}) == 3 and calls[2].id == "fc-3"
    assert calls[0].signature == Signature("gemini", "CiQBsig+/w==") and calls[1].signature is None
    assert (choice.finish.reason, choice.finish.raw) == ("tool_calls", "STOP")


def test_names_are_mapped_back():
    names = NameMap(r"[^a-z_]", 64)
    wire_name = names.to_wire("get.weather")
    data = wire("parallel-tools").replace(b'"get_weather"', json.dumps(wire_name).encode())
    parts = fold(read([data], names)[0]).choices[0].parts
    assert [part.name for part in parts] == ["get.weather", "get.weather", "get_time"]


def test_grounding_becomes_citations_in_characters():
    answer = answered("grounded")
    [text] = answer.choices[0].parts
    assert text.annotations == [
        {
            "type": "url_citation",
            "url": "https://example.org/paris",
            "title": "Paris",
            "start_index": 5,
            "end_index": 12,
        }
    ]
    assert text.text[5:12] == "é Paris"
    assert text.extras["gemini"]["groundingMetadata"]["webSearchQueries"] == ["capital of France"]
    assert answer.usage.input == 30


def test_other_parts():
    code = answered("code-execution").choices[0].parts
    assert [type(part) for part in code] == [Text, Text, Text, Text]
    assert own_part(code[1]) == {"executableCode": {"language": "PYTHON", "code": "print(2**10)"}}
    picture = answered("picture").choices[0].parts[1]
    assert isinstance(picture, Media) and (picture.kind, picture.mime, picture.data) == (
        "image",
        "image/png",
        "iVBORw0KGgo=",
    )
    [call] = answered("streamed-arguments").choices[0].parts
    assert json.loads(call.arguments) == {"to": {"city": "New York"}, "nights": [3]}
    assert call.signature == Signature("gemini", "U0lH")


def test_finish_reasons():
    first, second = answered("two-candidates").choices
    assert (first.finish.reason, second.finish.reason) == ("length", "stop")
    blocked = answered("prompt-blocked")
    assert blocked.choices[0].parts == [] and blocked.choices[0].finish.reason == "content_filter"
    assert blocked.choices[0].finish.raw == "PROHIBITED_CONTENT" and blocked.usage.input == 11
    assert answered("safety").choices[0].finish == ev.Finish("content_filter", "SAFETY")


def test_finish_is_held_for_later_usage():
    reader = DIALECT.answer_reader(None)
    first, second = wire("usage-after-finish").split(b"\r\n\r\n")[:2]
    events = reader.feed(first + b"\r\n\r\n")
    assert reader.ending and not any(isinstance(event, ev.Finish) for event in events)
    reader.feed(second + b"\r\n\r\n")
    assert isinstance(reader.close()[-1], ev.Finish)
    answer = answered("usage-after-finish")
    assert (answer.usage.input, answer.usage.cache_read, answer.usage.output) == (1, 3, 1)
    assert reader.close() == [] and reader.feed(first) == []


@pytest.mark.parametrize("name", ["cut-in-text", "cut-in-event"])
def test_a_cut_is_a_failure(name):
    events, ending, _ = read([wire(name)])
    assert not ending and isinstance(events[-1], ev.Failure)
    assert (events[-1].fault.status, events[-1].fault.code) == (502, "upstream_error")
    assert not any(isinstance(event, ev.Finish) for event in events)


def test_an_empty_stream_is_a_failure():
    assert [type(event) for event in read([])[0]] == [ev.Failure]


def test_errors_in_the_stream_keep_their_status():
    fault = read([wire("error-after-text")])[0][-1].fault
    assert (fault.status, fault.code, fault.retry_after) == (429, "rate_limit_exceeded", 12.5)
    fault = read([wire("plain-error-after-text")])[0][-1].fault
    assert (fault.status, fault.raw_type) == (503, "UNAVAILABLE")
    first = b'data: {"error": "quota gone"}\n\n'
    assert read([first])[0][-1].fault.message == "quota gone"


def test_the_word_error_in_text_is_no_error():
    data = b'data: {"error":null,"candidates":[{"content":{"parts":[{"text":"{\\"error\\": 1}"}]},'
    data += b'"finishReason":"STOP"}]}\n\n'
    assert fold(read([data])[0]).choices[0].parts[0].text == '{"error": 1}'


def test_malformed_events_are_counted():
    events, _, reader = read([wire("malformed-event-then-fine")])
    assert fold(events).choices[0].parts[0].text == "ab" and reader.skipped == 1


def test_drifting_types():
    events, ending, _ = read([wire("drifting-types")])
    answer = fold(events)
    assert ending and [part.name for part in answer.choices[0].parts[1:]] == ["f", "f"]
    assert [part.arguments for part in answer.choices[0].parts[1:]] == ["{}", '{"a":1}']
    assert (answer.usage.input, answer.usage.output) == (7, 2)


def test_the_code_assist_envelope():
    data = b'data: {"response":{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]},'
    data += b'"traceId":"t"}\n\n'
    assert fold(read([data])[0]).choices[0].parts == [Text("hi")]


@pytest.mark.parametrize("name", WHOLES)
def test_a_tap_sees_finish_usage_and_calls(name):
    tap = Tap(DIALECT)
    tap.committed = True
    data = wire(name)
    passed, events = tap.feed(data)
    rest, more = tap.close()
    grammar.check([*events, *more])
    full = answered(name)
    seen = fold([*events, *more])
    assert passed + rest == data.replace(b"\r\n", b"\n")
    assert seen.usage == full.usage
    assert [choice.finish for choice in seen.choices][-1] == full.choices[-1].finish or name == "two-candidates"


def test_unsure_numbers_and_logprobs():
    data = (
        b'data: {"candidates":[{"content":{"parts":[{"text":"A"}]},"finishReason":"STOP",'
        b'"logprobsResult":{"chosenCandidates":'
        b'[{"token":"A","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"B","logProbability":-2}]}]}}]}\n\n'
    )
    [delta] = [event for event in read([data])[0] if isinstance(event, ev.TextDelta)]
    assert delta.logprobs == [
        {
            "token": "A",
            "logprob": -0.5,
            "bytes": [65],
            "top_logprobs": [{"token": "B", "logprob": -2, "bytes": [66]}],
        }
    ]
