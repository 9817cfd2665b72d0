"""A Dialogue to a provider's Chat Completions body.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from gateway.canon.dialogue import Dialogue, Loss, OutputFormat
from gateway.canon.profile import Profile
from gateway.protocols.chat.message_writer import write_messages
from gateway.protocols.chat.tool_writer import write_tools
from gateway.protocols.dialect import Written
from gateway.protocols.effort import EFFORT_TO_BUDGET, effort_of
from gateway.protocols.losses import foreign_fields, unheard_picture
from gateway.protocols.names import NameMap
from gateway.protocols.openai_tiers import tier_of

_MAX_USER = 64
_MAX_STOPS = 4
_SHARED_WITH_RESPONSES = ("safety_identifier", "prompt_cache_retention", "prompt_cache_options", "moderation")


def tool_names() -> NameMap:
    """https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools-function-name"""
    return NameMap(r"[^a-zA-Z0-9_-]", 64)


def write_request(dialogue: Dialogue, profile: Profile) -> Written:
    """Streamed usage is always asked for: the gateway's own records need it, whatever the client is shown."""
    names = tool_names()
    own = dialogue.extras.get("chat", {})
    native = "chat" in dialogue.extras
    losses = foreign_fields(dialogue, "chat", _SHARED_WITH_RESPONSES)
    if not native:
        losses += unheard_picture(dialogue)
    body: dict[str, Any] = {"model": dialogue.model}
    body["messages"] = write_messages(dialogue.turns, profile, names, losses)
    if dialogue.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True, **own.get("stream_options", {})}
    _write_knobs(body, dialogue, profile, native, losses)
    body.update(write_tools(dialogue, names, native, losses))
    _write_thinking(body, dialogue, profile, losses)
    if dialogue.output is not None:
        body["response_format"] = _write_output(dialogue.output)
    _write_rest(body, dialogue, native, losses)
    responses = dialogue.extras.get("responses", {})
    body.update({field: responses[field] for field in _SHARED_WITH_RESPONSES if field in responses})
    body.update({field: value for field, value in own.items() if field != "stream_options"})
    if native and dialogue.picture is not None:
        body.update(dialogue.picture.said)
    for field in profile.drop:
        if field in body:
            del body[field]
            if field != "stream_options":
                losses.append(Loss(field, f"the model {dialogue.model} refuses this field"))
    return Written(body, losses, names)


def _write_knobs(body: dict[str, Any], dialogue: Dialogue, profile: Profile, native: bool, losses: list[Loss]) -> None:
    knobs = dialogue.knobs
    if knobs.max_tokens is not None:
        cap = profile.max_output_tokens
        body[profile.max_tokens_field] = knobs.max_tokens if cap is None else min(knobs.max_tokens, cap)
    for field in (
        "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "n", "logprobs",
        "top_logprobs",
    ):  # fmt: skip
        value = getattr(knobs, field)
        if value is not None:
            body[field] = value
    if knobs.top_logprobs is not None and not native:
        body["logprobs"] = True  # OpenAI demands it beside top_logprobs here, and not in Responses
    if knobs.stop:
        body["stop"] = list(knobs.stop if native else knobs.stop[:_MAX_STOPS])
        if len(body["stop"]) < len(knobs.stop):
            losses.append(Loss("stop", f"OpenAI takes at most {_MAX_STOPS} stop sequences"))
    if knobs.top_k is not None:
        if native:
            body["top_k"] = knobs.top_k
        else:
            losses.append(Loss("top_k", "Chat Completions has no such field"))


def _write_thinking(body: dict[str, Any], dialogue: Dialogue, profile: Profile, losses: list[Loss]) -> None:
    wish = dialogue.thinking
    if profile.thinking != "effort":
        if wish is not None and wish.mode != "off":
            losses.append(Loss("thinking", f"the model {dialogue.model} takes no reasoning_effort"))
        return
    effort: str | None
    if wish is None:
        default = profile.thinking_default
        effort = None if default is None or default < 0 else effort_of(default)
    elif wish.mode == "off":
        effort = "none"
    elif wish.effort is not None and wish.budget is None:
        effort = wish.effort
    elif wish.budget is not None and wish.budget >= 0:
        effort = effort_of(wish.budget)
    else:
        effort = wish.effort or (None if wish.mode == "adaptive" else "medium")
    if effort is not None:
        if effort not in EFFORT_TO_BUDGET and "chat" not in dialogue.extras:
            losses.append(Loss("thinking", f"the effort {effort!r} is not known"))
            return
        body["reasoning_effort"] = effort


def _write_output(output: OutputFormat) -> dict[str, Any]:
    """A schema must have a name of the form tool names have."""
    if output.kind == "text":
        return {"type": "text"}
    if output.kind == "json":
        return {"type": "json_object"}
    inner: dict[str, Any] = {"name": re.sub(r"[^a-zA-Z0-9_-]", "_", output.name or "")[:64] or "response"}
    for field in ("description", "schema", "strict"):
        value = getattr(output, field)
        if value is not None:
            inner[field] = value
    return {"type": "json_schema", "json_schema": inner}


def _write_rest(body: dict[str, Any], dialogue: Dialogue, native: bool, losses: list[Loss]) -> None:
    if dialogue.verbosity is not None:
        body["verbosity"] = dialogue.verbosity
    if dialogue.modalities:
        body["modalities"] = list(dialogue.modalities)
    if dialogue.user is not None:
        long = len(dialogue.user) > _MAX_USER and not native
        body["user"] = sha256(dialogue.user.encode("utf-8", "replace")).hexdigest() if long else dialogue.user
    if dialogue.cache_key is not None:
        body["prompt_cache_key"] = dialogue.cache_key
    tier = tier_of(dialogue.service_tier, native, losses)
    if tier is not None:
        body["service_tier"] = tier
