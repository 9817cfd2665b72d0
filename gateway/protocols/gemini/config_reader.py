"""generationConfig: knobs, thinking, output format.

https://ai.google.dev/api/generate-content#generationconfig
What canon has no place for is kept under extras["gemini"]["generationConfig.<field>"]: a loss names the path.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, OutputFormat, ThinkingWish
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.schema_reader import AsJsonSchema, to_json_schema
from gateway.protocols.gemini.spelling import spelled

_KNOWN = frozenset(
    {
        "temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed", "presencePenalty",
        "frequencyPenalty", "candidateCount", "responseLogprobs", "logprobs", "thinkingConfig",
        "responseMimeType", "responseSchema", "responseJsonSchema",
    }
)  # fmt: skip


def read_config(config: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
    """Fills `dialogue`; returns the extras under their dotted paths."""
    config = spelled(config, spelling.CONFIG)
    knobs = dialogue.knobs
    knobs.temperature = config.get("temperature")
    knobs.top_p = config.get("topP")
    knobs.top_k = _whole(config.get("topK"))
    knobs.max_tokens = _whole(config.get("maxOutputTokens"))
    knobs.stop = list(config.get("stopSequences") or [])
    knobs.seed = _whole(config.get("seed"))
    knobs.presence_penalty = config.get("presencePenalty")
    knobs.frequency_penalty = config.get("frequencyPenalty")
    knobs.n = _whole(config.get("candidateCount"))
    knobs.logprobs = config.get("responseLogprobs")
    knobs.top_logprobs = _whole(config.get("logprobs"))
    extras = {
        f"generationConfig.{field}": value
        for field, value in config.items()
        if field not in _KNOWN and value is not None
    }
    thinking = config.get("thinkingConfig")
    if thinking:
        dialogue.thinking = _thinking(spelled(thinking, spelling.THINKING), extras)
    dialogue.output = _output(config, extras)
    return extras


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _thinking(config: dict[str, Any], extras: dict[str, Any]) -> ThinkingWish | None:
    for field, value in config.items():
        if field not in ("includeThoughts", "thinkingBudget", "thinkingLevel") and value is not None:
            extras[f"generationConfig.thinkingConfig.{field}"] = value
    shown = bool(config.get("includeThoughts"))
    budget = _whole(config.get("thinkingBudget"))
    level = (config.get("thinkingLevel") or "").lower()
    if level == "thinking_level_unspecified":
        level = ""
    if budget == 0:
        return ThinkingWish("off", 0, shown=shown)
    if budget is not None or level:
        return ThinkingWish("on", budget, level or None, shown)
    if config.get("includeThoughts") is not None:
        return ThinkingWish("adaptive", shown=shown)
    return None


def _output(config: dict[str, Any], extras: dict[str, Any]) -> OutputFormat | None:
    mime = config.get("responseMimeType")
    plain, json_schema = config.get("responseSchema"), config.get("responseJsonSchema")
    if mime is not None and mime not in ("application/json", "text/plain"):
        # text/x.enum and whatever follows it have no like elsewhere.
        extras["generationConfig.responseMimeType"] = mime
        if plain is not None:
            extras["generationConfig.responseSchema"] = plain
        if json_schema is not None:
            extras["generationConfig.responseJsonSchema"] = json_schema
        return None
    if isinstance(json_schema, dict):
        return OutputFormat("schema", AsJsonSchema(json_schema))
    if isinstance(plain, dict):
        return OutputFormat("schema", to_json_schema(plain))
    if mime == "application/json":
        return OutputFormat("json")
    return OutputFormat("text") if mime else None
