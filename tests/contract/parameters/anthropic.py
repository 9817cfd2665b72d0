"""https://docs.anthropic.com/en/api/messages, with the betas of the official SDK."""

from __future__ import annotations

from typing import Any

from tests.contract.parameters.chat import PICTURE, SCHEMA
from tests.contract.parameters.parameter import Parameter

CACHED = {"type": "ephemeral"}
TOOL: dict[str, Any] = {"name": "look", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
OTHER = {**TOOL, "name": "find"}
TOOLS = {"tools": [TOOL, OTHER]}
USE = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": "b"}}


def _tool(**more: Any) -> dict[str, Any]:
    return {"tools": [{**TOOL, **more}]}


def _builtin(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"tools": [{"type": kind, "name": name, **more}]}


def _block(**more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello", **more}]}]}


def _document(**more: Any) -> dict[str, Any]:
    source = {"type": "text", "media_type": "text/plain", "data": "the file"}
    return {"messages": [{"role": "user", "content": [{"type": "document", "source": source, **more}]}]}


def _result(**more: Any) -> dict[str, Any]:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1", **more}
    turns = [("user", "look"), ("assistant", [USE]), ("user", [result])]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def _system(**more: Any) -> dict[str, Any]:
    return {"system": [{"type": "text", "text": "Be brief.", **more}]}


def _format(**more: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA, **more}}}


THINKING = {"max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 2000}}

PARAMETERS = (
    Parameter("betas", {"betas": ["context-1m-2025-08-07"]}),
    Parameter("billing_policy", {"billing_policy": {"type": "billing_policy", "bill_to": "user_profile"}}),
    Parameter("cache_control", {"cache_control": CACHED}),
    Parameter("compaction", {"compaction": {"instructions": "short"}}),
    Parameter("container", {"container": "container_1"}),
    Parameter("context_management", {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}),
    Parameter("diagnostics", {"diagnostics": {"previous_message_id": "msg_1"}}),
    Parameter("fallback_credit_token", {"fallback_credit_token": "t"}),
    Parameter("fallbacks", {"fallbacks": [{"model": "claude-haiku-4-5"}]}),
    Parameter("inference_geo", {"inference_geo": "us"}),
    Parameter("max_tokens", {"max_tokens": 77}),
    Parameter("mcp_servers", {"mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "s"}]}),
    Parameter("messages[].content[].cache_control", _block(cache_control=CACHED), _block()),
    Parameter("messages[].content[].document", _document(), _block()),
    Parameter(
        "messages[].content[].document.citations",
        _document(citations={"enabled": True}),
        _document(),
        words=("messages.content.citations",),
    ),
    Parameter(
        "messages[].content[].document.context",
        _document(context="a report"),
        _document(),
        words=("messages.content.context",),
    ),
    Parameter(
        "messages[].content[].document.title", _document(title="a.txt"), _document(), words=("messages.content.title",)
    ),
    Parameter(
        "messages[].content[].image",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": PICTURE.partition(",")[2]},
                        }
                    ],
                }
            ]
        },
        _block(),
    ),
    Parameter("messages[].content[].tool_result", _result(), _block()),
    Parameter(
        "messages[].content[].tool_result.cache_control",
        _result(cache_control=CACHED),
        _result(),
        words=("messages.content.cache_control",),
    ),
    Parameter("messages[].content[].tool_result.is_error", _result(is_error=True), _result()),
    Parameter(
        "messages[].role=system",
        {"messages": [{"role": "user", "content": "hello"}, {"role": "system", "content": "Be brief."}]},
        {"messages": [{"role": "user", "content": "hello"}]},
    ),
    Parameter("metadata.user_id", {"metadata": {"user_id": "u"}}, words=("metadata", "user")),
    Parameter("output_config.effort", {"output_config": {"effort": "high"}}, words=("thinking",)),
    Parameter("output_config.format", _format()),
    Parameter("service_tier", {"service_tier": "standard_only"}),
    Parameter("speed", {"speed": "fast"}),
    Parameter("stop_sequences", {"stop_sequences": ["END"]}, words=("stop",)),
    Parameter("stream", {"stream": True}, gateway="streams, whatever the provider does"),
    Parameter("system", {"system": "Be brief."}),
    Parameter("system[].cache_control", _system(cache_control=CACHED), _system()),
    Parameter("temperature", {"temperature": 0.25}),
    Parameter("thinking.budget_tokens", THINKING, {"max_tokens": 9000}, words=("thinking",)),
    Parameter(
        "thinking.type=adaptive",
        {"thinking": {"type": "adaptive"}},
        words=("thinking",),
        needless="unasked, the model decides how much it thinks",
    ),
    Parameter("thinking.type=disabled", {"thinking": {"type": "disabled"}}, words=("thinking",)),
    Parameter(
        "thinking.display",
        {"max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}},
        THINKING,
        words=("thinking",),
        gateway="leaves the text out",
    ),
    Parameter("thread", {"thread": "thread_1"}, refused=True),
    Parameter("tool_choice.type=any", {**TOOLS, "tool_choice": {"type": "any"}}, TOOLS),
    Parameter("tool_choice.type=none", {**TOOLS, "tool_choice": {"type": "none"}}, TOOLS),
    Parameter("tool_choice.name", {**TOOLS, "tool_choice": {"type": "tool", "name": "look"}}, TOOLS),
    Parameter(
        "tool_choice.disable_parallel_tool_use",
        {**TOOLS, "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {**TOOLS, "tool_choice": {"type": "auto"}},
        words=("parallel_tool_calls",),
    ),
    Parameter("tools", TOOLS),
    Parameter("tools[].allowed_callers", _tool(allowed_callers=["direct"]), _tool()),
    Parameter("tools[].cache_control", _tool(cache_control=CACHED), _tool()),
    Parameter("tools[].defer_loading", _tool(defer_loading=True), _tool()),
    Parameter("tools[].description", _tool(description="looks"), _tool()),
    Parameter("tools[].eager_input_streaming", _tool(eager_input_streaming=True), _tool()),
    Parameter("tools[].input_examples", _tool(input_examples=[{"a": "b"}]), _tool()),
    Parameter("tools[].strict", _tool(strict=True), _tool()),
    Parameter("tools[].web_search", _builtin("web_search_20250305", "web_search"), words=("tools",)),
    Parameter(
        "tools[].web_search.max_uses",
        _builtin("web_search_20250305", "web_search", max_uses=3),
        _builtin("web_search_20250305", "web_search"),
        words=("tools", "tools.max_uses"),
    ),
    Parameter("tools[].web_fetch", _builtin("web_fetch_20250910", "web_fetch"), words=("tools",)),
    Parameter("tools[].code_execution", _builtin("code_execution_20250825", "code_execution"), words=("tools",)),
    Parameter("tools[].bash", _builtin("bash_20250124", "bash"), words=("tools",)),
    Parameter("tools[].text_editor", _builtin("text_editor_20250728", "str_replace_based_edit_tool"), words=("tools",)),
    Parameter("tools[].memory", _builtin("memory_20250818", "memory"), words=("tools",)),
    Parameter(
        "tools[].computer",
        _builtin("computer_20250124", "computer", display_width_px=9, display_height_px=9),
        words=("tools",),
    ),
    Parameter("top_k", {"top_k": 40}),
    Parameter("top_p", {"top_p": 0.75}),
    Parameter("user_profile_id", {"user_profile_id": "p"}),
    Parameter("workspace_id", {"workspace_id": "w"}),
)
