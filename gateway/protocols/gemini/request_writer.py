"""A Dialogue to a generateContent body.

https://ai.google.dev/api/generate-content; the model and whether to stream go into the URL, not the body.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.canon.dialogue import Dialogue, Loss
from gateway.canon.profile import Profile
from gateway.protocols.dialect import Written
from gateway.protocols.gemini.config_writer import write_config
from gateway.protocols.gemini.contents_writer import write_contents
from gateway.protocols.gemini.image_config import draws_only, told_by_user, tools_of
from gateway.protocols.gemini.tools_writer import name_map, write_tool_choice, write_tools
from gateway.protocols.losses import foreign_fields, unheard_bookkeeping

_TIERS = {
    "default": "standard", "standard_only": "standard", "standard": "standard", "flex": "flex", "priority": "priority",
}  # fmt: skip


def write_request(dialogue: Dialogue, profile: Profile) -> Written:
    names = name_map()
    losses: list[Loss] = foreign_fields(dialogue, "gemini")
    losses += unheard_bookkeeping(dialogue, "user", "prompt_cache_key")
    body: dict[str, Any] = {}
    dialogue = replace(dialogue, tools=tools_of(dialogue, profile, losses))
    tools = write_tools(dialogue.tools, names, losses)
    system, contents, lost = write_contents(dialogue.turns, names, profile)
    losses += lost
    if system is not None and draws_only(dialogue, profile):
        told_by_user(system, contents, losses)
    elif system is not None:
        body["systemInstruction"] = system
    body["contents"] = contents
    if tools:
        body["tools"] = tools
    calling = write_tool_choice(dialogue, names)
    if calling is not None:
        body["toolConfig"] = {"functionCallingConfig": calling}
    config = write_config(dialogue, profile, losses)
    if config:
        body["generationConfig"] = config
    _own_fields(dialogue, body)
    if dialogue.service_tier in _TIERS:
        body["serviceTier"] = _TIERS[dialogue.service_tier]
    elif dialogue.service_tier not in (None, "auto"):
        losses.append(Loss("service_tier", f"Gemini has no tier {dialogue.service_tier!r}"))
    if dialogue.parallel_tool_calls is False and dialogue.tools:
        losses.append(Loss("parallel_tool_calls", "Gemini cannot be kept from parallel calls"))
    if dialogue.verbosity and dialogue.verbosity != "medium":
        losses.append(Loss("verbosity", "Gemini has no verbosity setting"))
    _drop(body, profile, losses)
    return Written(body, losses, names)


def _own_fields(dialogue: Dialogue, body: dict[str, Any]) -> None:
    for path, value in dialogue.extras.get("gemini", {}).items():
        if path.startswith("generationConfig."):
            continue
        if not path.startswith("toolConfig."):
            body[path] = value
        elif path != "toolConfig.functionCallingConfig.mode" or dialogue.tool_choice is None:
            place = body.setdefault("toolConfig", {})
            *steps, last = path.split(".")[1:]
            for step in steps:
                place = place.setdefault(step, {})
            place[last] = value


def _drop(body: dict[str, Any], profile: Profile, losses: list[Loss]) -> None:
    for field in profile.drop:
        inner = field.removeprefix("generationConfig.")
        config = body.get("generationConfig", {})
        dropped = body.pop(field, None) if field in body else config.pop(inner, None)
        if dropped is not None:
            losses.append(Loss(field, "the model refuses this field"))
    if body.get("generationConfig") == {}:
        del body["generationConfig"]
