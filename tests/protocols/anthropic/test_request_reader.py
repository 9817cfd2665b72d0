from __future__ import annotations

from base64 import b64decode
from copy import deepcopy

import pytest

from gateway.canon.dialogue import Dialogue, OutputFormat, ThinkingWish, Tool, ToolChoice, Turn
from gateway.canon.parts import Media, Opaque, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.anthropic import DIALECT
from tests.protocols.anthropic.bodies import (
    BASE64,
    CALL,
    CLAUDE_CODE,
    EPHEMERAL,
    NORMAL,
    TOOL,
    assistant,
    document,
    image,
    result,
    said,
    text,
    user,
)


def read(**fields: object) -> Dialogue:
    return DIALECT.read_request(said(user("hi"), **fields))


def test_claude_code() -> None:
    dialogue = DIALECT.read_request(CLAUDE_CODE)
    assert [turn.role for turn in dialogue.turns] == ["system", "user", "system", "assistant", "user"]
    billing, prompt, _ = dialogue.turns[0].parts
    assert isinstance(billing, Text) and billing.extras["anthropic"]["attribution"] is True
    assert isinstance(prompt, Text) and prompt.extras == {"anthropic": {"cache_control": EPHEMERAL}}
    assert dialogue.turns[2].parts == [Text("Mind the budget.")]
    thinking, _, call, other = dialogue.turns[3].parts
    assert thinking == Thinking("hm", Signature("anthropic", "EqQB+/="))
    assert call == ToolCall("toolu_1", "f", '{"a":[1,2.5,null,"ü"]}')
    assert isinstance(other, ToolCall) and other.arguments == "{}"
    picture, failed, _ = dialogue.turns[4].parts
    assert isinstance(picture, ToolResult) and isinstance(picture.parts[0], Media) and not picture.is_error
    assert isinstance(failed, ToolResult) and failed.is_error and failed.parts == [Text("no")]
    function, search, _ = dialogue.tools
    assert function.kind == "function" and function.strict is True
    assert function.extras["anthropic"]["defer_loading"] is True
    assert search == Tool("builtin", "web_search", dialect="anthropic", raw=CLAUDE_CODE["tools"][1])
    assert dialogue.thinking == ThinkingWish("adaptive", None, "xhigh", shown=False)
    assert dialogue.user == CLAUDE_CODE["metadata"]["user_id"]
    assert dialogue.stream and dialogue.include_usage and dialogue.knobs.max_tokens == 32000
    assert dialogue.extras["anthropic"].keys() == {"context_management"}


def test_the_body_is_left_alone() -> None:
    for body in NORMAL.values():
        before = deepcopy(body)
        DIALECT.read_request(body)
        assert body == before


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ({}, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, ThinkingWish("on", 5)),
        ({"thinking": {"type": "disabled"}}, ThinkingWish("off")),
        ({"thinking": {"type": "adaptive"}}, ThinkingWish("adaptive")),
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, ThinkingWish("adaptive", shown=True)),
        ({"output_config": {"effort": "max"}}, ThinkingWish("on", None, "max")),
    ],
)
def test_thinking(fields: dict[str, object], wish: ThinkingWish | None) -> None:
    assert read(**fields).thinking == wish


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        ({"type": "auto"}, ToolChoice("auto"), None),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("required"), False),
        ({"type": "tool", "name": "f", "disable_parallel_tool_use": False}, ToolChoice("one", ["f"]), True),
        ({"type": "none"}, ToolChoice("none"), None),
    ],
)
def test_tool_choice(choice: dict[str, object], expected: ToolChoice, parallel: bool | None) -> None:
    dialogue = read(tools=[TOOL], tool_choice=choice)
    assert dialogue.tool_choice == expected and dialogue.parallel_tool_calls is parallel


def test_media() -> None:
    plain = document({"type": "text", "media_type": "text/plain", "data": "Grüße"}, title="T")
    unknown = image(type="brand_new", x=1)
    body = said(user([image(**BASE64), image(type="url", url="https://a.example"), plain, unknown]))
    picture, linked, paper, odd = DIALECT.read_request(body).turns[0].parts
    assert picture == Media("image", mime="image/png", data=BASE64["data"])
    assert linked == Media("image", url="https://a.example")
    assert isinstance(paper, Media) and paper.name == "T" and paper.mime == "text/plain"
    assert b64decode(paper.data or "").decode() == "Grüße"
    assert odd == Opaque("anthropic", unknown)


def test_output_format_and_overrides() -> None:
    schema = {"type": "object"}
    assert read(output_config={"format": {"type": "json_schema", "schema": schema}}).output == OutputFormat(
        "schema", schema
    )
    dialogue = DIALECT.read_request(said(user("x")), "other", True)
    assert dialogue.model == "other" and dialogue.stream


def test_signatures_of_other_authors_are_unsealed() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "dragoman+openai:gAAA"}
    redacted = {"type": "redacted_thinking", "data": "dragoman+openai:gBBB"}
    parts = DIALECT.read_request(said(user("x"), assistant([block, redacted]))).turns[1].parts
    assert parts == [
        Thinking("hm", Signature("openai", "gAAA")),
        Thinking("", redacted=Signature("openai", "gBBB")),
    ]


def test_attribution_is_marked_in_system_blocks_only() -> None:
    billing = "x-anthropic-billing-header: cc_version=2;"
    marked = {"anthropic": {"attribution": True}}
    body = said(user([text(billing)]), system=[text(billing), text("Be kind.")])
    system, asked = DIALECT.read_request(body).turns
    assert system.parts == [Text(billing, extras=marked), Text("Be kind.")]
    assert asked.parts == [Text(billing)]
    assert DIALECT.read_request(said(user("x"), system=billing + "\nBe kind.")).turns[0].parts[0].extras == {}


def test_empty_system_makes_no_turn() -> None:
    for system in ("", [], None):
        assert [turn.role for turn in read(system=system).turns] == ["user"]


def test_histories_are_prefixes() -> None:
    messages = CLAUDE_CODE["messages"]
    whole = DIALECT.read_request(CLAUDE_CODE).turns
    for count in range(1, len(messages)):
        assert DIALECT.read_request({**CLAUDE_CODE, "messages": messages[:count]}).turns == whole[: count + 1]


def test_unknown_things_are_kept() -> None:
    odd = {"type": "brand_new"}
    body = said(user([odd], extra=1), assistant([{**CALL, "x": 1}]), user([result("y", z=1)]), beta=True)
    dialogue = DIALECT.read_request(body)
    assert dialogue.turns[0] == Turn("user", [Opaque("anthropic", odd)], extras={"anthropic": {"extra": 1}})
    assert dialogue.extras["anthropic"] == {"beta": True}
    assert DIALECT.read_request(said(user([text("a", x=1)]))).turns[0].parts[0] == Text(
        "a", extras={"anthropic": {"x": 1}}
    )
