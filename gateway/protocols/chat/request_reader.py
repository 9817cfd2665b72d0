"""A client's Chat Completions body to a Dialogue.

https://platform.openai.com/docs/api-reference/chat/create
What has no place in the canon stays in `extras["chat"]`; that key is there, if only empty, on every Dialogue
this reader made, and tells the writer that the client itself spoke this dialect.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, ThinkingWish
from gateway.protocols.chat.check import check_request
from gateway.protocols.chat.message_reader import read_messages
from gateway.protocols.chat.picture_wish import take_picture_wish
from gateway.protocols.chat.tool_reader import read_tool_choice, read_tools

OWN = "chat"
_KNOWN = frozenset(
    {
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "top_k", "max_tokens",
        "max_completion_tokens", "n", "stop", "seed", "presence_penalty", "frequency_penalty", "logprobs",
        "top_logprobs", "tools", "functions", "tool_choice", "function_call", "parallel_tool_calls",
        "reasoning_effort", "thinking", "thinking_budget", "response_format", "verbosity", "modalities",
        "user", "prompt_cache_key", "service_tier", "web_search_options",
    }
)  # fmt: skip
_SCHEMA_FIELDS = frozenset({"name", "schema", "strict", "description"})


def read_request(body: dict[str, Any], model: str | None = None, stream: bool | None = None) -> Dialogue:
    """Raises Malformed. `model` and `stream`, where given, stand above the body's own."""
    if model is not None:
        body = {**body, "model": model}
    check_request(body)
    dialogue = read_settings(body)
    dialogue.turns = read_messages(body["messages"])
    if stream is not None:
        dialogue.stream = stream
    return dialogue


def read_settings(body: dict[str, Any]) -> Dialogue:
    """Everything but the messages, from a body that passed the check."""
    own: dict[str, Any] = {field: value for field, value in body.items() if field not in _KNOWN}
    options = body.get("stream_options") or {}
    if any(field != "include_usage" for field in options):
        own["stream_options"] = {field: value for field, value in options.items() if field != "include_usage"}
    dialogue = Dialogue(
        model=body["model"],
        turns=[],
        stream=body.get("stream") or False,
        include_usage=options.get("include_usage") or False,
        knobs=read_knobs(body),
        tools=read_tools(body),
        parallel_tool_calls=body.get("parallel_tool_calls"),
        thinking=_read_thinking(body),
        verbosity=body.get("verbosity"),
        modalities=list(body.get("modalities") or ()),
        user=body.get("user"),
        cache_key=body.get("prompt_cache_key"),
        service_tier=body.get("service_tier"),
        extras={OWN: own},
    )
    dialogue.tool_choice = read_tool_choice(body, own)
    if body.get("functions") and not body.get("tools"):
        dialogue.parallel_tool_calls = False
    dialogue.output = _read_output(body.get("response_format"), own)
    dialogue.picture = take_picture_wish(own)
    return dialogue


def read_knobs(body: dict[str, Any]) -> Knobs:
    stop = body.get("stop")
    limit = body.get("max_completion_tokens")
    if limit is None:
        limit = body.get("max_tokens")
    return Knobs(
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        top_k=_whole(body.get("top_k")),
        max_tokens=_whole(limit),
        stop=[stop] if isinstance(stop, str) else list(stop or ()),
        seed=_whole(body.get("seed")),
        presence_penalty=body.get("presence_penalty"),
        frequency_penalty=body.get("frequency_penalty"),
        n=_whole(body.get("n")),
        logprobs=body.get("logprobs"),
        top_logprobs=_whole(body.get("top_logprobs")),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _read_thinking(body: dict[str, Any]) -> ThinkingWish | None:
    """`reasoning_effort`; `thinking` and `thinking_budget` of compatible servers (AM-O15, A2-K2)."""
    effort = body.get("reasoning_effort")
    asked = body.get("thinking")
    budget = _whole(body.get("thinking_budget"))
    if asked is None and budget is None and effort is None:
        return None
    kind = None
    if asked is not None:
        kind = asked.get("type")
        effort = asked.get("effort") or effort
        told = asked.get("budget_tokens")
        told = asked.get("budgetTokens") if told is None else told
        budget = budget if told is None else _whole(told)
    if kind == "disabled" or (kind is None and (budget == 0 or (budget is None and effort == "none"))):
        return ThinkingWish("off", effort="none" if effort == "none" else None)
    return ThinkingWish("adaptive" if kind == "adaptive" else "on", budget, effort)


def _read_output(wish: dict[str, Any] | None, own: dict[str, Any]) -> OutputFormat | None:
    """A kind this reader does not know, and additions to one it does, stay in `own`."""
    if wish is None:
        return None
    match wish["type"]:
        case "text" | "json_object" as kind:
            output = OutputFormat("text" if kind == "text" else "json")
            unknown = len(wish) > 1
        case "json_schema":
            inner = wish["json_schema"]
            output = OutputFormat(
                "schema",
                inner.get("schema"),
                inner.get("name"),
                inner.get("strict"),
                inner.get("description"),
            )
            unknown = len(wish) > 2 or not _SCHEMA_FIELDS.issuperset(inner)
        case _:
            own["response_format"] = wish
            return None
    if unknown:
        own["response_format"] = wish
    return output
