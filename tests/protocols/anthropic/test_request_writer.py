from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, ThinkingWish, Tool, ToolChoice, Turn
from gateway.canon.pairing import paired
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.dialect import Written
from tests.protocols.anthropic.bodies import CLAUDE_CODE, NORMAL

PLAIN = Profile()
BUDGET = Profile(thinking="budget", max_output_tokens=64000)
ADAPTIVE = Profile(thinking="adaptive")
TOOL = Tool("function", "f", parameters={"type": "object"})
SIGNED = Thinking("hm", Signature("anthropic", "EqQB"))


def ask(*turns: Turn, **fields: Any) -> Dialogue:
    return Dialogue("m", list(turns) or [Turn("user", [Text("hi")])], **fields)


def user(*parts: Part | str) -> Turn:
    return Turn("user", [Text(part) if isinstance(part, str) else part for part in parts])


def assistant(*parts: Part | str) -> Turn:
    return Turn("assistant", [Text(part) if isinstance(part, str) else part for part in parts])


def write(dialogue: Dialogue, profile: Profile = PLAIN) -> Written:
    return DIALECT.write_request(dialogue, profile)


def lost(written: Written) -> list[str]:
    return [loss.path for loss in written.losses]


@pytest.mark.parametrize("name", NORMAL)
def test_own_bodies_come_back_as_they_were(name: str) -> None:
    body = NORMAL[name]
    before = deepcopy(body)
    dialogue = DIALECT.read_request(body)
    dialogue.turns, _ = paired(dialogue.turns)
    written = write(dialogue, BUDGET if "budget_tokens" in body.get("thinking", {}) else ADAPTIVE)
    assert written.body == before
    assert written.losses == [] and written.names is None
    assert body == before


def test_written_histories_are_prefixes() -> None:
    messages = CLAUDE_CODE["messages"]
    whole = write(DIALECT.read_request(CLAUDE_CODE), ADAPTIVE).body
    for count in range(1, len(messages)):
        part = write(DIALECT.read_request({**CLAUDE_CODE, "messages": messages[:count]}), ADAPTIVE).body
        assert part["messages"] == whole["messages"][:count]
        assert (part["system"], part["tools"]) == (whole["system"], whole["tools"])


def test_limits() -> None:
    assert write(ask()).body["max_tokens"] == 8192
    assert write(ask(knobs=Knobs(max_tokens=5))).body["max_tokens"] == 5
    assert write(ask(knobs=Knobs(max_tokens=128000)), BUDGET).body["max_tokens"] == 64000


def test_knobs_it_cannot_say() -> None:
    knobs = Knobs(1.5, 0.9, 5, None, ["END", "\n"], 7, 0.1, 0.2, 3, True, 4)
    written = write(ask(knobs=knobs, verbosity="low", modalities=["text", "audio"], service_tier="flex"))
    assert written.body["temperature"] == 1 and written.body["stop_sequences"] == ["END"]
    assert written.body.keys() == {
        *("model", "messages", "max_tokens", "temperature", "top_k", "stop_sequences"),
    }
    assert set(lost(written)) == {
        *("temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "n"),
        *("logprobs", "top_logprobs", "verbosity", "modalities", "service_tier"),
    }
    assert write(ask(knobs=Knobs(n=1, presence_penalty=0, logprobs=False))).losses == []


def test_a_paused_turn_goes_back_as_it_came() -> None:
    use = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    turns = [user("x"), assistant(SIGNED, Opaque("anthropic", use), "so \n")]
    written = write(ask(*turns), Profile(trailing_assistant=False))
    assert written.body["messages"][-1]["content"][-1]["text"] == "so \n" and written.losses == []


def test_profile_drops() -> None:
    written = write(ask(knobs=Knobs(temperature=0.5)), Profile(drop=("temperature", "top_k")))
    assert "temperature" not in written.body and lost(written) == ["temperature"]


def test_foreign_fields_are_losses() -> None:
    written = write(ask(extras={"chat": {"logit_bias": {}, "store": True}, "responses": {}}))
    assert lost(written) == ["logit_bias"]


def test_system_turns_are_gathered() -> None:
    turns = [
        Turn("system", [Text("a")]),
        user("x"),
        Turn("developer", [Text("b")]),
        user("y"),
        Turn("system", [Text("")]),
    ]
    body = write(ask(*turns)).body
    assert body["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]}
    ]
    assert write(ask(Turn("system", [Text("a")]), user("x"))).body["system"] == "a"
    assert "system" not in write(ask(Turn("system", [Text(" ")]), user("x"))).body


def test_the_first_message_is_the_users() -> None:
    filler = {"role": "user", "content": "."}
    assert write(ask(assistant("ho"), user("x"))).body["messages"][0] == filler
    assert write(ask(Turn("system", [Text("a")]))).body["messages"] == [filler]
    assert write(ask(user("  "))).body["messages"] == [filler]


def test_blank_texts_and_the_end() -> None:
    messages = write(ask(user("x", "", " \n"), assistant("ho \n"))).body["messages"]
    assert messages == [{"role": "user", "content": "x"}, {"role": "assistant", "content": "ho"}]
    written = write(ask(user("x"), assistant("ho")), Profile(trailing_assistant=False))
    assert written.body["messages"][-1]["role"] == "user" and lost(written) == ["messages"]


def test_a_tool_round_of_another_client() -> None:
    calls = [
        ToolCall("call|1", "ns.f", '{"a":1}'),
        ToolCall("c2", "f", "not json"),
        ToolCall("c3", "p", "*", freeform=True),
    ]
    first = ToolResult("c2", "f", [Text("ok"), Media("image", mime="image/png", data="AA")])
    second = ToolResult("call|1", "ns.f", [], is_error=True)
    written = write(
        ask(user("x"), assistant(*calls), user("look", first), user(second), tools=[TOOL, Tool("custom", "p")])
    )
    _, call, results = written.body["messages"]
    assert [block["name"] for block in call["content"]] == ["ns_f", "f", "p"]
    assert [block["input"] for block in call["content"]] == [{"a": 1}, {"input": "not json"}, {"input": "*"}]
    assert [block["type"] for block in results["content"]] == ["tool_result", "tool_result", "text"]
    failed = results["content"][1]
    assert failed["tool_use_id"] == call["content"][0]["id"] and "|" not in failed["tool_use_id"]
    assert failed["is_error"] is True and failed["content"]
    assert results["content"][0]["content"][1]["source"]["media_type"] == "image/png"
    assert written.names is not None and written.names.from_wire("ns_f") == "ns.f"
    assert written.body["tools"][1]["input_schema"]["required"] == ["input"]
    assert written.losses == []


def test_thinking_goes_back_to_its_author_only() -> None:
    parts = [
        Thinking("mine", Signature("gemini", "x")),
        Thinking("", Signature("openai", "y")),
        Thinking("bare"),
        SIGNED,
    ]
    written = write(ask(user("x"), assistant(*parts, Refusal("no")), user("y")))
    content = written.body["messages"][1]["content"]
    assert content == [
        {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
        {"type": "text", "text": "no"},
    ]
    assert lost(written) == ["turns[1].parts[0]", "turns[1].parts[2]"]


@pytest.mark.parametrize(
    ("wish", "profile", "thinking", "effort"),
    [
        (None, BUDGET, None, None),
        (
            None,
            Profile(thinking="budget", thinking_default=2048),
            {"type": "enabled", "budget_tokens": 2048},
            None,
        ),
        (None, Profile(thinking="adaptive", thinking_default=-1), {"type": "adaptive"}, None),
        (None, Profile(thinking="adaptive", thinking_default=0), {"type": "disabled"}, None),
        (ThinkingWish("off"), BUDGET, {"type": "disabled"}, None),
        (ThinkingWish("on", 0), BUDGET, {"type": "disabled"}, None),
        (ThinkingWish("on", None, "none"), ADAPTIVE, {"type": "disabled"}, None),
        (ThinkingWish("on", 20), BUDGET, {"type": "enabled", "budget_tokens": 1024}, None),
        (ThinkingWish("on", -1), BUDGET, {"type": "enabled", "budget_tokens": 16000}, None),
        (ThinkingWish("on", None, "low"), BUDGET, {"type": "enabled", "budget_tokens": 1024}, None),
        (ThinkingWish("adaptive", None, "high"), BUDGET, {"type": "enabled", "budget_tokens": 32000}, None),
        (ThinkingWish("on", None, "minimal"), ADAPTIVE, {"type": "adaptive"}, "low"),
        (ThinkingWish("on", None, "xhigh"), ADAPTIVE, {"type": "adaptive"}, "xhigh"),
        (ThinkingWish("on", 16000), ADAPTIVE, {"type": "adaptive"}, "medium"),
        (ThinkingWish("on", -1), ADAPTIVE, {"type": "adaptive"}, None),
        (ThinkingWish("on", summary="auto"), ADAPTIVE, {"type": "adaptive", "display": "summarized"}, None),
        (ThinkingWish("on", shown=False), ADAPTIVE, {"type": "adaptive", "display": "omitted"}, None),
        (ThinkingWish("on"), PLAIN, None, None),
    ],
)
def test_thinking_wishes(
    wish: ThinkingWish | None, profile: Profile, thinking: dict[str, Any] | None, effort: str | None
) -> None:
    body = write(ask(thinking=wish), profile).body
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort


@pytest.mark.parametrize(
    ("limit", "budget", "cap", "expected"),
    [
        (9000, 2000, None, (9000, 2000)),
        (1000, 2000, None, (3000, 2000)),
        (1000, 63900, 64000, (64000, 63900)),
        (8000, 64000, 64000, (64000, 56000)),
        (8000, 32000, 4096, (4096, 2048)),
        (100, 4000, 1500, (1500, 1400)),
        (5, 4000, 1024, None),
    ],
)
def test_the_limit_exceeds_the_budget(
    limit: int, budget: int, cap: int | None, expected: tuple[int, int] | None
) -> None:
    profile = Profile(thinking="budget", max_output_tokens=cap)
    written = write(ask(knobs=Knobs(max_tokens=limit), thinking=ThinkingWish("on", budget)), profile)
    if expected is None:
        assert "thinking" not in written.body and lost(written) == ["thinking"]
        return
    assert (written.body["max_tokens"], written.body["thinking"]["budget_tokens"]) == expected
    assert written.losses == []


def test_what_thinking_forbids() -> None:
    wish = ThinkingWish("on", 2000)
    written = write(ask(knobs=Knobs(temperature=0.5, top_k=5), thinking=wish), BUDGET)
    assert not written.body.keys() & {"temperature", "top_k"} and lost(written) == ["temperature", "top_k"]
    assert write(ask(knobs=Knobs(top_p=0.97), thinking=wish), BUDGET).body["top_p"] == 0.97
    forced = write(ask(tools=[TOOL], tool_choice=ToolChoice("required"), thinking=wish), ADAPTIVE)
    assert "thinking" not in forced.body and lost(forced) == ["thinking"]
    silent = Profile(thinking="budget", thinking_default=2000)
    assert write(ask(tools=[TOOL], tool_choice=ToolChoice("required")), silent).losses == []


def test_a_tool_round_without_signed_thinking_is_not_thought_on() -> None:
    wish = ThinkingWish("on", 2000)
    call, answer = ToolCall("c", "f", "{}"), ToolResult("c", "f", [Text("ok")])
    bare = write(ask(user("x"), assistant(call), user(answer), thinking=wish), BUDGET)
    assert "thinking" not in bare.body and lost(bare) == ["thinking"]
    signed = write(ask(user("x"), assistant(SIGNED, call), user(answer), thinking=wish), BUDGET)
    assert signed.body["thinking"]["budget_tokens"] == 2000
    later = write(ask(user("x"), assistant(call), user(answer), assistant("y"), user("z"), thinking=wish), BUDGET)
    assert "thinking" in later.body


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("one", ["a.b"]), None, {"type": "tool", "name": "a_b"}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("allowed", ["f"]), None, {"type": "auto"}),
        (ToolChoice("allowed", ["f"], True), None, {"type": "any"}),
    ],
)
def test_tool_choice(choice: ToolChoice | None, parallel: bool | None, expected: Any) -> None:
    tools = [TOOL, Tool("function", "a.b")]
    body = write(ask(tools=tools, tool_choice=choice, parallel_tool_calls=parallel)).body
    assert body.get("tool_choice") == expected
    allowed = choice is not None and choice.mode == "allowed"
    assert [tool["name"] for tool in body["tools"]] == (["f"] if allowed else ["f", "a_b"])
    assert "tool_choice" not in write(ask(tool_choice=choice, parallel_tool_calls=parallel)).body


def test_tool_schemas_are_objects() -> None:
    union = {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"properties": {"b": {}}}]}
    tools = [
        Tool("function", "x", "does x", None),
        Tool("function", "y", parameters=True, strict=True),
        Tool("function", "z", parameters=union, strict=False),
        Tool("builtin", "web_search", dialect="responses", raw={"type": "web_search"}),
        Tool("builtin", "file_search", dialect="responses", raw={"type": "file_search"}),
    ]
    written = write(ask(tools=tools))
    assert written.body["tools"] == [
        {"name": "x", "description": "does x", "input_schema": {"type": "object", "properties": {}}},
        {"name": "y", "input_schema": {"type": "object", "properties": {}}, "strict": True},
        {"name": "z", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}}},
        {"type": "web_search_20250305", "name": "web_search"},
    ]
    assert lost(written) == ["tools[2].parameters", "tools[4]"]


def test_output_formats() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "object"}}}}
    before = deepcopy(schema)
    written = write(ask(output=OutputFormat("schema", schema, "answer")))
    closed = written.body["output_config"]["format"]["schema"]
    assert closed["additionalProperties"] is False
    assert closed["properties"]["a"]["items"] == {"type": "object", "additionalProperties": False}
    assert schema == before and written.losses == []
    assert lost(write(ask(output=OutputFormat("json")))) == ["response_format"]
    assert write(ask(output=OutputFormat("text"))).losses == []


@pytest.mark.parametrize(
    "media",
    [
        Media("audio", mime="audio/wav", data="AA"),
        Media("video", url="https://a.example/x.mp4"),
        Media("image", mime="image/svg+xml", data="AA"),
        Media("image", file_id="file-openai"),
        Media("document", mime="application/zip", data="AA"),
        Media("image", url="gs://bucket/x.png"),
    ],
)
def test_media_it_cannot_carry(media: Media) -> None:
    written = write(ask(user("see", media)))
    assert written.body["messages"] == [{"role": "user", "content": "see"}]
    assert lost(written) == ["turns[0].parts[1]"]


def test_media_it_can_carry() -> None:
    media = [
        Media("image", data="AA"),
        Media("image", mime="image/jpg", data="AA"),
        Media("document", mime="text/csv", data="YSxi", name="t.csv"),
    ]
    first, second, third = write(ask(user(*media))).body["messages"][0]["content"]
    assert first["source"]["media_type"] == "image/png" and second["source"]["media_type"] == "image/jpeg"
    assert third == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "a,b"},
        "title": "t.csv",
    }


def test_what_other_dialects_know_is_lost() -> None:
    written = write(ask(user("x", Opaque("gemini", {})), assistant(Media("image", data="AA"), "y"), user("z")))
    assert lost(written) == ["turns[0].parts[1]", "turns[1].parts[0]"]


def test_user_and_made_citations() -> None:
    assert write(ask(user="anna")).body["metadata"] == {"user_id": "anna"}
    made = {"type": "web_search_result_location", "url": "https://a.example", "encrypted_index": ""}
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x", "citations": [made]}]}],
    }
    written = write(DIALECT.read_request(body)).body
    assert written["messages"][0]["content"][0]["citations"] == []
