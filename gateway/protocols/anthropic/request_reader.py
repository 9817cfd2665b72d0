"""A Messages request to a Dialogue (https://docs.anthropic.com/en/api/messages)."""

from __future__ import annotations

import re
from typing import Any

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, ThinkingWish, Tool, ToolChoice, Turn
from gateway.protocols.anthropic.blocks_reader import form, mark_attribution, read_content
from gateway.protocols.anthropic.check import check_request
from gateway.protocols.anthropic.fields import IN_MESSAGES, NAME, kept, rest

_KNOWN = frozenset(
    (
        *("model", "messages", "system", "max_tokens", "stream", "temperature", "top_p", "top_k"),
        *("stop_sequences", "tools", "tool_choice", "thinking", "output_config", "metadata", "service_tier"),
    )
)
_TOOL_DATE = re.compile(r"_\d{8}$")


def read_request(body: dict[str, Any], model: str | None = None, stream: bool | None = None) -> Dialogue:
    """Raises Malformed. `max_tokens` may be absent; `model` and `stream` override the body's."""
    check_request(body)
    metadata = body.get("metadata") or {}
    choice = body.get("tool_choice")
    extras = {field: value for field, value in body.items() if field not in _KNOWN and value is not None}
    others = rest(metadata, ("user_id",))
    if others:
        extras["metadata"] = others
    dialogue = Dialogue(
        model=model or body["model"],
        turns=_turns(body),
        stream=bool(body.get("stream")) if stream is None else stream,
        include_usage=True,
        knobs=Knobs(
            temperature=body.get("temperature"),
            top_p=body.get("top_p"),
            top_k=body.get("top_k"),
            max_tokens=body.get("max_tokens"),
            stop=list(body.get("stop_sequences") or ()),
        ),
        tools=[_tool(tool) for tool in body.get("tools") or ()],
        tool_choice=_choice(choice),
        user=metadata.get("user_id"),
        service_tier=body.get("service_tier"),
        extras={NAME: extras},
    )
    parallel = (choice or {}).get("disable_parallel_tool_use")
    if parallel is not None:
        dialogue.parallel_tool_calls = not parallel
    _read_output(body, dialogue, extras)
    return dialogue


def _turns(body: dict[str, Any]) -> list[Turn]:
    turns = []
    system = body.get("system")
    if system:
        parts = read_content(system)
        if not isinstance(system, str):
            mark_attribution(parts)
        turns.append(Turn("system", parts, extras=kept(form(system, parts))))
    for message in body["messages"]:
        content = message["content"]
        parts = read_content(content)
        role = message["role"]
        fields = {} if len(message) == 2 else rest(message, ("role", "content"))
        if not isinstance(content, str):
            fields.update(form(content, parts))
        if role == "system":
            fields[IN_MESSAGES] = True
        turns.append(Turn(role, parts, extras=kept(fields)))
    return turns


def _tool(tool: dict[str, Any]) -> Tool:
    kind = tool.get("type")
    if kind is not None and kind != "custom":
        return Tool("builtin", _TOOL_DATE.sub("", kind), dialect=NAME, raw=tool)
    return Tool(
        "function",
        tool["name"],
        description=tool.get("description"),
        parameters=tool.get("input_schema"),
        strict=tool.get("strict"),
        extras=kept(rest(tool, ("name", "description", "input_schema", "strict"))),
    )


def _choice(choice: dict[str, Any] | None) -> ToolChoice | None:
    if choice is None:
        return None
    match choice["type"]:
        case "any":
            return ToolChoice("required")
        case "tool":
            return ToolChoice("one", [choice["name"]])
        case "none":
            return ToolChoice("none")
    return ToolChoice("auto")


def _read_output(body: dict[str, Any], dialogue: Dialogue, extras: dict[str, Any]) -> None:
    """`thinking` and `output_config`; what the canon cannot say of them stays in the extras."""
    output = body.get("output_config") or {}
    effort = output.get("effort")
    thinking = body.get("thinking") or {}
    display = thinking.get("display")
    shown = None if display is None else display != "omitted"
    match thinking.get("type"):
        case "enabled":
            dialogue.thinking = ThinkingWish("on", thinking["budget_tokens"], effort, shown)
        case "adaptive":
            dialogue.thinking = ThinkingWish("adaptive", None, effort, shown)
        case "disabled":
            dialogue.thinking = ThinkingWish("off", None, effort, shown)
        case None:
            dialogue.thinking = ThinkingWish("on", None, effort) if effort is not None else None
        case _:
            extras["thinking"] = thinking
            dialogue.thinking = ThinkingWish("adaptive", None, effort, shown)
    wanted = output.get("format")
    others = rest(output, ("effort", "format"))
    if wanted is not None:
        if wanted["type"] == "json_schema":
            dialogue.output = OutputFormat("schema", wanted["schema"])
        else:
            others["format"] = wanted
    if others:
        extras["output_config"] = others
