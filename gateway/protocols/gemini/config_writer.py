"""Knobs, thinking and output format to generationConfig.

https://ai.google.dev/api/generate-content#generationconfig
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue, Knobs, Loss, OutputFormat
from gateway.canon.profile import Profile
from gateway.protocols.gemini.image_config import write_image_config
from gateway.protocols.gemini.schema import to_gemini
from gateway.protocols.gemini.schema_reader import AsJsonSchema
from gateway.protocols.gemini.thinking_writer import fit_limit, write_thinking
from gateway.protocols.schema_description import described

Json = dict[str, Any]

MAX_STOPS = 5


def write_config(dialogue: Dialogue, profile: Profile, losses: list[Loss]) -> Json:
    config = _knobs(dialogue.knobs, losses)
    if dialogue.output is not None:
        config.update(_output(dialogue.output))
    modalities = [item.upper() for item in dialogue.modalities]
    if modalities and modalities != ["TEXT"]:
        config["responseModalities"] = modalities
    picture = write_image_config(dialogue.picture, profile, losses)
    if picture:
        config["imageConfig"] = picture
    thinking = write_thinking(dialogue.thinking, profile, losses)
    if thinking is not None:
        config["thinkingConfig"] = thinking
    for path, value in dialogue.extras.get("gemini", {}).items():
        if path.startswith("generationConfig."):
            _put(config, path.split(".")[1:], value)
    if profile.thinking == "none":
        config.pop("thinkingConfig", None)
    fit_limit(config, profile)
    return config


def _put(config: Json, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        config = config.setdefault(step, {})
    config[steps[-1]] = value


def _knobs(knobs: Knobs, losses: list[Loss]) -> Json:
    told: Json = {
        "temperature": knobs.temperature,
        "topP": knobs.top_p,
        "topK": knobs.top_k,
        "maxOutputTokens": knobs.max_tokens,
        "seed": _int32(knobs.seed),
        "presencePenalty": knobs.presence_penalty,
        "frequencyPenalty": knobs.frequency_penalty,
        "candidateCount": knobs.n,
        # Gemini demands it beside `logprobs`; OpenAI's Responses have the number alone.
        "responseLogprobs": True if knobs.top_logprobs is not None else knobs.logprobs,
        "logprobs": knobs.top_logprobs,
    }
    config: Json = {field: value for field, value in told.items() if value is not None}
    stops = [stop for stop in knobs.stop if stop]
    if len(stops) > MAX_STOPS:
        losses.append(Loss("stop", f"Gemini takes at most {MAX_STOPS} stop sequences"))
    if stops:
        config["stopSequences"] = stops[:MAX_STOPS]
    return config


def _int32(seed: int | None) -> int | None:
    """Gemini's seed is an int32; a larger one still gives the same number every time."""
    return seed if seed is None or -(2**31) <= seed < 2**31 else seed % 2**31


def _output(output: OutputFormat) -> Json:
    if output.kind == "text":
        return {"responseMimeType": "text/plain"} if output.name is None else {}
    if output.kind == "json" or output.schema is None:
        return {"responseMimeType": "application/json"}
    if isinstance(output.schema, AsJsonSchema):
        return {"responseMimeType": "application/json", "responseJsonSchema": dict(output.schema)}
    return {"responseMimeType": "application/json", "responseSchema": to_gemini(described(output))}
