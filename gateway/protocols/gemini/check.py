"""Complaints about a generateContent body: the reader runs these first, pass-through runs nothing else.

Every complaint is a Malformed whose `param` is the JSON path. Unknown fields and kinds of part are never one.
https://ai.google.dev/api/generate-content#request-body
"""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.check_parts import check_part
from gateway.protocols.gemini.check_tools import check_tool_config, check_tools
from gateway.protocols.gemini.spelling import spelled

ROLES = frozenset({"user", "model", "function", "system"})

_NUMBERS = ("temperature", "topP", "topK", "presencePenalty", "frequencyPenalty")
MAX_CANDIDATES = 128
"""What no provider goes beyond; Gemini's own models give at most 8."""
_INTEGERS = ("maxOutputTokens", "candidateCount", "seed", "logprobs")


def check_request(body: dict[str, Any]) -> None:
    """Raises Malformed; `body` is the client's JSON."""
    if not isinstance(body, dict):
        raise Malformed("", "the request body must be a JSON object")
    contents = body.get("contents")
    if type(contents) is list:
        _check_contents(contents)
    elif isinstance(contents, dict):
        _check_content(contents, "contents")
    elif contents is not None and not isinstance(contents, str):
        raise Malformed("contents", "contents must be an array of content objects")
    if not contents:
        raise Malformed("contents", "contents is not specified: send at least one content")
    if len(body) > 1:
        _check_rest(spelled(body, spelling.BODY))


def _check_contents(contents: list[Any]) -> None:
    for number, content in enumerate(contents):
        if type(content) is not dict:
            raise Malformed(f"contents[{number}]", "a content must be an object with role and parts")
        role = content.get("role")
        parts = content.get("parts")
        if (role is not None and (type(role) is not str or role not in ROLES)) or type(parts) is not list:
            _check_content(content, f"contents[{number}]")
        else:
            for part in parts:
                if type(part) is not dict or len(part) != 1 or type(part.get("text")) is not str:
                    _check_content(content, f"contents[{number}]")
                    break


def _check_content(content: dict[str, Any], path: str) -> None:
    role = content.get("role")
    if role is not None:
        if not isinstance(role, str):
            raise Malformed(f"{path}.role", "role must be a string")
        if role and role not in ROLES:
            raise Malformed(f"{path}.role", f"unknown role {role[:40]!r}: use user or model")
    parts = content.get("parts")
    if parts is None:
        return
    if not isinstance(parts, list):
        raise Malformed(f"{path}.parts", "parts must be an array of part objects")
    for number, part in enumerate(parts):
        check_part(part, f"{path}.parts[{number}]")


def _check_rest(body: dict[str, Any]) -> None:
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise Malformed("model", "model must be a string")
    system = body.get("systemInstruction")
    if isinstance(system, dict):
        _check_system(system)
    elif system is not None and not isinstance(system, str):
        raise Malformed("systemInstruction", "systemInstruction must be a content object or a string")
    if body.get("tools") is not None:
        check_tools(body["tools"])
    if body.get("toolConfig") is not None:
        check_tool_config(body["toolConfig"])
    config = body.get("generationConfig")
    if config is not None:
        if not isinstance(config, dict):
            raise Malformed("generationConfig", "generationConfig must be an object")
        _check_config(spelled(config, spelling.CONFIG))
    for field, wanted, word in (
        ("safetySettings", list, "an array"),
        ("cachedContent", str, "a string"),
        ("serviceTier", str, "a string"),
        ("labels", dict, "an object"),
    ):
        if body.get(field) is not None and not isinstance(body[field], wanted):
            raise Malformed(field, f"{field} must be {word}")


def _check_system(system: dict[str, Any]) -> None:
    if system.get("role") is not None and not isinstance(system["role"], str):
        raise Malformed("systemInstruction.role", "role must be a string")
    parts = system.get("parts")
    if isinstance(parts, dict):
        check_part(parts, "systemInstruction.parts")
    elif parts is not None:
        _check_content({"parts": parts}, "systemInstruction")


def _check_config(config: dict[str, Any]) -> None:
    for field in _NUMBERS:
        value = config.get(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise Malformed(f"generationConfig.{field}", f"{field} must be a number")
    for field in _INTEGERS:
        value = config.get(field)
        if value is not None and not whole_number(value):
            raise Malformed(f"generationConfig.{field}", f"{field} must be an integer")
    for field in ("maxOutputTokens", "candidateCount"):
        if config.get(field) is not None and config[field] < 1:
            raise Malformed(f"generationConfig.{field}", f"{field} must be positive")
    if (config.get("candidateCount") or 0) > MAX_CANDIDATES:
        raise Malformed("generationConfig.candidateCount", f"candidateCount must be at most {MAX_CANDIDATES}")
    _check_strings(config, "stopSequences")
    _check_strings(config, "responseModalities")
    logprobs = config.get("responseLogprobs")
    if logprobs is not None and not isinstance(logprobs, bool):
        raise Malformed("generationConfig.responseLogprobs", "responseLogprobs must be true or false")
    mime = config.get("responseMimeType")
    if mime is not None and not isinstance(mime, str):
        raise Malformed("generationConfig.responseMimeType", "responseMimeType must be a string")
    for field in ("responseSchema", "responseJsonSchema"):
        if config.get(field) is not None and not isinstance(config[field], dict | bool):
            raise Malformed(f"generationConfig.{field}", f"{field} must be an object")
    thinking = config.get("thinkingConfig")
    if thinking is not None:
        _check_thinking(thinking)


def _check_strings(config: dict[str, Any], field: str) -> None:
    value = config.get(field)
    if value is not None and (not isinstance(value, list) or any(not isinstance(item, str) for item in value)):
        raise Malformed(f"generationConfig.{field}", f"{field} must be an array of strings")


def _check_thinking(thinking: Any) -> None:
    path = "generationConfig.thinkingConfig"
    if not isinstance(thinking, dict):
        raise Malformed(path, "thinkingConfig must be an object")
    thinking = spelled(thinking, spelling.THINKING)
    shown = thinking.get("includeThoughts")
    if shown is not None and not isinstance(shown, bool):
        raise Malformed(f"{path}.includeThoughts", "includeThoughts must be true or false")
    budget = thinking.get("thinkingBudget")
    if budget is not None and (not whole_number(budget) or budget < -1):
        raise Malformed(f"{path}.thinkingBudget", "thinkingBudget must be an integer, -1 for dynamic")
    level = thinking.get("thinkingLevel")
    if level is not None and not isinstance(level, str):
        raise Malformed(f"{path}.thinkingLevel", "thinkingLevel must be a string")


def whole_number(value: Any) -> bool:
    """An integer, or a float without a fraction (google-genai sends topK as 40.0); no bool."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
