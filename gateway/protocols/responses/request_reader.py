"""A Responses request body to a Dialogue. https://platform.openai.com/docs/api-reference/responses/create"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, PictureWish, ThinkingWish, Tool, Turn
from gateway.canon.parts import Text
from gateway.protocols.responses.check import check_request
from gateway.protocols.responses.item_reader import ItemReader
from gateway.protocols.responses.part_reader import OWN, read_content
from gateway.protocols.responses.tool_names import late_tools
from gateway.protocols.responses.tool_reader import read_choice, read_tools

LOGPROBS = "message.output_text.logprobs"

_READ = frozenset(
    (
        "model",
        "input",
        "instructions",
        "stream",
        "temperature",
        "top_p",
        "max_output_tokens",
        "top_logprobs",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "user",
        "prompt_cache_key",
        "service_tier",
    )
)


def read_request(body: dict[str, Any], model: str | None = None, stream: bool | None = None) -> Dialogue:
    """Raises Malformed. `model` and `stream` override the body's own."""
    check_request({**body, "model": model} if model is not None else body)
    turns, tools = _read_turns(body)
    extras = {name: value for name, value in body.items() if name not in _READ and value is not None}
    include = body.get("include") or []
    dialogue = Dialogue(
        model=model if model is not None else body["model"],
        turns=turns,
        stream=bool(body.get("stream")) if stream is None else stream,
        include_usage=True,
        knobs=Knobs(
            temperature=body.get("temperature"),
            top_p=body.get("top_p"),
            max_tokens=body.get("max_output_tokens"),
            logprobs=True if LOGPROBS in include else None,
            top_logprobs=body.get("top_logprobs"),
        ),
        tools=[*read_tools(body.get("tools") or []), *tools],
        parallel_tool_calls=body.get("parallel_tool_calls"),
        user=body.get("user"),
        cache_key=body.get("prompt_cache_key"),
        service_tier=body.get("service_tier"),
    )
    choice = body.get("tool_choice")
    if choice is not None:
        dialogue.tool_choice = read_choice(choice)
        if dialogue.tool_choice is None:
            extras["tool_choice"] = choice
    dialogue.picture = _read_picture(dialogue.tools)
    dialogue.thinking = _read_thinking(body.get("reasoning") or {}, extras)
    _read_text(body.get("text") or {}, dialogue, extras)
    if extras:
        dialogue.extras[OWN] = extras
    return dialogue


def _read_turns(body: dict[str, Any]) -> tuple[list[Turn], list[Tool]]:
    turns: list[Turn] = []
    tools: list[Tool] = []
    instructions = body.get("instructions")
    if isinstance(instructions, str) and instructions:
        turns.append(Turn("system", [Text(instructions)], extras={OWN: {"instructions": True}}))
    elif isinstance(instructions, list):
        parts = [part for item in instructions for part in read_content(item.get("content"), "input_text")]
        turns.append(Turn("system", parts, extras={OWN: {"instructions": True, "raw": instructions}}))
    items = body.get("input")
    if isinstance(items, str):
        if items or not turns:
            turns.append(Turn("user", [Text(items)], extras={OWN: {"item": {}, "whole_input": True}}))
        return turns, tools
    reader = ItemReader()
    for item in items or []:
        reader.read(item)
        tools += read_tools([tool for tool in late_tools(item) if _readable(tool)], late=True)
    return [*turns, *reader.turns], tools


def _readable(tool: dict[str, Any]) -> bool:
    """Late tools are not checked at the door: a malformed one is passed over (OpenAI still gets its item)."""
    kind, name = tool.get("type"), tool.get("name")
    if kind in ("function", "custom"):
        return isinstance(name, str)
    if kind == "namespace":
        inner = tool.get("tools")
        return (
            isinstance(name, str)
            and isinstance(inner, list)
            and all(isinstance(entry, dict) and _readable(entry) for entry in inner)
        )
    return isinstance(kind, str)


def _read_picture(tools: list[Tool]) -> PictureWish | None:
    """What the definition of the image_generation tool says of the picture."""
    for tool in tools:
        if tool.name == "image_generation" and tool.kind == "builtin":
            size, quality = ((tool.raw or {}).get(field) for field in ("size", "quality"))
            return PictureWish(size if isinstance(size, str) else None, quality if isinstance(quality, str) else None)
    return None


def _read_thinking(reasoning: dict[str, Any], extras: dict[str, Any]) -> ThinkingWish | None:
    """A summary wish without an effort leaves the amount to the model (Codex says so for unknown models)."""
    effort = reasoning.get("effort")
    summary = reasoning.get("summary")
    for field, value in reasoning.items():
        if field not in ("effort", "summary") and value is not None:
            extras[f"reasoning.{field}"] = value
    if effort is None and summary is None:
        return None
    if effort is None:
        return ThinkingWish("adaptive", shown=True, summary=summary)
    shown = True if summary is not None else None
    return ThinkingWish("off" if effort == "none" else "on", effort=effort, shown=shown, summary=summary)


def _read_text(text: dict[str, Any], dialogue: Dialogue, extras: dict[str, Any]) -> None:
    dialogue.verbosity = text.get("verbosity")
    for field, value in text.items():
        if field not in ("format", "verbosity") and value is not None:
            extras[f"text.{field}"] = value
    form = text.get("format")
    if form is None:
        return
    if form["type"] == "json_schema":
        dialogue.output = OutputFormat(
            "schema", form["schema"], form.get("name"), form.get("strict"), form.get("description")
        )
    elif form["type"] in ("text", "json_object"):
        dialogue.output = OutputFormat("text" if form["type"] == "text" else "json")
    else:
        extras["text.format"] = form
