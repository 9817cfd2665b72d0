"""Requests in the dialect's normal form: read and written back they are the same."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

EPHEMERAL = {"type": "ephemeral", "ttl": "1h"}
PNG = b64encode(b"\x89PNG....").decode()


def said(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 100, "messages": list(messages), **fields}


def user(content: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **fields}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def text(value: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **fields}


CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, 2.5, None, "ü"]}}
CALL2 = {"type": "tool_use", "id": "toolu_2", "name": "g-2", "input": {}, "caller": {"type": "direct"}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "EqQB+/="}
TOOL = {"name": "f", "description": "does f", "input_schema": {"type": "object", "properties": {"a": {}}}}


def result(content: Any = None, **fields: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", **fields}
    return block if content is None else {**block, "content": content}


def image(**source: Any) -> dict[str, Any]:
    return {"type": "image", "source": source}


def document(source: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, **fields}


BASE64 = {"type": "base64", "media_type": "image/png", "data": PNG}
PDF = {"type": "base64", "media_type": "application/pdf", "data": PNG}

CLAUDE_CODE: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 32000,
    "stream": True,
    "system": [
        text("x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli;"),
        text("You are Claude Code.", cache_control=EPHEMERAL),
        text("More.", cache_control=EPHEMERAL),
    ],
    "messages": [
        user([text("<reminder>"), text("do it", cache_control=EPHEMERAL)]),
        {"role": "system", "content": "Mind the budget."},
        assistant([THOUGHT, text("I will."), CALL, CALL2]),
        user(
            [
                result([image(**BASE64), text("done")], cache_control=EPHEMERAL),
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no", "is_error": True},
                text("and now?"),
            ]
        ),
    ],
    "tools": [
        {
            **TOOL,
            "defer_loading": True,
            "eager_input_streaming": True,
            "strict": True,
            "cache_control": EPHEMERAL,
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        {"type": "custom", "name": "h", "input_schema": {"type": "object"}},
    ],
    "thinking": {"type": "adaptive", "display": "omitted"},
    "output_config": {"effort": "xhigh"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "metadata": {"user_id": '{"device_id":"d","session_id":"s"}'},
}

NORMAL: dict[str, dict[str, Any]] = {
    "plain": said(user("hi")),
    "system string": said(user("hi"), system="be kind"),
    "system of one block": said(user("hi"), system=[text("be kind")]),
    "blocks": said(user([text("hi")]), assistant([text("ho")]), user([text("a"), text("b")])),
    "knobs": said(
        user("hi"),
        temperature=0.5,
        top_p=0.9,
        top_k=4,
        stop_sequences=["END"],
        service_tier="auto",
        stream=True,
    ),
    "tools": said(user("hi"), tools=[TOOL], tool_choice={"type": "auto"}),
    "any tool": said(user("hi"), tools=[TOOL], tool_choice={"type": "any", "disable_parallel_tool_use": True}),
    "one tool": said(user("hi"), tools=[TOOL], tool_choice={"type": "tool", "name": "f"}),
    "no tool": said(user("hi"), tools=[TOOL], tool_choice={"type": "none"}),
    "tool round": said(
        user("hi"),
        assistant([text("ok"), CALL, CALL2]),
        user([result("fine"), result([text("x")], tool_use_id="toolu_2")]),
    ),
    "empty results": said(user("hi"), assistant([CALL]), user([result(is_error=False)])),
    "tool reference": said(
        user("hi"), assistant([CALL]), user([result([{"type": "tool_reference", "tool_name": "x"}])])
    ),
    "redacted": said(user("hi"), assistant([{"type": "redacted_thinking", "data": "Emw"}, text("x")]), user("y")),
    "omitted thinking": said(
        user("hi"),
        assistant([{"type": "thinking", "thinking": "", "signature": "Eqs"}, text("x")]),
        user("y"),
    ),
    "images": said(
        user(
            [
                image(**BASE64),
                image(type="url", url="https://a.example/x.png"),
                image(type="file", file_id="file_1"),
            ]
        )
    ),
    "documents": said(
        user(
            [
                document(PDF, title="T", context="C", citations={"enabled": True}, cache_control=EPHEMERAL),
                document({"type": "url", "url": "https://a.example/x.pdf"}),
                document({"type": "text", "media_type": "text/plain", "data": "Grüße"}),
                document({"type": "content", "content": [text("x")]}),
                document({"type": "file", "file_id": "file_1"}),
            ]
        )
    ),
    "blocks nobody knows": said(user([text("hi"), {"type": "brand_new", "x": {"y": [1]}}]), user_profile_id="u"),
    "server tools": said(
        user("hi"),
        assistant(
            [
                {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}},
                {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []},
                text("found", citations=[{"type": "char_location", "cited_text": "x", "document_index": 0}]),
            ]
        ),
        user("more"),
        tools=[{"type": "code_execution_20250825", "name": "code_execution"}],
    ),
    "budget": said(user("hi"), max_tokens=9000, thinking={"type": "enabled", "budget_tokens": 2000}),
    "off": said(user("hi"), thinking={"type": "disabled"}),
    "between tools": said(user("hi"), thinking={"type": "between_tools"}),
    "effort alone": said(user("hi"), output_config={"effort": "low"}),
    "schema": said(
        user("hi"), output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}, "new": 1}
    ),
    "paused turn": said(
        user("hi"),
        assistant([THOUGHT, {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}]),
        max_tokens=9000,
        thinking={"type": "enabled", "budget_tokens": 2000},
    ),
    "attribution alone": said(user("hi"), system=[text("x-anthropic-billing-header: cc_version=2;")]),
    "metadata": said(user("hi"), metadata={"user_id": "u", "more": 1}),
    "prefill": said(user("hi"), assistant("The answer is (")),
    "unknown fields": said(user("hi", id="m_1"), container="c_1", mcp_servers=[{"name": "x"}], speed="fast"),
    "claude code": CLAUDE_CODE,
}

BAD: list[tuple[str, dict[str, Any]]] = [
    ("model", {"messages": [user("x")]}),
    ("model", {"model": 5, "messages": [user("x")]}),
    ("messages", {"model": "m"}),
    ("messages", {"model": "m", "messages": 5}),
    ("messages", {"model": "m", "messages": []}),
    ("messages[1]", said(user("x"), "no")),  # type: ignore[arg-type]
    ("messages[0].role", said({"role": "wizard", "content": "x"})),
    ("messages[0].role", said({"content": "x"})),
    ("messages[0].role", said({"role": ["user"], "content": "x"})),
    ("messages[0].content", said(user(5))),
    ("messages[0].content", said({"role": "user"})),
    ("messages[0].content[1]", said(user([text("x"), "y"]))),
    ("messages[0].content[0].type", said(user([{"text": "x"}]))),
    ("messages[0].content[0].text", said(user([{"type": "text"}]))),
    ("messages[0].content[0].text", said(user([{"type": "text", "text": 5}]))),
    ("messages[0].content[0].source", said(user([{"type": "image"}]))),
    ("messages[0].content[0].source.type", said(user([image(url="x")]))),
    ("messages[0].content[0].source.data", said(user([image(type="base64", media_type="image/png")]))),
    (
        "messages[0].content[0].source.data",
        said(user([image(type="base64", media_type="image/png", data="")])),
    ),
    (
        "messages[0].content[0].source.data",
        said(user([image(type="base64", media_type="image/png", data="{}")])),
    ),
    ("messages[0].content[0].source.url", said(user([image(type="url")]))),
    ("messages[0].content[0].title", said(user([document(PDF, title=5)]))),
    ("messages[1].content[0].id", said(user("x"), assistant([{"type": "tool_use", "name": "f"}]))),
    ("messages[1].content[0].name", said(user("x"), assistant([{"type": "tool_use", "id": "f"}]))),
    ("messages[1].content[0].input", said(user("x"), assistant([{**CALL, "input": "{}"}]))),
    ("messages[1].content[0].thinking", said(user("x"), assistant([{"type": "thinking"}]))),
    ("messages[1].content[0].signature", said(user("x"), assistant([{**THOUGHT, "signature": 5}]))),
    ("messages[1].content[0].data", said(user("x"), assistant([{"type": "redacted_thinking"}]))),
    ("messages[0].content[0].tool_use_id", said(user([{"type": "tool_result"}]))),
    ("messages[0].content[0].content", said(user([result(5)]))),
    ("messages[0].content[0].content[0].text", said(user([result([{"type": "text"}])]))),
    ("messages[0].content[0].is_error", said(user([result("x", is_error="yes")]))),
    ("system", said(user("x"), system=5)),
    ("system[0].text", said(user("x"), system=[{"type": "text"}])),
    ("max_tokens", said(user("x"), max_tokens="lots")),
    ("max_tokens", said(user("x"), max_tokens=True)),
    ("max_tokens", said(user("x"), max_tokens=-1)),
    ("temperature", said(user("x"), temperature="hot")),
    ("temperature", said(user("x"), temperature=True)),
    ("top_p", said(user("x"), top_p=[])),
    ("top_k", said(user("x"), top_k=0.5)),
    ("stream", said(user("x"), stream="yes")),
    ("stop_sequences", said(user("x"), stop_sequences="END")),
    ("stop_sequences[1]", said(user("x"), stop_sequences=["a", 5])),
    ("metadata", said(user("x"), metadata=[])),
    ("metadata.user_id", said(user("x"), metadata={"user_id": 5})),
    ("service_tier", said(user("x"), service_tier=5)),
    ("tools", said(user("x"), tools={})),
    ("tools[0]", said(user("x"), tools=["f"])),
    ("tools[0].name", said(user("x"), tools=[{"input_schema": {}}])),
    ("tools[0].type", said(user("x"), tools=[{"type": 5}])),
    ("tools[0].input_schema", said(user("x"), tools=[{"name": "f", "input_schema": []}])),
    ("tools[0].strict", said(user("x"), tools=[{**TOOL, "strict": 1}])),
    ("tool_choice", said(user("x"), tool_choice="auto")),
    ("tool_choice.type", said(user("x"), tool_choice={"type": "some"})),
    ("tool_choice.name", said(user("x"), tool_choice={"type": "tool"})),
    (
        "tool_choice.disable_parallel_tool_use",
        said(user("x"), tool_choice={"type": "auto", "disable_parallel_tool_use": 1}),
    ),
    ("thinking", said(user("x"), thinking=True)),
    ("thinking.type", said(user("x"), thinking={})),
    ("thinking.budget_tokens", said(user("x"), thinking={"type": "enabled"})),
    ("thinking.display", said(user("x"), thinking={"type": "adaptive", "display": 5})),
    ("output_config", said(user("x"), output_config=5)),
    ("output_config.effort", said(user("x"), output_config={"effort": 5})),
    ("output_config.format", said(user("x"), output_config={"format": 5})),
    ("output_config.format.schema", said(user("x"), output_config={"format": {"type": "json_schema"}})),
]
