"""What a Gemini client gets: SSE, the JSON array, and both again through our own reader."""

import json

import pytest

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import fold, unfold
from gateway.canon.parts import Media, Opaque, Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.gemini import DIALECT

ASKED = Asked("gemini-2.5-pro")


def chunks(data):
    return [json.loads(block[6:]) for block in data.decode().split("\n\n") if block]


def reread(data):
    reader = DIALECT.answer_reader(None)
    return fold([*reader.feed(data), *reader.close()])


def answer():
    return Answer(
        choices=[
            Choice(
                [
                    Thinking("hm", Signature("anthropic", "EqQ+/==")),
                    Thinking("", redacted=Signature("anthropic", "blob")),
                    Text("hello\u2028there"),
                    Opaque("gemini", {"toolResponse": {"id": "1", "response": {"output": "1"}}}),
                    Media("image", "image/png", data="AAAA"),
                    ToolCall("a", "f", '{"x":1}', Signature("gemini", "c2ln")),
                    ToolCall("b", "f", '{"x":1}'),
                ],
                ev.Finish("tool_calls", "tool_use"),
            )
        ],
        usage=Usage(3, 4, 2, reasoning=5),
    )


def test_text_is_one_small_chunk_each_and_the_end_holds_all():
    writer = DIALECT.answer_writer(ASKED)
    start = writer.write([ev.Start("x", "other"), ev.PartStart(0, Text(""))])
    assert start == b""
    first = writer.write([ev.TextDelta(0, "a\u2028b")])
    assert b"\\u2028" in first and "\u2028".encode() not in first
    [chunk] = chunks(first)
    assert chunk["candidates"] == [{"content": {"role": "model", "parts": [{"text": "a\u2028b"}]}, "index": 0}]
    assert chunk["modelVersion"] == "gemini-2.5-pro"
    end = writer.write([ev.PartStop(0), ev.UsageUpdate(Usage(5, 1213, reasoning=158)), ev.Finish("stop")])
    [last] = chunks(end)
    assert last["candidates"][0]["finishReason"] == "STOP" and last["responseId"] == chunk["responseId"]
    assert last["usageMetadata"] == {
        "promptTokenCount": 5,
        "candidatesTokenCount": 1213,
        "thoughtsTokenCount": 158,
        "totalTokenCount": 1376,
    }


def test_written_and_read_again():
    writer = DIALECT.answer_writer(ASKED)
    told = reread(writer.write(unfold(answer())))
    parts = told.choices[0].parts
    assert [type(part).__name__ for part in parts] == [
        "Thinking",
        "Thinking",
        "Text",
        "Opaque",
        "Media",
        "ToolCall",
        "ToolCall",
    ]
    assert parts[2:] == answer().choices[0].parts[2:]
    assert told.choices[0].finish.reason == "tool_calls"
    assert told.usage.total == 14 and told.usage.cache_read == 2
    whole = DIALECT.read_answer(json.loads(DIALECT.write_answer(answer(), ASKED)), None)
    assert whole.choices[0].parts[2:] == parts[2:] and whole.usage == told.usage
    assert whole.choices[0].finish == told.choices[0].finish


def test_foreign_signatures_come_back_to_their_author():
    writer = DIALECT.answer_writer(ASKED)
    streamed = chunks(writer.write(unfold(answer())))
    parts = [part for chunk in streamed for part in chunk["candidates"][0]["content"]["parts"]]
    body = {"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": parts}]}
    thinking, redacted, *rest = DIALECT.read_request(body, model="m").turns[1].parts
    assert (thinking.text, thinking.signature) == ("hm", Signature("anthropic", "EqQ+/=="))
    assert redacted.redacted == Signature("anthropic", "blob") and redacted.signature is None
    assert [part.signature for part in rest if isinstance(part, ToolCall)] == [
        Signature("gemini", "c2ln"),
        None,
    ]
    document = json.loads(DIALECT.write_answer(answer(), ASKED))
    whole = [*document["candidates"][0]["content"]["parts"]]
    again = DIALECT.read_request({"contents": [{"role": "model", "parts": whole}]}, model="m").turns[0].parts
    assert again[0] == thinking and again[1] == redacted


def test_interleaved_calls_are_written_whole():
    writer = DIALECT.answer_writer(ASKED)
    data = writer.write(
        [
            ev.Start(),
            ev.PartStart(0, ToolCall("a", "f")),
            ev.PartStart(1, ToolCall("b", "g")),
            ev.ArgumentsDelta(1, '{"y"'),
            ev.ArgumentsDelta(0, '{"x":'),
            ev.ArgumentsDelta(1, ":2}"),
            ev.ArgumentsDelta(0, "1}"),
            ev.SignatureDelta(0, Signature("openai", "gAAA")),
            ev.PartStop(0),
            ev.PartStop(1),
            ev.Finish("tool_calls"),
        ]
    )
    first, second, last = chunks(data)
    assert first["candidates"][0]["content"]["parts"][0]["functionCall"] == {
        "name": "f",
        "args": {"x": 1},
        "id": "a",
    }
    assert second["candidates"][0]["content"]["parts"] == [{"functionCall": {"name": "g", "args": {"y": 2}, "id": "b"}}]
    assert last["candidates"][0]["finishReason"] == "STOP"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        ("not json", {"input": "not json"}),
        ("[1]", {"input": [1]}),
        ('{"type":"x","title":null}', None),
    ],
)
def test_arguments_become_an_object(arguments, expected):
    told = Answer(choices=[Choice([ToolCall("a", "f", arguments)], ev.Finish("tool_calls"))])
    document = json.loads(DIALECT.write_answer(told, ASKED))
    args = document["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]
    assert args == (json.loads(arguments) if expected is None else expected)


def test_hidden_thinking_is_not_written():
    hidden = Asked("m", shows_thinking=False)
    data = DIALECT.answer_writer(hidden).write(unfold(answer()))
    assert b'thought":true' not in data and b"hello" in data
    assert b'"thought"' not in DIALECT.write_answer(answer(), hidden)


def test_a_failure_ends_without_a_finish():
    fault = Fault(429, "slow down", retry_after=2.5)
    for framing in ("sse", "array"):
        writer = DIALECT.answer_writer(Asked("m", framing=framing))
        data = writer.write([ev.Start(), ev.PartStart(0, Text("")), ev.TextDelta(0, "half"), ev.Failure(fault)])
        data += writer.write([ev.TextDelta(0, "more"), ev.Finish("stop")])
        told = json.loads(data) if framing == "array" else chunks(data)
        assert told[-1]["error"]["code"] == 429 and told[-1]["error"]["status"] == "RESOURCE_EXHAUSTED"
        assert told[-1]["error"]["details"] == [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}
        ]
        assert b"finishReason" not in data and b"more" not in data and len(told) == 2


def test_a_failure_before_anything():
    writer = DIALECT.answer_writer(Asked("m", framing="array"))
    data = writer.keepalive + writer.write([ev.Failure(Fault(503, "no account"))])
    assert json.loads(data)[0]["error"]["status"] == "UNAVAILABLE"


def test_the_array_is_json_with_keepalives_anywhere():
    writer = DIALECT.answer_writer(Asked("m", framing="array"))
    data = writer.keepalive
    for event in unfold(answer()):
        data += writer.write([event]) + writer.keepalive
    told = json.loads(data)
    assert told[-1]["candidates"][0]["finishReason"] == "STOP" and writer.media_type == "application/json"
    assert DIALECT.read_answer(told, None).choices[0].parts[2:] == answer().choices[0].parts[2:]


def test_sse_keepalive_is_one_empty_line():
    writer = DIALECT.answer_writer(ASKED)
    assert (writer.keepalive, writer.media_type) == (b"\n", "text/event-stream")
    data = writer.keepalive + writer.write(unfold(answer())[:4]) + writer.keepalive + writer.write(unfold(answer())[4:])
    assert reread(data).choices[0].finish.reason == "tool_calls"


def test_two_choices():
    told = Answer(
        choices=[
            Choice([Text("a")], ev.Finish("stop")),
            Choice([Refusal("no")], ev.Finish("refusal", choice=1)),
        ]
    )
    for data in (DIALECT.answer_writer(ASKED).write(unfold(told)),):
        first, second = reread(data).choices
        assert (first.parts, second.parts) == ([Text("a")], [Text("no")])
        assert (first.finish.raw, second.finish.raw) == ("STOP", "SAFETY")
    array = DIALECT.answer_writer(Asked("m", framing="array")).write(unfold(told))
    assert [chunk["candidates"][0]["index"] for chunk in json.loads(array)] == [0, 1, 0, 1]


def test_citations_of_another_provider_become_grounding():
    nested = {
        "type": "url_citation",
        "url_citation": {"url": "https://e.org", "title": "E", "start_index": 1, "end_index": 3},
    }
    told = Answer(choices=[Choice([Text("éab", annotations=[nested])], ev.Finish("stop"))])
    expected = {
        "groundingChunks": [{"web": {"uri": "https://e.org", "title": "E"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 2, "endIndex": 4, "text": "ab"}, "groundingChunkIndices": [0]}
        ],
    }
    assert json.loads(DIALECT.write_answer(told, ASKED))["candidates"][0]["groundingMetadata"] == expected
    streamed = chunks(DIALECT.answer_writer(ASKED).write(unfold(told)))
    assert streamed[-1]["candidates"][0]["groundingMetadata"] == expected


def test_logprobs_are_written():
    entry = {
        "token": "A",
        "logprob": -1.5,
        "bytes": [65],
        "top_logprobs": [{"token": "B", "logprob": -3, "bytes": [66]}],
    }
    data = DIALECT.answer_writer(ASKED).write([ev.Start(), ev.PartStart(0, Text("")), ev.TextDelta(0, "A", [entry])])
    assert chunks(data)[0]["candidates"][0]["logprobsResult"] == {
        "chosenCandidates": [{"token": "A", "logProbability": -1.5}],
        "topCandidates": [{"candidates": [{"token": "B", "logProbability": -3}]}],
    }
