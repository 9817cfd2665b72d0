"""A Dialogue to a Responses request body, for a provider that speaks this API."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Loss, OutputFormat
from gateway.canon.parts import Text
from gateway.canon.profile import Profile
from gateway.protocols.dialect import Written
from gateway.protocols.effort import effort_of
from gateway.protocols.losses import foreign_fields, unheard_picture
from gateway.protocols.names import NameMap
from gateway.protocols.openai_tiers import tier_of
from gateway.protocols.responses.item_writer import ItemWriter
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.part_writer import is_attribution
from gateway.protocols.responses.request_reader import LOGPROBS
from gateway.protocols.responses.tool_writer import write_choice, write_tools

ENCRYPTED = "reasoning.encrypted_content"
MIN_OUTPUT_TOKENS = 16
_SHARED_WITH_CHAT = (
    "metadata",
    "store",
    "safety_identifier",
    "prompt_cache_retention",
    "prompt_cache_options",
    "moderation",
)


def write_request(dialogue: Dialogue, profile: Profile) -> Written:
    losses: list[Loss] = []
    names = NameMap(r"[^a-zA-Z0-9_-]", 64)
    body: dict[str, Any] = {"model": dialogue.model}
    _write_turns(dialogue, body, names, losses)
    if dialogue.stream:
        body["stream"] = True
    _write_knobs(dialogue, profile, body, losses)
    tools = write_tools(dialogue.tools, names, losses)
    if tools:
        body["tools"] = tools
    if dialogue.tool_choice is not None and (tools or dialogue.tool_choice.mode == "none" or _late(dialogue)):
        body["tool_choice"] = write_choice(dialogue.tool_choice, dialogue.tools, names)
    if dialogue.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = dialogue.parallel_tool_calls
    _write_thinking(dialogue, profile, body, losses)
    _write_text(dialogue, body)
    _write_extras(dialogue, body)
    _write_includes(dialogue, profile, body)
    body.setdefault("store", False)
    losses += foreign_fields(dialogue, OWN, _SHARED_WITH_CHAT)
    losses += unheard_picture(dialogue)
    for field in profile.drop:
        if body.pop(field, None) is not None and field not in ("store", "include"):
            losses.append(Loss(field, f"{dialogue.model} refuses this field"))
    return Written(body, losses, names if names.changed else None)


def _late(dialogue: Dialogue) -> bool:
    return any(tool.extras.get(OWN, {}).get("late") for tool in dialogue.tools)


def _write_turns(dialogue: Dialogue, body: dict[str, Any], names: NameMap, losses: list[Loss]) -> None:
    """Leading system turns of other dialects become `instructions`; own ones go back where they stood."""
    turns = dialogue.turns
    stored = bool(dialogue.extras.get(OWN, {}).get("store"))
    leading = 0
    texts: list[str] = []
    for turn in turns:
        own = turn.extras.get(OWN)
        if own is not None and own.get("instructions"):
            if "raw" in own:
                body["instructions"] = own["raw"]
            else:
                texts += [part.text for part in turn.parts if isinstance(part, Text)]
        elif (
            own is None and turn.role in ("system", "developer") and all(isinstance(part, Text) for part in turn.parts)
        ):
            texts += [p.text for p in turn.parts if isinstance(p, Text) and p.text and not is_attribution(p)]
        else:
            break
        leading += 1
    if leading == len(turns) and not any(turn.extras.get(OWN) for turn in turns):
        # The API wants an input: a dialogue of system turns alone goes there as it is.
        leading, texts = 0, []
    if texts:
        body["instructions"] = "\n\n".join(texts)
    rest = turns[leading:]
    first = rest[0] if rest else None
    if len(rest) == 1 and first is not None and first.extras.get(OWN, {}).get("whole_input"):
        body["input"] = "".join(part.text for part in first.parts if isinstance(part, Text))
        return
    items = ItemWriter(names, losses, stored)
    for number, turn in enumerate(rest, leading):
        items.write(turn, number)
    if items.items:
        body["input"] = items.items


def _write_knobs(dialogue: Dialogue, profile: Profile, body: dict[str, Any], losses: list[Loss]) -> None:
    knobs = dialogue.knobs
    if knobs.temperature is not None:
        body["temperature"] = knobs.temperature
    if knobs.top_p is not None:
        body["top_p"] = knobs.top_p
    limit = knobs.max_tokens
    if limit is not None:
        if profile.max_output_tokens is not None:
            limit = min(limit, profile.max_output_tokens)
        body["max_output_tokens"] = max(limit, MIN_OUTPUT_TOKENS)
    if knobs.top_logprobs is not None:
        body["top_logprobs"] = knobs.top_logprobs
    if dialogue.user is not None:
        body["user"] = dialogue.user
    if dialogue.cache_key is not None:
        body["prompt_cache_key"] = dialogue.cache_key
    tier = tier_of(dialogue.service_tier, OWN in dialogue.extras, losses)
    if tier is not None:
        body["service_tier"] = tier
    for field in ("top_k", "seed", "presence_penalty", "frequency_penalty"):
        if getattr(knobs, field) is not None:
            losses.append(Loss(field, "the Responses API does not have this setting"))
    if knobs.stop:
        losses.append(Loss("stop", "the Responses API does not have stop sequences"))
    if knobs.n is not None and knobs.n > 1:
        losses.append(Loss("n", "the Responses API gives one answer"))
    unsaid = [word for word in dialogue.modalities if word != "text"]
    if unsaid:
        losses.append(Loss("modalities", f"the Responses API does not answer in {', '.join(unsaid)}"))


def _write_thinking(dialogue: Dialogue, profile: Profile, body: dict[str, Any], losses: list[Loss]) -> None:
    wish = dialogue.thinking
    if profile.thinking == "none":
        if wish is not None and wish.mode != "off":
            losses.append(Loss("thinking", f"{dialogue.model} does not take thinking settings"))
        return
    reasoning: dict[str, Any] = {}
    if wish is None:
        default = profile.thinking_default
        if default is not None and default >= 0:
            reasoning["effort"] = effort_of(default)
    elif wish.mode == "off":
        reasoning["effort"] = "none"
    elif wish.effort is not None:
        reasoning["effort"] = wish.effort
    elif wish.budget is not None and wish.budget >= 0:
        reasoning["effort"] = effort_of(wish.budget)
    if wish is not None and wish.mode != "off":
        seen = wish.shown is True or (wish.shown is None and wish.budget is not None)
        summary = wish.summary or ("auto" if seen else None)
        if summary is not None:
            reasoning["summary"] = summary
    if reasoning:
        body["reasoning"] = reasoning


def _write_text(dialogue: Dialogue, body: dict[str, Any]) -> None:
    text: dict[str, Any] = {}
    if dialogue.output is not None:
        text["format"] = _write_format(dialogue.output)
    if dialogue.verbosity is not None:
        text["verbosity"] = dialogue.verbosity
    if text:
        body["text"] = text


def _write_format(output: OutputFormat) -> dict[str, Any]:
    if output.kind != "schema":
        return {"type": "text" if output.kind == "text" else "json_object"}
    form: dict[str, Any] = {"type": "json_schema", "name": output.name or "answer", "schema": output.schema}
    if output.description is not None:
        form["description"] = output.description
    if output.strict is not None:
        form["strict"] = output.strict
    return form


def _write_extras(dialogue: Dialogue, body: dict[str, Any]) -> None:
    for field in _SHARED_WITH_CHAT:
        value = dialogue.extras.get("chat", {}).get(field)
        if value is not None:
            body[field] = value
    for field, value in dialogue.extras.get(OWN, {}).items():
        outer, dot, inner = field.partition(".")
        if dot and outer in ("reasoning", "text"):
            body.setdefault(outer, {})[inner] = value
        else:
            body[field] = value


def _write_includes(dialogue: Dialogue, profile: Profile, body: dict[str, Any]) -> None:
    """A stateless client gets its reasoning sealed, or the next turn starts without it."""
    include = list(body.get("include") or [])
    if profile.thinking != "none" and ENCRYPTED not in include:
        include.append(ENCRYPTED)
    if dialogue.knobs.logprobs and LOGPROBS not in include:
        include.append(LOGPROBS)
    if include:
        body["include"] = include
