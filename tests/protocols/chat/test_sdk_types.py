"""OpenAI's own types judge what is written. Run with the official SDK installed."""

from typing import Any

import pytest
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessageParam,
    ChatCompletionToolUnionParam,
)
from pydantic import TypeAdapter

from gateway.canon.answer import Answer, Choice
from gateway.canon.dialogue import Dialogue, Tool, Turn
from gateway.canon.events import Finish
from gateway.canon.fault import Fault
from gateway.canon.fold import unfold
from gateway.canon.parts import Media, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.canon.usage import Usage
from gateway.protocols.chat import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import SSEReader
from gateway.protocols.wire_json import loads

MESSAGE: TypeAdapter[Any] = TypeAdapter(ChatCompletionMessageParam)
TOOL: TypeAdapter[Any] = TypeAdapter(ChatCompletionToolUnionParam)
CITED = {"type": "url_citation", "url": "https://x", "title": "t", "start_index": 0, "end_index": 2}
PARTS: dict[str, list[Any]] = {
    "text": [Text("Hello \u2028 🌍")],
    "thinking": [Thinking("hm", Signature("anthropic", "s")), Text("a")],
    "calls": [Text("a"), ToolCall("x", "f", '{"a":1}', Signature("gemini", "s")), ToolCall("y", "f", "")],
    "refusal": [Refusal("no")],
    "citation": [Text("ab", [CITED])],
    "audio": [Media("audio", "audio/wav", "AAAA")],
    "image": [Media("image", "image/png", "AAAA")],
    "nothing": [],
}
REASONS = ["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "other"]


def answer(name: str, reason: Any = "stop") -> Answer:
    return Answer(choices=[Choice(PARTS[name], Finish(reason, reason))], usage=Usage(1, 2, 3, 4, 5))


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("name", PARTS)
def test_whole_answers(name: str, reason: str) -> None:
    written = DIALECT.write_answer(answer(name, reason), Asked("m"))
    completion = ChatCompletion.model_validate_json(written, strict=True)
    assert completion.usage is not None and completion.usage.total_tokens == 15
    assert completion.choices[0].message.role == "assistant"


@pytest.mark.parametrize("usage", [True, False])
@pytest.mark.parametrize("name", PARTS)
def test_streams(name: str, usage: bool) -> None:
    reader = SSEReader()
    data = DIALECT.answer_writer(Asked("m", include_usage=usage)).write(unfold(answer(name)))
    pairs = reader.feed(data)
    assert pairs[-1][1] == b"[DONE]"
    chunks = [ChatCompletionChunk.model_validate_json(found, strict=True) for _, found in pairs[:-1]]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert (chunks[-1].usage is not None) is usage
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "".join(part.text for part in PARTS[name] if isinstance(part, Text)) or name == "image"


def test_a_foreign_history_is_well_formed() -> None:
    picture = Media("image", "image/png", "AAAA")
    turns = [
        Turn("system", [Text("s"), Text("t")]),
        Turn(
            "user",
            [
                Text("u"),
                picture,
                Media("audio", "audio/mpeg", "AAAA"),
                Media("document", "application/pdf", "AAAA"),
            ],
        ),
        Turn(
            "assistant",
            [Thinking("t", Signature("anthropic", "s")), Text("a"), ToolCall("x", "a.b", '{"a":1}')],
        ),
        Turn("user", [ToolResult("x", "a.b", [Text("1"), picture], is_error=True), Text("go on")]),
        Turn("assistant", [ToolCall("y", "patch", "free", freeform=True), Refusal("no")]),
    ]
    tools = [
        Tool("function", "a.b", parameters={"type": "object"}),
        Tool("custom", "patch", dialect="responses"),
    ]
    written = DIALECT.write_request(Dialogue("m", turns, tools=tools), Profile())
    assert written.losses == []
    for message in written.body["messages"]:
        found = MESSAGE.validate_python(message)
        content = found.get("content")
        for part in content if not isinstance(content, str | None) else ():
            assert part["type"]
        for call in found.get("tool_calls") or ():
            assert call["type"] == "function"
    for tool in written.body["tools"]:
        assert TOOL.validate_python(tool)["type"] == "function"


def test_a_custom_call_to_the_client_who_declared_it() -> None:
    body = {"tools": [{"type": "custom", "custom": {"name": "patch"}}]}
    call = Answer(choices=[Choice([ToolCall("x", "patch", '{"input":"y"}')], Finish("tool_calls"))])
    completion = ChatCompletion.model_validate_json(DIALECT.write_answer(call, Asked("m", body=body)), strict=True)
    calls = completion.choices[0].message.tool_calls
    assert calls is not None and calls[0].type == "custom" and calls[0].custom.input == "y"


def test_error_documents_have_the_keys_the_sdk_reads() -> None:

    assert set(loads(DIALECT.write_error(Fault(500, "x"), "r"))["error"]) == {
        "message",
        "type",
        "param",
        "code",
    }
