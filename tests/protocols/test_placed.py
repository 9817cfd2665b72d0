"""Citations point at their own words, however many texts an answer has (Claude's web search: many)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.fold import unfold
from gateway.canon.parts import Media, Text, Thinking
from gateway.protocols import chat, gemini, responses
from gateway.protocols.dialect import Asked, Dialect
from gateway.protocols.placed import moved
from gateway.protocols.sse import SSEReader


def cited(url: str, start: int, end: int) -> dict[str, Any]:
    return {"type": "url_citation", "url": url, "title": "T", "start_index": start, "end_index": end}


PARTS = [
    Text("Först. ", [cited("https://a", 0, 6)]),
    Media("image", url="https://example.com/p.png"),
    Thinking("hm"),
    Text("Second. "),
    Text("Third.", [cited("https://b", 0, 5), cited("https://nowhere", 0, 0)]),
]
ANSWER = Answer(choices=[Choice(list(PARTS), Finish("stop"))])


def said(dialect: Dialect, stream: bool) -> list[dict[str, Any]]:
    """The documents of the answer."""
    if not stream:
        return [json.loads(dialect.write_answer(ANSWER, Asked("m")))]
    data = dialect.answer_writer(Asked("m")).write(unfold(ANSWER))
    return [json.loads(document) for _, document in SSEReader().feed(data) if document != b"[DONE]"]


def found(text: str, annotations: Iterator[dict[str, Any]]) -> dict[str, str]:
    return {each["url"]: text[each["start_index"] : each["end_index"]] for each in annotations}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_chat(stream: bool) -> None:
    messages = [
        choice.get("message", choice.get("delta")) for each in said(chat.DIALECT, stream) for choice in each["choices"]
    ]
    text = "".join(message.get("content") or "" for message in messages)
    notes = (note["url_citation"] for message in messages for note in message.get("annotations", ()))
    assert found(text, notes) == {"https://a": "Först.", "https://b": "Third", "https://nowhere": ""}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_gemini(stream: bool) -> None:
    candidates = [candidate for each in said(gemini.DIALECT, stream) for candidate in each["candidates"]]
    parts = [part for candidate in candidates for part in candidate["content"]["parts"]]
    text = "".join(part.get("text", "") for part in parts if not part.get("thought")).encode()
    supports = candidates[-1]["groundingMetadata"]["groundingSupports"]
    segments = [support["segment"] for support in supports]
    assert [segment["text"] for segment in segments] == ["Först.", "Third"]
    assert [text[segment["startIndex"] : segment["endIndex"]].decode() for segment in segments] == ["Först.", "Third"]


def test_a_chat_providers_place_is_that_in_its_whole_text() -> None:
    chunks = [{"content": "One. "}, {"reasoning_content": "hm"}, {"content": "Two"}, {"content": "."}]
    note = {
        "type": "url_citation",
        "url_citation": {"url": "https://b", "title": "T", "start_index": 5, "end_index": 8},
    }
    reader = chat.DIALECT.answer_reader(None)
    events = []
    for delta in [*chunks, {"annotations": [note]}]:
        events += reader.feed(b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n")
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events += [*reader.feed(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n"), *reader.close()]
    output = responses.DIALECT.answer_writer(Asked("m"))
    documents = [json.loads(document) for _, document in SSEReader().feed(output.write(events))]
    (last,) = [each for each in documents if each["type"] == "response.completed"]
    content = last["response"]["output"][-1]["content"][0]
    assert found(content["text"], iter(content["annotations"])) == {"https://b": "Two"}
    again = chat.DIALECT.answer_writer(Asked("m")).write(events)
    assert b'"start_index":5,"end_index":8' in again


def test_moved() -> None:
    assert moved(cited("u", 1, 2), 3) == cited("u", 4, 5)
    assert moved({"type": "url_citation", "url_citation": cited("u", 1, 2)}, -1)["url_citation"]["start_index"] == 0
    other = {"type": "file_citation", "file_id": "f", "index": 3}
    assert moved(other, 3) == other
