"""What must hold of the dialect as a whole."""

from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.fold import fold, unfold
from gateway.canon.grammar import check
from gateway.canon.parts import Media, Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.profile import Profile
from gateway.canon.usage import Usage
from gateway.protocols.chat import DIALECT
from gateway.protocols.chat.answer_reader import ChatReader
from gateway.protocols.dialect import Asked
from gateway.protocols.wire_json import loads

PROFILE = Profile(developer_role=True, thinking="effort", max_tokens_field="max_completion_tokens")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": [{"type": "text", "text": "Use tools."}], "name": "dev"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}, "custom": 1},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"type": "audio_url", "audio_url": {"url": "https://example.com/a.mp3"}},
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA", "fps": 2}},
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"},
            },
            {"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,QUFB"}},
            {"type": "file", "file": {"file_id": "file-123"}},
            {"type": "hologram", "depth": [1, {"x": None}]},
        ],
        "name": "anna",
        "mood": None,
    },
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "I should look.",
        "tool_calls": [
            {
                "id": "call_a",
                "type": "function",
                "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'},
                "extra_content": {"google": {"thought_signature": "c2ln+/=="}},
            },
            {"id": "call_b", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}},
            {"id": "call_c", "type": "levitate", "levitate": {"height": 2}},
        ],
    },
    {
        "role": "tool",
        "tool_call_id": "call_b",
        "content": [{"type": "text", "text": "done"}, {"type": "text", "text": "!"}],
    },
    {"role": "tool", "tool_call_id": "call_a", "content": "rain", "name": "get_weather"},
    {"role": "tool", "tool_call_id": "call_c", "content": ""},
    {
        "role": "assistant",
        "content": [{"type": "text", "text": "Rain."}, {"type": "refusal", "refusal": "No more."}],
    },
    {"role": "user", "content": ""},
    {"role": "user", "content": "Again."},
    {"role": "assistant", "content": None, "refusal": "No.", "audio": {"id": "audio_1"}},
    {
        "role": "assistant",
        "content": "Well.",
        "reasoning": "hm",
        "reasoning_details": [{"type": "reasoning.encrypted"}],
    },
    {"role": "system", "content": "Now in French."},
    {"role": "user", "content": "Et alors ?"},
]
BODIES: list[dict[str, Any]] = [
    {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    {
        "model": "m",
        "messages": HISTORY,
        "stream": True,
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "max_completion_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 4,
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.1,
        "n": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "stop": ["a", "b"],
        "tools": [
            {
                "type": "function",
                "function": {"name": "get_weather", "description": "d", "parameters": SCHEMA, "strict": True},
            },
            {"type": "function", "function": {"name": "bare", "x-hint": 1}, "cache": True},
            {"type": "custom", "custom": {"name": "patch", "description": "p", "format": {"type": "text"}}},
            {"type": "teleport", "target": "moon"},
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "auto",
                "tools": [
                    {"type": "function", "function": {"name": "bare"}},
                    {"type": "custom", "custom": {"name": "patch"}},
                    {"type": "teleport"},
                ],
            },
        },
        "parallel_tool_calls": False,
        "reasoning_effort": "high",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "description": "d", "schema": SCHEMA, "strict": True},
        },
        "verbosity": "low",
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
        "user": "u" * 100,
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "web_search_options": {"search_context_size": "low"},
        "metadata": {"a": "b"},
        "store": False,
        "logit_bias": {"50256": -100},
        "prediction": {"type": "content", "content": "x"},
        "safety_identifier": "s",
        "nobody_knows": {"deep": [None, 1.5, "x"]},
    },
    {
        "model": "m",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
        ],
        "functions": [{"name": "f", "parameters": SCHEMA}],
        "function_call": {"name": "f"},
    },
    {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "teleport"},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": SCHEMA, "extra": 1},
        },
        "reasoning_effort": "none",
    },
    {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "grammar", "grammar": "x"},
    },
    {"model": "m", "messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "text"}},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_in_its_own_dialect_comes_back_as_it_was(body: dict[str, Any]) -> None:
    given = deepcopy(body)
    written = DIALECT.write_request(DIALECT.read_request(given), PROFILE)
    assert written.body == body
    assert given == body
    assert written.losses == []


def test_every_turn_continues_the_one_before() -> None:
    canon, wire = [], []
    for length in range(1, len(HISTORY) + 1):
        dialogue = DIALECT.read_request({"model": "m", "messages": HISTORY[:length]})
        canon.append(dialogue.turns)
        wire.append(DIALECT.write_request(dialogue, PROFILE).body["messages"])
    for shorter, longer in pairwise(wire):
        assert longer[: len(shorter)] == shorter
    whole = canon[-1]
    for number, turns in enumerate(canon):
        if HISTORY[number]["role"] != "tool":
            assert whole[: len(turns)] == turns


USAGE = Usage(input=10, output=20, cache_read=3, cache_write=2, reasoning=5)
THOUGHT = {"chat": {"field": "reasoning_content"}}
CITED = {"type": "url_citation", "url": "https://x", "title": "t", "start_index": 0, "end_index": 2}
ANSWERS = {
    "text": Answer(choices=[Choice([Text("Hello \u2028 \u0085 🌍")], Finish("stop", "stop"))], usage=USAGE),
    "thinking": Answer(choices=[Choice([Thinking("hm", extras=THOUGHT), Text("a")], Finish("length", "length"))]),
    "calls": Answer(
        choices=[
            Choice(
                [
                    Text("a"),
                    ToolCall("x", "f", '{"a":1}', Signature("gemini", "s")),
                    ToolCall("y", "f", '{"a":1}'),
                ],
                Finish("tool_calls", "tool_calls"),
            )
        ],
        usage=USAGE,
    ),
    "sealed": Answer(
        choices=[Choice([ToolCall("x", "f", "{}", Signature("anthropic", "s"))], Finish("tool_calls", "tool_calls"))]
    ),
    "refusal": Answer(choices=[Choice([Refusal("no")], Finish("refusal", "stop"))]),
    "filter": Answer(choices=[Choice([Text("x")], Finish("content_filter", "content_filter"))]),
    "citation": Answer(choices=[Choice([Text("ab", [CITED])], Finish("stop", "stop"))]),
    "custom": Answer(
        choices=[
            Choice(
                [ToolCall("x", "p", "*** x", freeform=True, extras={"chat": {}})],
                Finish("tool_calls", "tool_calls"),
            )
        ]
    ),
    "two": Answer(
        choices=[
            Choice([Text("a")], Finish("stop", "stop")),
            Choice([Text("b")], Finish("length", "length", choice=1)),
        ]
    ),
    "audio": Answer(
        choices=[
            Choice(
                [
                    Media(
                        "audio",
                        data="AAAA",
                        extras={"chat": {"audio": {"id": "a", "transcript": "t", "expires_at": 5}}},
                    )
                ],
                Finish("stop", "stop"),
            )
        ]
    ),
}


def bare(answer: Answer) -> Answer:
    answer = deepcopy(answer)
    answer.id, answer.model, answer.created = "", "", None
    if answer.usage is not None:
        answer.usage.raw = None
    return answer


@pytest.mark.parametrize("name", ANSWERS)
def test_a_written_answer_reads_as_it_was(name: str) -> None:
    answer = ANSWERS[name]
    document = loads(DIALECT.write_answer(answer, Asked("m", created=5)))
    assert (document["model"], document["created"]) == ("m", 5)
    assert bare(DIALECT.read_answer(document, None)) == bare(answer)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_written_stream_reads_as_it_was(name: str) -> None:
    events = unfold(ANSWERS[name])
    check(events)
    together = DIALECT.answer_writer(Asked("m", include_usage=True)).write(events)
    writer = DIALECT.answer_writer(Asked("m", include_usage=True))
    apart = b"".join(writer.write([event]) for event in events)
    for data in (together, apart):
        reader = ChatReader()
        read = reader.feed(data) + reader.close()
        check(read)
        expected = bare(ANSWERS[name])
        assert bare(fold(read)) == expected
        assert data.endswith(b"data: [DONE]\n\n") and data.count(b"[DONE]") == 1


FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "chat").glob("*.whole.txt"))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_whole_fixtures_survive_both_ways(path: Path) -> None:
    answer = DIALECT.read_answer(loads(path.read_bytes()), None)
    again = DIALECT.read_answer(loads(DIALECT.write_answer(answer, Asked("m"))), None)
    for each in (answer, again):
        for choice in each.choices:
            choice.finish.raw = None
            for part in choice.parts:
                if isinstance(part, Text | Thinking):
                    part.extras = {}
    if any(isinstance(part, Media) and part.kind == "image" for choice in answer.choices for part in choice.parts):
        (text,) = again.choices[0].parts
        assert isinstance(text, Text) and "![image](data:image/png;base64,iVBORw0KGgo=)" in text.text
    else:
        assert bare(again) == bare(answer)
