from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import unfold
from gateway.canon.parts import Media, Refusal, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.completions import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import SSEReader
from gateway.protocols.wire_json import loads

ANSWER = Answer(
    choices=[Choice([Thinking("hm"), Text("Hello"), ToolCall("a", "f"), Text(" you")], ev.Finish("stop", "stop"))],
    usage=Usage(1, 2),
)


def chunks(data: bytes) -> list[Any]:
    return [found if found == b"[DONE]" else loads(found) for _, found in SSEReader().feed(data)]


def test_a_stream() -> None:
    *written, done = chunks(DIALECT.answer_writer(Asked("m", created=5)).write(unfold(ANSWER)))
    assert done == b"[DONE]"
    assert [chunk["choices"] for chunk in written] == [
        [{"text": "Hello", "index": 0, "logprobs": None, "finish_reason": None}],
        [{"text": " you", "index": 0, "logprobs": None, "finish_reason": None}],
        [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    ]
    assert {(c["object"], c["model"], c["created"]) for c in written} == {("text_completion", "m", 5)}
    (identity,) = {chunk["id"] for chunk in written}
    assert identity.startswith("cmpl-") and len(identity) == 33


def test_event_by_event_and_usage() -> None:
    writer = DIALECT.answer_writer(Asked("m", include_usage=True))
    *written, done = chunks(b"".join(writer.write([event]) for event in unfold(ANSWER)))
    assert done == b"[DONE]"
    assert written[-1]["choices"] == [] and written[-1]["usage"]["total_tokens"] == 3
    assert all(chunk["usage"] is None for chunk in written[:-1])


def test_choices() -> None:
    answer = Answer(
        choices=[Choice([Text("a")], ev.Finish("stop")), Choice([Text("b")], ev.Finish("length", choice=1))]
    )
    writer = DIALECT.answer_writer(Asked("m"))
    *written, done = chunks(b"".join(writer.write([event]) for event in unfold(answer)))
    assert done == b"[DONE]"
    assert [(c["choices"][0]["index"], c["choices"][0]["text"]) for c in written] == [
        (0, "a"),
        (1, "b"),
        (0, ""),
        (1, ""),
    ]
    assert [choice["index"] for choice in loads(DIALECT.write_answer(answer, Asked("m")))["choices"]] == [
        0,
        1,
    ]


def test_failure() -> None:
    writer = DIALECT.answer_writer(Asked("m"))
    data = writer.write([ev.Start(), ev.PartStart(0, Text("a")), ev.Failure(Fault(500, "gone"))])
    assert chunks(data)[-1]["error"]["message"] == "gone" and b"[DONE]" not in data
    assert writer.write([ev.Finish("stop")]) == b""
    assert chunks(DIALECT.answer_writer(Asked("m")).write([ev.Failure(Fault(500, "gone"))]))[0]["error"]


def test_a_whole_answer() -> None:
    document = loads(DIALECT.write_answer(ANSWER, Asked("m")))
    assert document["choices"] == [{"text": "Hello you", "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert document["object"] == "text_completion" and document["usage"]["completion_tokens"] == 2


def test_refusals_and_pictures_are_words() -> None:
    parts = [Refusal("no"), Media("image", url="https://x/y")]
    answer = Answer(choices=[Choice(list(parts), ev.Finish("refusal"))])
    (choice,) = loads(DIALECT.write_answer(answer, Asked("m")))["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("no![image](https://x/y)", "stop")
    *written, _ = chunks(DIALECT.answer_writer(Asked("m")).write(unfold(answer)))
    assert "".join(chunk["choices"][0]["text"] for chunk in written) == "no![image](https://x/y)"


def test_tool_finishes_are_stops() -> None:
    answer = Answer(choices=[Choice([ToolCall("a", "f")], ev.Finish("tool_calls"))])
    assert loads(DIALECT.write_answer(answer, Asked("m")))["choices"][0]["finish_reason"] == "stop"
