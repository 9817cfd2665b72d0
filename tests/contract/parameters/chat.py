"""https://platform.openai.com/docs/api-reference/chat/create; below it what compatible servers understand besides."""

from __future__ import annotations

from typing import Any

from tests.contract.parameters.parameter import Parameter

FUNCTION: dict[str, Any] = {"name": "look", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}
TOOL = {"type": "function", "function": FUNCTION}
OTHER = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
TOOLS = {"tools": [TOOL, OTHER]}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
STRICT = "the provider keeps to every schema it is given"
NAMED = "no answer shows the name"
PADDING = "writes its own stream, without padding"
CACHED = {"type": "ephemeral"}
HELLO = {"role": "user", "content": "hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a":"b"}'}}
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
    "ErkJggg=="
)


def _tool(**more: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {**FUNCTION, **more}}]}


def _format(**more: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, **more}}}


def _picture(**more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE, **more}}]}]}


def _said(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [HELLO, *messages, {"role": "user", "content": "go on"}]}


PARAMETERS = (
    Parameter("audio", {"audio": {"voice": "alloy", "format": "wav"}}),
    Parameter("frequency_penalty", {"frequency_penalty": 0.5}),
    Parameter("function_call", {"functions": [FUNCTION], "function_call": {"name": "look"}}, {"functions": [FUNCTION]}),
    Parameter("functions", {"functions": [FUNCTION]}),
    Parameter("logit_bias", {"logit_bias": {"50256": -100}}),
    Parameter("logprobs", {"logprobs": True}),
    Parameter("max_completion_tokens", {"max_completion_tokens": 77}),
    Parameter("max_tokens", {"max_tokens": 77}),
    Parameter("messages[].name", {"messages": [{**HELLO, "name": "anna"}]}, words=("messages.name",)),
    Parameter(
        "messages[].refusal",
        _said({"role": "assistant", "refusal": "no"}),
        _said({"role": "assistant", "content": "x"}),
    ),
    Parameter(
        "messages[].tool_calls",
        _said(
            {"role": "assistant", "content": "x", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "1"},
        ),
        _said({"role": "assistant", "content": "x"}),
    ),
    Parameter("messages[].content[].image_url", _picture(), {"messages": [{"role": "user", "content": "x"}]}),
    Parameter(
        "messages[].content[].image_url.detail", _picture(detail="low"), _picture(), words=("messages.content.detail",)
    ),
    Parameter(
        "messages[].content[].prompt_cache_breakpoint",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "hello", "prompt_cache_breakpoint": {"type": "ephemeral"}}],
                }
            ]
        },
    ),
    Parameter("metadata", {"metadata": {"a": "b"}}),
    Parameter("modalities", {"modalities": ["text", "audio"]}),
    Parameter("moderation", {"moderation": {"model": "omni-moderation-latest"}}),
    Parameter("n", {"n": 2}),
    Parameter("parallel_tool_calls", {**TOOLS, "parallel_tool_calls": False}, TOOLS),
    Parameter("prediction", {"prediction": {"type": "content", "content": "hello"}}),
    Parameter("presence_penalty", {"presence_penalty": 0.5}),
    Parameter("prompt_cache_key", {"prompt_cache_key": "k"}),
    Parameter("prompt_cache_options", {"prompt_cache_options": {"mode": "explicit"}}),
    Parameter("prompt_cache_retention", {"prompt_cache_retention": "24h"}),
    Parameter("reasoning_effort", {"reasoning_effort": "high"}),
    Parameter("response_format", _format()),
    Parameter("response_format.json_schema.description", _format(description="what it is"), _format()),
    Parameter("response_format.json_schema.strict", _format(strict=True), _format(), needless=STRICT),
    Parameter("response_format.json_schema.name", _format(name="other"), _format(), needless=NAMED),
    Parameter("safety_identifier", {"safety_identifier": "u"}),
    Parameter("seed", {"seed": 7}),
    Parameter("service_tier", {"service_tier": "flex"}),
    Parameter("stop", {"stop": ["END"]}),
    Parameter("store", {"store": True}, gateway="keeps no chat answers"),
    Parameter("stream", {"stream": True}, gateway="streams, whatever the provider does"),
    Parameter(
        "stream_options.include_usage",
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream": True},
        gateway="adds the usage event, or leaves it out",
    ),
    Parameter(
        "stream_options.include_obfuscation",
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        {"stream": True},
        gateway=PADDING,
    ),
    Parameter("temperature", {"temperature": 0.25}),
    Parameter("tool_choice", {**TOOLS, "tool_choice": "required"}, TOOLS),
    Parameter(
        "tool_choice.function.name", {**TOOLS, "tool_choice": {"type": "function", "function": {"name": "look"}}}, TOOLS
    ),
    Parameter(
        "tool_choice.allowed_tools",
        {
            **TOOLS,
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "look"}}]},
            },
        },
        TOOLS,
    ),
    Parameter("tools", TOOLS),
    Parameter("tools[].function.description", _tool(description="looks"), _tool()),
    Parameter("tools[].function.strict", _tool(strict=True), _tool(), words=("tools.strict",)),
    Parameter("tools[].custom", {"tools": [{"type": "custom", "custom": {"name": "patch", "description": "patches"}}]}),
    Parameter(
        "tools[].custom.format",
        {
            "tools": [
                {
                    "type": "custom",
                    "custom": {
                        "name": "patch",
                        "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
                    },
                }
            ]
        },
        {"tools": [{"type": "custom", "custom": {"name": "patch"}}]},
    ),
    Parameter("top_logprobs", {"logprobs": True, "top_logprobs": 3}, {"logprobs": True}),
    Parameter("top_p", {"top_p": 0.75}),
    Parameter("user", {"user": "u"}),
    Parameter("verbosity", {"verbosity": "low"}),
    Parameter("web_search_options", {"web_search_options": {}}, words=("tools",)),
    Parameter(
        "web_search_options.search_context_size",
        {"web_search_options": {"search_context_size": "low"}},
        {"web_search_options": {}},
        words=("tools",),
    ),
    # Compatible servers (vLLM, llama.cpp, DeepSeek, Qwen, OpenRouter).
    Parameter(
        "messages[].reasoning_content",
        _said({"role": "assistant", "content": "x", "reasoning_content": "hm"}),
        _said({"role": "assistant", "content": "x"}),
        words=("messages", "messages.content"),
    ),
    Parameter("thinking", {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    Parameter("thinking_budget", {"thinking_budget": 2000}, words=("thinking",)),
    Parameter(
        "messages[].content[].cache_control",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": CACHED}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
    ),
    Parameter("tools[].cache_control", {"tools": [{**TOOL, "cache_control": CACHED}]}, {"tools": [TOOL]}),
    Parameter("top_k", {"top_k": 40}),
    Parameter("min_p", {"min_p": 0.1}),
    Parameter("repetition_penalty", {"repetition_penalty": 1.1}),
    Parameter("size", {"size": "1024x1536"}),
    Parameter("quality", {"quality": "hd"}),
)
