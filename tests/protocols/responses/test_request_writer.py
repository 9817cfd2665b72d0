"""Dialogues of other dialects toward a provider that speaks Responses."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, ThinkingWish, Tool, ToolChoice, Turn
from gateway.canon.pairing import paired
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.responses import DIALECT

USER = Turn("user", [Text("hi")])


def write(*turns: Turn, profile: Profile | None = None, **fields: Any) -> Any:
    return DIALECT.write_request(Dialogue("m", list(turns), **fields), profile or Profile())


def test_a_plain_dialogue() -> None:
    billing = Text("x-anthropic-billing-header: x", extras={"anthropic": {"attribution": True}})
    written = write(
        Turn("system", [billing, Text("one"), Text("two")]),
        Turn("developer", [Text("three")]),
        USER,
        stream=True,
    )
    assert written.body == {
        "model": "m",
        "instructions": "one\n\ntwo\n\nthree",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "stream": True,
        "store": False,
    }
    assert written.losses == [] and written.names is None


def test_system_turns_in_the_middle_stay() -> None:
    items = write(USER, Turn("system", [Text("s")]), USER).body["input"]
    assert [item["role"] for item in items] == ["user", "system", "user"]


def test_a_tool_round() -> None:
    turns = [
        USER,
        Turn(
            "assistant",
            [
                Thinking("foreign", Signature("anthropic", "S")),
                Thinking("own", Signature("openai", "gAA")),
                Text("a"),
                Text("b"),
                Refusal("c"),
                ToolCall("1", "do.it", '{"x":1}', Signature("gemini", "G")),
                ToolCall("2", "patch", "***", freeform=True),
            ],
        ),
        Turn(
            "user",
            [
                ToolResult("2", "patch", [Text("done")]),
                ToolResult("1", "do.it", [Text("t"), Media("image", "image/png", data="aGk=")], is_error=True),
                Text("and now"),
            ],
        ),
    ]
    written = write(*turns, tools=[Tool("function", "do.it"), Tool("custom", "patch")])
    items = written.body["input"][1:]
    assert [item["type"] for item in items] == [
        "reasoning",
        "message",
        "function_call",
        "custom_tool_call",
        "custom_tool_call_output",
        "function_call_output",
        "message",
    ]
    assert items[0]["encrypted_content"] == "gAA"
    assert [part["type"] for part in items[1]["content"]] == ["output_text", "output_text", "refusal"]
    assert items[2] == {"type": "function_call", "call_id": "1", "name": "do_it", "arguments": '{"x":1}'}
    assert items[5]["output"][0] == {"type": "input_text", "text": "Error: t"}
    assert items[5]["output"][1] == {
        "type": "input_image",
        "image_url": "data:image/png;base64,aGk=",
        "detail": "auto",
    }
    assert items[4]["output"] == "done"
    assert written.body["tools"][0]["name"] == "do_it" and written.body["tools"][0]["strict"] is False
    assert written.names is not None and written.names.from_wire("do_it") == "do.it"
    assert [loss.path for loss in written.losses] == ["turns[1]"]


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            Media("image", url="https://x"),
            {"type": "input_image", "image_url": "https://x", "detail": "auto"},
        ),
        (Media("image", file_id="f", detail="low"), {"type": "input_image", "file_id": "f", "detail": "low"}),
        (Media("document", url="https://x"), {"type": "input_file", "file_url": "https://x"}),
        (
            Media("document", "application/pdf", data="aGk="),
            {
                "type": "input_file",
                "filename": "document.pdf",
                "file_data": "data:application/pdf;base64,aGk=",
            },
        ),
        (
            Media("audio", "audio/mpeg", data="aGk="),
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
        ),
        (Media("video", "video/mp4", data="aGk="), None),
        (Media("audio", url="https://x"), None),
        (Opaque("anthropic", {"type": "container_upload"}), None),
    ],
)
def test_media(part: Part, block: dict[str, Any] | None) -> None:
    written = write(Turn("user", [Text("t"), part]))
    content = written.body["input"][0]["content"]
    assert content[1:] == ([] if block is None else [block])
    assert len(written.losses) == (1 if block is None else 0)


@pytest.mark.parametrize(
    ("wish", "profile", "reasoning"),
    [
        (None, Profile(thinking="effort"), None),
        (None, Profile(thinking="effort", thinking_default=-1), None),
        (None, Profile(thinking="effort", thinking_default=0), {"effort": "none"}),
        (None, Profile(thinking="effort", thinking_default=16000), {"effort": "medium"}),
        (ThinkingWish("off"), Profile(thinking="effort", thinking_default=16000), {"effort": "none"}),
        (ThinkingWish("on", budget=31999), Profile(thinking="effort"), {"effort": "high", "summary": "auto"}),
        (ThinkingWish("on", budget=5, shown=False), Profile(thinking="effort"), {"effort": "minimal"}),
        (ThinkingWish("on", effort="xhigh"), Profile(thinking="effort"), {"effort": "xhigh"}),
        (ThinkingWish("adaptive", shown=True), Profile(thinking="effort"), {"summary": "auto"}),
        (ThinkingWish("on", effort="high"), Profile(), None),
    ],
)
def test_thinking(wish: ThinkingWish | None, profile: Profile, reasoning: Any) -> None:
    written = write(USER, thinking=wish, profile=profile)
    assert written.body.get("reasoning") == reasoning
    assert written.body.get("include") == (None if profile.thinking == "none" else ["reasoning.encrypted_content"])
    assert len(written.losses) == (1 if wish and profile.thinking == "none" else 0)


def test_knobs_and_what_cannot_be_carried() -> None:
    knobs = Knobs(
        temperature=0.5,
        top_k=3,
        stop=["x"],
        seed=1,
        n=2,
        presence_penalty=1.0,
        max_tokens=9000,
        logprobs=True,
    )
    written = write(
        USER,
        knobs=knobs,
        modalities=["text", "audio"],
        extras={"chat": {"metadata": {"a": "b"}, "logit_bias": {}}, "anthropic": {"container": "x"}},
        profile=Profile(max_output_tokens=8000, drop=("temperature", "store")),
    )
    assert written.body["max_output_tokens"] == 8000
    assert written.body["metadata"] == {"a": "b"}
    assert written.body["include"] == ["message.output_text.logprobs"]
    assert not {"temperature", "store", "logit_bias", "container", "stop"} & written.body.keys()
    assert sorted(loss.path for loss in written.losses) == sorted(
        [
            "top_k",
            "stop",
            "seed",
            "n",
            "presence_penalty",
            "modalities",
            "logit_bias",
            "container",
            "temperature",
        ]
    )
    assert write(USER, knobs=Knobs(max_tokens=1)).body["max_output_tokens"] == 16


def test_tools_of_other_dialects() -> None:
    tools = [
        Tool("function", "f", "d", {"type": "object"}, strict=True),
        Tool("custom", "c", raw={"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}),
        Tool("builtin", "web_search", dialect="anthropic", raw={"type": "web_search_20250305"}),
        Tool("builtin", "bash", dialect="anthropic", raw={"type": "bash_20250124"}),
    ]
    written = write(USER, tools=tools, tool_choice=ToolChoice("allowed", ["f", "c", "web_search"], required=True))
    assert written.body["tools"] == [
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": {"type": "object", "properties": {}},
            "strict": True,
        },
        {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
        {"type": "web_search"},
    ]
    assert written.body["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}, {"type": "web_search"}],
    }
    assert [loss.path for loss in written.losses] == ["tools[3]"]
    assert "tool_choice" not in write(USER, tool_choice=ToolChoice("auto")).body


def test_output_formats() -> None:
    form = write(USER, output=OutputFormat("schema", {"type": "object"}), verbosity="low").body["text"]
    assert form == {
        "format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}},
        "verbosity": "low",
    }
    assert write(USER, output=OutputFormat("json")).body["text"] == {"format": {"type": "json_object"}}


def test_foreign_signatures_never_leave() -> None:
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "dragoman+gemini:SECRET"}
    body = {
        "model": "m",
        "input": [{"role": "user", "content": "x"}, sealed, {"role": "assistant", "content": "y"}],
    }
    written = DIALECT.write_request(DIALECT.read_request(body), Profile())
    assert "SECRET" not in str(written.body) and written.losses == []


def test_client_tool_results_from_elsewhere() -> None:
    call = {"type": "apply_patch_call", "call_id": "c", "operation": {"type": "delete_file", "path": "a"}}
    dialogue = DIALECT.read_request({"model": "m", "input": [{"role": "user", "content": "x"}, call]})
    dialogue.turns.append(Turn("user", [ToolResult("c", "apply_patch", [Text("interrupted")], is_error=True)]))
    last = DIALECT.write_request(dialogue, Profile()).body["input"][-1]
    assert last == {
        "type": "apply_patch_call_output",
        "call_id": "c",
        "status": "failed",
        "output": "interrupted",
    }


def test_a_dialogue_of_system_turns_alone_has_an_input() -> None:
    body = write(Turn("system", [Text("s")])).body
    assert "instructions" not in body and body["input"][0]["role"] == "system"


def test_interrupted_call_before_an_own_message() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    dialogue = DIALECT.read_request({"model": "m", "input": [call, {"role": "user", "content": "stop"}]})
    dialogue.turns, _ = paired(dialogue.turns)
    items = DIALECT.write_request(dialogue, Profile()).body["input"]
    assert items[1]["type"] == "function_call_output" and items[1]["call_id"] == "c" and items[1]["output"]
    assert items[2] == {"role": "user", "content": "stop"}


def test_reasoning_nobody_kept_is_not_referred_to() -> None:
    bare = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "x"}]}
    user = {"role": "user", "content": "x"}

    def items(reasoning: dict[str, Any], **fields: Any) -> Any:
        body = {"model": "m", "input": [user, reasoning, user], **fields}
        return DIALECT.write_request(DIALECT.read_request(body), Profile())

    assert len(items(bare).body["input"]) == 2 and len(items(bare).losses) == 1
    assert len(items(bare, store=True).body["input"]) == 3
    assert len(items({**bare, "encrypted_content": "gAA"}).body["input"]) == 3
    assert len(items({**bare, "content": [{"type": "reasoning_text", "text": "x"}]}).body["input"]) == 3


def test_parameters_openai_accepts() -> None:
    for given in (None, {}, True, {"type": "object"}):
        assert write(USER, tools=[Tool("function", "f", parameters=given)]).body["tools"][0]["parameters"] == {
            "type": "object",
            "properties": {},
        }
