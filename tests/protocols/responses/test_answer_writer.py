"""What clients see: the sequence of events, order of items, custom and client tools, failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon import grammar
from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import fold, unfold
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage
from gateway.protocols.dialect import Asked
from gateway.protocols.responses import DIALECT
from gateway.protocols.responses.answer_reader import ResponsesReader
from gateway.protocols.responses.answer_writer import ResponsesWriter
from gateway.protocols.sse import SSEReader
from tests.ratio import ratio

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "name": "get", "parameters": {"type": "object"}},
    {"type": "custom", "name": "apply_patch"},
    {"type": "namespace", "name": "crm", "description": "d", "tools": [{"type": "function", "name": "find"}]},
    {"type": "local_shell"},
    {"type": "shell", "environment": {"type": "local"}},
]
BODY: dict[str, Any] = {"model": "m", "input": "hi", "tools": TOOLS}


def written(events: list[ev.Event], asked: Asked | None = None) -> list[dict[str, Any]]:
    grammar.Grammar().feed(events)
    data = ResponsesWriter(asked or Asked("m", body=BODY)).write(events)
    documents = []
    for name, raw in SSEReader().feed(data):
        document = json.loads(raw)
        assert document["type"] == name
        documents.append(document)
    assert [document["sequence_number"] for document in documents] == list(range(len(documents)))
    return documents


def said(*parts: Part, finish: str = "stop", usage: Usage | None = None) -> list[ev.Event]:
    return unfold(Answer("u", "x", None, [Choice(list(parts), ev.Finish(finish))], usage))  # type: ignore[arg-type]


def kinds(documents: list[dict[str, Any]]) -> list[str]:
    return [document["type"].removeprefix("response.") for document in documents]


def output(events: list[ev.Event], asked: Asked | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = written(events, asked)[-1]["response"]["output"]
    return found


def test_the_sequence_of_a_plain_text() -> None:
    documents = written(said(Text("hello"), usage=Usage(3, 4, cache_read=2, reasoning=1)))
    assert kinds(documents) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    final = documents[-1]["response"]
    assert documents[0]["response"]["id"] == final["id"] and final["id"].startswith("resp_")
    assert final["output"][0]["content"][0]["text"] == "hello"
    assert final["usage"] == {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 10,
    }


def test_no_done_mark_and_safe_line_ends() -> None:
    data = ResponsesWriter(Asked("m\u2028")).write(said(Text("a\u2028b\u2029c\u0085d")))
    assert b"[DONE]" not in data
    assert len(data.decode().splitlines()) == data.count(b"\n")


def test_reasoning_item() -> None:
    documents = written(said(Thinking("hm", Signature("anthropic", "SIG")), Text("x")))
    assert kinds(documents)[2:8] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    item = documents[7]["item"]
    assert item["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert item["encrypted_content"] == "dragoman+anthropic:SIG"
    assert [document["output_index"] for document in documents if "output_index" in document][-1] == 1


def test_hidden_thinking_leaves_only_its_seal() -> None:
    asked = Asked("m", shows_thinking=False)
    items = output(said(Thinking("secret"), Thinking("more", Signature("openai", "enc")), Text("x")), asked)
    assert [item["type"] for item in items] == ["reasoning", "message"]
    assert items[0]["summary"] == [] and items[0]["encrypted_content"] == "enc"


def test_interleaved_calls_come_one_after_another() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, ToolCall("a", "get")),
        ev.ArgumentsDelta(0, '{"x'),
        ev.PartStart(1, ToolCall("b", "get")),
        ev.ArgumentsDelta(1, '{"y":2}'),
        ev.PartStart(2, Text("")),
        ev.TextDelta(2, "both"),
        ev.ArgumentsDelta(0, '":1}'),
        ev.PartStop(1),
        ev.TextDelta(2, " called"),
        ev.PartStop(0),
        ev.PartStop(2),
        ev.Finish("tool_calls"),
    ]
    documents = written(events)
    indexes = [document["output_index"] for document in documents if "output_index" in document]
    assert indexes == sorted(indexes)
    items = documents[-1]["response"]["output"]
    assert [item.get("arguments") for item in items] == ['{"x":1}', '{"y":2}', None]
    assert items[2]["content"][0]["text"] == "both called"


def test_custom_tool_of_a_provider_that_has_only_functions() -> None:
    documents = written(said(ToolCall("c", "apply_patch", '{"input":"*** Begin"}'), finish="tool_calls"))
    assert kinds(documents)[2:6] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    item = documents[-1]["response"]["output"][0]
    assert (item["type"], item["input"], item["call_id"]) == ("custom_tool_call", "*** Begin", "c")
    assert item["id"].startswith("ctc_") and documents[3]["item_id"] == item["id"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [("", ""), ("{}", ""), ('{"patch":"p"}', "p"), ("plain {", "plain {"), ('"s"', "s")],
)
def test_odd_arguments_of_a_custom_tool(arguments: str, text: str) -> None:
    assert output(said(ToolCall("c", "apply_patch", arguments)))[0]["input"] == text


def test_freeform_call_streams() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, ToolCall("c", "apply_patch", freeform=True)),
        ev.ArgumentsDelta(0, "ab"),
        ev.ArgumentsDelta(0, "cd"),
        ev.PartStop(0),
        ev.Finish("tool_calls"),
    ]
    deltas = [document["delta"] for document in written(events) if "delta" in document]
    assert deltas == ["ab", "cd"]


def test_namespaced_call() -> None:
    item = output(said(ToolCall("c", "crm__find", '{"q":1}')))[0]
    assert (item["name"], item["namespace"], item["type"]) == ("find", "crm", "function_call")


def test_client_tools() -> None:
    item = output(said(ToolCall("c", "local_shell", '{"command":["ls"],"timeout_ms":5}')))[0]
    assert item["type"] == "local_shell_call" and item["call_id"] == "c"
    assert item["action"] == {"type": "exec", "command": ["ls"], "timeout_ms": 5, "env": {}}
    item = output(said(ToolCall("c", "local_shell", '{"command":"ls -l"}')))[0]
    assert item["action"]["command"] == ["bash", "-lc", "ls -l"]
    item = output(said(ToolCall("c", "shell", '{"commands":["ls"]}')))[0]
    assert item["type"] == "shell_call" and item["action"] == {"commands": ["ls"]}


def test_call_without_arguments() -> None:
    documents = written(said(ToolCall("c", "get")))
    assert documents[-1]["response"]["output"][0]["arguments"] == "{}"
    assert [document["delta"] for document in documents if "delta" in document] == ["{}"]


def test_seal_of_a_call_goes_before_it() -> None:
    call = ToolCall("c:1", "get", "{}", Signature("gemini", "S=="))
    items = output(said(call, finish="tool_calls"))
    assert [item["type"] for item in items] == ["reasoning", "function_call"]
    body = {"model": "m", "input": [{"role": "user", "content": "x"}, *items]}
    again = DIALECT.read_request(json.loads(json.dumps(body))).turns[1].parts
    assert len(again) == 1 and isinstance(again[0], ToolCall)
    assert again[0].signature == Signature("gemini", "S==")


def test_seal_of_a_call_that_comes_late() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, ToolCall("c", "get")),
        ev.ArgumentsDelta(0, "{}"),
        ev.SignatureDelta(0, Signature("gemini", "S")),
        ev.PartStop(0),
        ev.Finish("tool_calls"),
    ]
    again = DIALECT.read_request({"model": "m", "input": output(events)}).turns[0].parts
    assert [type(part) for part in again] == [ToolCall]
    assert isinstance(again[0], ToolCall) and again[0].signature == Signature("gemini", "S")


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        (ev.Finish("stop"), "completed", None),
        (ev.Finish("tool_calls"), "completed", None),
        (ev.Finish("pause"), "completed", None),
        (ev.Finish("length"), "incomplete", "max_output_tokens"),
        (ev.Finish("content_filter", "SAFETY"), "incomplete", "content_filter"),
        (ev.Finish("refusal"), "incomplete", "content_filter"),
        (ev.Finish("other", "steered"), "incomplete", "steered"),
        (ev.Finish("other", "MALFORMED_FUNCTION_CALL"), "incomplete", None),
    ],
)
def test_endings(finish: ev.Finish, status: str, reason: str | None) -> None:
    last = written([*said(Text("x"))[:-1], finish])[-1]
    assert last["type"] == f"response.{status}" and last["response"]["status"] == status
    details = last["response"]["incomplete_details"]
    assert details == (None if status == "completed" else {"reason": reason})
    assert last["response"]["output"][0]["status"] == status


def test_refusal_in_words_is_complete() -> None:
    documents = written(said(Refusal("no"), finish="refusal"))
    assert "refusal.delta" in kinds(documents) and "refusal.done" in kinds(documents)
    assert documents[-1]["response"]["status"] == "completed"
    assert documents[-1]["response"]["output"][0]["content"] == [{"type": "refusal", "refusal": "no"}]


def test_texts_share_a_message() -> None:
    items = output(said(Text("a"), Text("b"), ToolCall("c", "get", "{}"), Text("d")))
    assert [item["type"] for item in items] == ["message", "function_call", "message"]
    assert [part["text"] for part in items[0]["content"]] == ["a", "b"]


def test_citations_flat_and_nested() -> None:
    flat = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
    nested = {
        "type": "url_citation",
        "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1},
    }
    documents = written(said(Text("x", [flat, nested])))
    assert kinds(documents).count("output_text.annotation.added") == 2
    assert documents[-1]["response"]["output"][0]["content"][0]["annotations"] == [flat, flat]


def test_own_items_and_pictures() -> None:
    search = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
    items = output(said(Opaque("responses", search), Opaque("gemini", {"x": 1}), Media("image", "image/png", "aGk=")))
    assert items[0] == search and len(items) == 2
    assert (items[1]["type"], items[1]["result"]) == ("image_generation_call", "aGk=")


def test_failure_after_content() -> None:
    events: list[ev.Event] = [
        ev.Start(),
        ev.PartStart(0, Text("")),
        ev.TextDelta(0, "x"),
        ev.Failure(Fault(502, "gone", code="upstream_error")),
    ]
    writer = ResponsesWriter(Asked("m"))
    documents = [json.loads(raw) for _, raw in SSEReader().feed(writer.write(events))]
    assert documents[-1]["type"] == "response.failed"
    assert documents[-1]["response"]["status"] == "failed"
    assert documents[-1]["response"]["error"]["code"] == "server_error"
    assert documents[-1]["sequence_number"] == len(documents) - 1
    assert writer.write([ev.Finish("stop")]) == b""


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(429, "m"), "rate_limit_exceeded"),
        (Fault(429, "m", code="insufficient_quota"), "insufficient_quota"),
        (Fault(400, "m", code="context_length_exceeded"), "context_length_exceeded"),
        (Fault(400, "m"), "invalid_prompt"),
        (Fault(504, "m"), "server_error"),
    ],
)
def test_failure_first(fault: Fault, code: str) -> None:
    documents = written([ev.Failure(fault)])
    assert kinds(documents) == ["created", "in_progress", "failed"]
    assert documents[-1]["response"]["error"]["code"] == code


def test_second_choice_is_not_written() -> None:
    answer = Answer(choices=[Choice([Text("a")], ev.Finish("stop")), Choice([Text("b")], ev.Finish("stop", choice=1))])
    items = json.loads(DIALECT.write_answer(answer, Asked("m")))["output"]
    assert len(items) == 1 and items[0]["content"][0]["text"] == "a"


def test_request_fields_are_echoed() -> None:
    body = {
        **BODY,
        "instructions": "be",
        "temperature": 0.1,
        "store": False,
        "metadata": {"a": "b"},
        "text": {"verbosity": "low"},
        "reasoning": {"effort": "high"},
        "previous_response_id": "resp_1",
    }
    response = written(said(Text("x")), Asked("shown", body=body, created=77))[-1]["response"]
    assert response["model"] == "shown" and response["created_at"] == 77
    for field in ("instructions", "temperature", "store", "metadata", "previous_response_id"):
        assert response[field] == body[field]
    for told, given in zip(response["tools"], body["tools"], strict=True):
        assert told == ({"description": None, "strict": None, **given} if given["type"] == "function" else given)
    assert response["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert response["reasoning"] == {"effort": "high", "summary": None}
    assert response["tool_choice"] == "auto" and response["top_p"] == 1.0


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_written_stream_reads_back_as_the_same_answer(name: str) -> None:
    reader = ResponsesReader()
    answer = fold([*reader.feed((FIXTURES / f"{name}.sse").read_bytes()), *reader.close()])
    asked = Asked(answer.model, body=BODY)
    again = ResponsesReader()
    events = again.feed(ResponsesWriter(asked).write(unfold(answer))) + again.close()
    grammar.check(events)
    back = fold(events)
    whole = DIALECT.read_answer(json.loads(DIALECT.write_answer(answer, asked)), None)
    for other in (back, whole):
        assert [plain(part) for part in other.choices[0].parts] == [plain(p) for p in answer.choices[0].parts]
        assert other.choices[0].finish == answer.choices[0].finish
        assert other.usage is not None and answer.usage is not None
        assert other.usage.total == answer.usage.total


def plain(part: Part) -> Part:
    if isinstance(part, Text | Thinking | ToolCall | Media | Refusal):
        part.extras = {}
    return part


def test_events_may_come_in_any_portions() -> None:
    events = said(Thinking("t"), Text("abc"), ToolCall("c", "get", "{}"))
    one = [json.loads(raw)["type"] for _, raw in SSEReader().feed(ResponsesWriter(Asked("m")).write(events))]
    writer = ResponsesWriter(Asked("m"))
    many = b"".join(writer.write([event]) for event in events)
    assert [json.loads(raw)["type"] for _, raw in SSEReader().feed(many)] == one
    assert writer.write([]) == b""


def test_text_delta_is_cheap() -> None:
    writer = ResponsesWriter(Asked("m"))
    writer.write([ev.Start(), ev.PartStart(0, Text(""))])
    delta, event = ev.TextDelta(0, "some words "), {"type": "response.output_text.delta", "delta": "some words "}

    def written() -> None:
        for _ in range(500):
            writer.write((delta,))

    def dumped() -> None:
        for _ in range(500):
            json.dumps(event)

    assert ratio(written, dumped, 10) < 5


def test_a_stream_that_was_passed_on_keeps_its_ids() -> None:
    """After a break the writer goes on where the provider stood: behind a reasoning item it never heard words of."""
    item = {"id": "msg_theirs", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    place = {"item_id": "msg_theirs", "output_index": 1, "content_index": 0}
    sent = [
        {"type": "response.created", "response": {"id": "resp_theirs", "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning"}},
        {"type": "response.output_item.done", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning"}},
        {"type": "response.output_item.added", "output_index": 1, "item": item},
        {"type": "response.output_text.delta", **place, "delta": "one"},
    ]
    reader, writer = ResponsesReader(), ResponsesWriter(Asked("m", body=BODY, passed_on=True))
    for event in sent:
        writer.write(reader.feed(b"data: " + json.dumps(event).encode() + b"\n\n"))
    data = writer.write([ev.TextDelta(0, " two"), ev.PartStop(0), ev.Finish("stop")])
    documents = [json.loads(raw) for _, raw in SSEReader().feed(data)]
    for document in documents[:-1]:
        assert document["output_index"] == 1
        assert document.get("item_id", "msg_theirs") == "msg_theirs"
    last = documents[-1]["response"]
    assert last["id"] == "resp_theirs"
    assert [(each["id"], each["content"][0]["text"]) for each in last["output"]] == [("msg_theirs", "one two")]


def test_a_reasoning_item_without_words_leaves_no_gap() -> None:
    """OpenAI's SDK finds items by their number: the second of one item is an IndexError there (agents translate)."""
    item = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    sent = [
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning"}},
        {"type": "response.output_item.done", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning"}},
        {"type": "response.output_item.added", "output_index": 1, "item": item},
        {"type": "response.output_text.delta", **place, "delta": "one"},
    ]
    reader, writer = ResponsesReader(), ResponsesWriter(Asked("m", body=BODY))
    data = b"".join(writer.write(reader.feed(b"data: " + json.dumps(event).encode() + b"\n\n")) for event in sent)
    documents = [json.loads(raw) for _, raw in SSEReader().feed(data)]
    assert {document["output_index"] for document in documents if "output_index" in document} == {0}
