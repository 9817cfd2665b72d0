"""https://platform.openai.com/docs/api-reference/responses/create"""

from __future__ import annotations

from typing import Any

from tests.contract.parameters.chat import PADDING, PICTURE, SCHEMA, STRICT
from tests.contract.parameters.parameter import Parameter

FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "look",
    "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
    "strict": False,
}
OTHER = {**FUNCTION, "name": "find"}
TOOLS = {"tools": [FUNCTION, OTHER]}
HELLO = {"role": "user", "content": "hello"}


def _tool(**more: Any) -> dict[str, Any]:
    return {"tools": [{**FUNCTION, **more}]}


def _format(**more: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, **more}}}


def _picture(**more: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": PICTURE, **more}]}]}


PARAMETERS = (
    Parameter("access_programs", {"access_programs": {"cyber": "defender"}}),
    Parameter("background", {"background": True}, refused=True),
    Parameter("background_options", {"background_options": {"completion_window": "2h"}}),
    Parameter("context_management", {"context_management": [{"type": "compaction", "compact_threshold": 9000}]}),
    Parameter("conversation", {"conversation": "conv_1"}),
    Parameter("image", {"image": {"detail": "low"}}),
    Parameter("include", {"include": ["reasoning.encrypted_content"]}),
    Parameter("input[].content[].input_image", _picture(), {"input": [HELLO]}),
    Parameter("input[].content[].input_image.detail", _picture(detail="low"), _picture(), words=("input.detail",)),
    Parameter(
        "input[].function_call_output",
        {
            "input": [
                HELLO,
                {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "1"},
            ]
        },
        {"input": [HELLO]},
    ),
    Parameter("instructions", {"instructions": "Be brief."}),
    Parameter("max_output_tokens", {"max_output_tokens": 77}),
    Parameter("max_tool_calls", {"max_tool_calls": 2}),
    Parameter("metadata", {"metadata": {"a": "b"}}),
    Parameter("moderation", {"moderation": {"model": "omni-moderation-latest"}}),
    Parameter("parallel_tool_calls", {**TOOLS, "parallel_tool_calls": False}, TOOLS),
    Parameter("previous_response_id", {"previous_response_id": "resp_unknown"}, refused=True),
    Parameter("prompt", {"prompt": {"id": "pmpt_1"}}),
    Parameter("prompt_cache_key", {"prompt_cache_key": "k"}),
    Parameter("prompt_cache_options", {"prompt_cache_options": {"mode": "explicit"}}),
    Parameter("prompt_cache_retention", {"prompt_cache_retention": "24h"}),
    Parameter("reasoning.context", {"reasoning": {"context": "all_turns"}}),
    Parameter("reasoning.effort", {"reasoning": {"effort": "high"}}, words=("thinking", "reasoning")),
    Parameter("reasoning.generate_summary", {"reasoning": {"generate_summary": "auto"}}),
    Parameter("reasoning.mode", {"reasoning": {"mode": "pro"}}),
    Parameter(
        "reasoning.summary",
        {"reasoning": {"effort": "high", "summary": "detailed"}},
        {"reasoning": {"effort": "high"}},
        words=("thinking",),
        needless="thinking comes unasked, in one form",
    ),
    Parameter("safety_identifier", {"safety_identifier": "u"}),
    Parameter("service_tier", {"service_tier": "flex"}),
    Parameter("store", {"store": False}, gateway="keeps the answer, or does not"),
    Parameter("stream", {"stream": True}, gateway="streams, whatever the provider does"),
    Parameter(
        "stream_options.include_obfuscation",
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        {"stream": True},
        gateway=PADDING,
    ),
    Parameter("temperature", {"temperature": 0.25}),
    Parameter("text.format", _format()),
    Parameter("text.format.description", _format(description="what it is"), _format()),
    Parameter("text.format.strict", _format(strict=True), _format(), needless=STRICT),
    Parameter("text.verbosity", {"text": {"verbosity": "low"}}, words=("verbosity",)),
    Parameter("tool_choice", {**TOOLS, "tool_choice": "required"}, TOOLS),
    Parameter("tool_choice.name", {**TOOLS, "tool_choice": {"type": "function", "name": "look"}}, TOOLS),
    Parameter(
        "tool_choice.tools",
        {
            **TOOLS,
            "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]},
        },
        TOOLS,
    ),
    Parameter("tools", TOOLS),
    Parameter("tools[].description", _tool(description="looks"), _tool()),
    Parameter("tools[].strict", _tool(strict=True), _tool()),
    Parameter("tools[].defer_loading", _tool(defer_loading=True), _tool()),
    Parameter("tools[].custom", {"tools": [{"type": "custom", "name": "patch", "description": "patches"}]}),
    Parameter(
        "tools[].custom.format",
        {
            "tools": [
                {
                    "type": "custom",
                    "name": "patch",
                    "format": {"type": "grammar", "syntax": "regex", "definition": "a+"},
                }
            ]
        },
        {"tools": [{"type": "custom", "name": "patch"}]},
    ),
    Parameter(
        "tools[].namespace",
        {"tools": [{"type": "namespace", "name": "git", "description": "git", "tools": [FUNCTION]}]},
    ),
    Parameter("tools[].web_search", {"tools": [{"type": "web_search"}]}, words=("tools",)),
    Parameter(
        "tools[].web_search.filters",
        {"tools": [{"type": "web_search", "filters": {"allowed_domains": ["a.example"]}}]},
        {"tools": [{"type": "web_search"}]},
        words=("tools", "tools.filters"),
    ),
    Parameter(
        "tools[].code_interpreter",
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        words=("tools",),
    ),
    Parameter("tools[].file_search", {"tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}, words=("tools",)),
    Parameter(
        "tools[].mcp",
        {"tools": [{"type": "mcp", "server_label": "s", "server_url": "https://mcp.example"}]},
        words=("tools",),
    ),
    Parameter(
        "tools[].image_generation", {"tools": [{"type": "image_generation", "size": "1024x1024"}]}, words=("tools",)
    ),
    Parameter("tools[].local_shell", {"tools": [{"type": "local_shell"}]}, words=("tools",)),
    Parameter("tools[].apply_patch", {"tools": [{"type": "apply_patch"}]}, words=("tools",)),
    Parameter("top_logprobs", {"top_logprobs": 3}),
    Parameter("top_p", {"top_p": 0.75}),
    Parameter("truncation", {"truncation": "auto"}),
    Parameter("user", {"user": "u"}),
)
