"""A Dialogue to a Messages request."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Loss
from gateway.canon.profile import Profile
from gateway.protocols.anthropic.blocks_writer import BlocksWriter
from gateway.protocols.anthropic.fields import NAME
from gateway.protocols.anthropic.thinking_writer import drop_forbidden, fit_budget, write_thinking
from gateway.protocols.anthropic.tools_writer import forces_a_call, write_choice, write_tools
from gateway.protocols.anthropic.turns_writer import write_messages, write_system
from gateway.protocols.dialect import Written
from gateway.protocols.losses import foreign_fields, unheard_bookkeeping, unheard_picture
from gateway.protocols.names import NameMap
from gateway.protocols.schema_description import described

_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}


def write_request(dialogue: Dialogue, profile: Profile) -> Written:
    """To a provider that speaks Messages under `anthropic-version: 2023-06-01`."""
    native = NAME in dialogue.extras
    names = NameMap(r"[^a-zA-Z0-9_-]", 128)
    losses: list[Loss] = []
    writer = BlocksWriter(native, names, losses)
    body: dict[str, Any] = {"model": dialogue.model}
    tools = write_tools(dialogue, names, losses)
    choice = write_choice(dialogue.tool_choice, dialogue.parallel_tool_calls, names)
    system = write_system(dialogue.turns, writer)
    if system is not None:
        body["system"] = system
    body["messages"] = write_messages(dialogue.turns, writer, profile.trailing_assistant)
    if tools:
        body["tools"] = tools
    if choice is not None and tools:
        body["tool_choice"] = choice
    _knobs(dialogue, native, body, losses)
    _output(dialogue, profile, native, body, losses)
    if dialogue.stream:
        body["stream"] = True
    _own_fields(dialogue, body)
    losses += foreign_fields(dialogue, NAME)
    losses += unheard_picture(dialogue)
    losses += unheard_bookkeeping(dialogue, "prompt_cache_key")
    for field in profile.drop:
        if field in body:
            del body[field]
            losses.append(Loss(field, "the model refuses this field"))
    return Written(body, losses, names if names.changed else None)


def _knobs(dialogue: Dialogue, native: bool, body: dict[str, Any], losses: list[Loss]) -> None:
    knobs = dialogue.knobs
    if knobs.temperature is not None:
        body["temperature"] = min(max(knobs.temperature, 0), 1)
        if body["temperature"] != knobs.temperature:
            losses.append(Loss("temperature", "the provider takes 0 to 1"))
    if knobs.top_p is not None:
        if native or knobs.temperature is None:
            body["top_p"] = knobs.top_p
        elif knobs.top_p != 1:
            losses.append(Loss("top_p", "newer models refuse temperature and top_p together"))
    if knobs.top_k is not None:
        body["top_k"] = knobs.top_k
    stops = [stop for stop in knobs.stop if stop.strip()]
    if stops:
        body["stop_sequences"] = stops
    if len(stops) < len(knobs.stop):
        losses.append(Loss("stop", "the provider refuses stop sequences of white space only"))
    if knobs.n is not None and knobs.n > 1:
        losses.append(Loss("n", "the provider gives one answer"))
    for field in ("seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"):
        if getattr(knobs, field):
            losses.append(Loss(field, "Anthropic Messages has no such field"))
    if dialogue.verbosity:
        losses.append(Loss("verbosity", "Anthropic Messages has no such field"))
    losses.extend(
        Loss("modalities", f"the provider answers in text, not in {kind}")
        for kind in dialogue.modalities
        if kind.lower() != "text"
    )
    if dialogue.service_tier is not None:
        tier = _TIERS.get(dialogue.service_tier)
        if tier is None:
            losses.append(Loss("service_tier", f"Anthropic has no tier {dialogue.service_tier!r}"))
        else:
            body["service_tier"] = tier


def _output(dialogue: Dialogue, profile: Profile, native: bool, body: dict[str, Any], losses: list[Loss]) -> None:
    """max_tokens, thinking and output_config, which depend on one another."""
    asked, cap = dialogue.knobs.max_tokens, profile.max_output_tokens
    limit = profile.default_max_tokens if asked is None else asked
    body["max_tokens"] = limit if cap is None else min(limit, cap)
    thinking, effort = write_thinking(dialogue.thinking, profile, native, losses)
    config: dict[str, Any] = {}
    if effort is not None:
        config["effort"] = effort
    _format(dialogue, native, config, losses)
    if config:
        body["output_config"] = config
    if thinking is None:
        return
    body["thinking"] = thinking
    if thinking["type"] == "disabled":
        return
    refused = _thinking_refused(dialogue, body, thinking)
    if refused is None and thinking["type"] == "enabled" and not fit_budget(body, body["max_tokens"], cap):
        refused = "the output limit leaves no room for a thinking budget"
    if refused is not None:
        del body["thinking"]
        if dialogue.thinking is not None:
            losses.append(Loss("thinking", refused))
        return
    drop_forbidden(body, losses)


def _thinking_refused(dialogue: Dialogue, body: dict[str, Any], thinking: dict[str, Any]) -> str | None:
    """Why the provider would answer 400 to this thinking, or None."""
    if forces_a_call(body.get("tool_choice")):
        return "the provider refuses thinking together with a forced tool call"
    messages = body["messages"]
    if thinking["type"] == "enabled" and len(messages) > 1:
        if messages[-1]["role"] == "assistant" and not _begins_thinking(messages[-1]["content"]):
            return "the provider refuses a thinking budget when an assistant message is to be carried on"
        if _answers_unsigned_call(messages):
            return "the provider refuses to think on after a tool call without signed thinking"
    return None


def _answers_unsigned_call(messages: list[dict[str, Any]]) -> bool:
    """A tool round whose assistant message does not begin with thinking, as in other clients' histories."""
    content = messages[-1]["content"]
    if isinstance(content, str) or not any(block.get("type") == "tool_result" for block in content):
        return False
    return not _begins_thinking(messages[-2]["content"])


def _begins_thinking(content: str | list[dict[str, Any]]) -> bool:
    return not isinstance(content, str) and content[0].get("type") in ("thinking", "redacted_thinking")


def _format(dialogue: Dialogue, native: bool, config: dict[str, Any], losses: list[Loss]) -> None:
    output = dialogue.output
    if output is None or output.kind == "text":
        return
    if output.kind == "json" or not isinstance(output.schema, dict):
        losses.append(Loss("response_format", "the provider gives JSON only by a schema"))
        return
    schema = output.schema if native else _closed(described(output))
    config["format"] = {"type": "json_schema", "schema": schema}


def _closed(schema: Any) -> Any:
    """The provider demands `additionalProperties: false` on every object of an output schema."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
            closed[key] = {name: _closed(item) for name, item in value.items()}
        elif key in ("items", "anyOf", "oneOf", "allOf", "prefixItems"):
            closed[key] = _closed(value)
        else:
            closed[key] = value
    if schema.get("type") == "object" or "properties" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def _own_fields(dialogue: Dialogue, body: dict[str, Any]) -> None:
    """`metadata` and the fields the reader kept; a kept object joins the one written."""
    if dialogue.user:
        body["metadata"] = {"user_id": dialogue.user}
    for field, value in dialogue.extras.get(NAME, {}).items():
        written = body.get(field)
        if isinstance(written, dict) and isinstance(value, dict) and field != "thinking":
            body[field] = {**written, **value}
        else:
            body[field] = value
