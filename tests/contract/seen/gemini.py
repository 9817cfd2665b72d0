"""A recorded generateContent request. google-genai's models forbid fields that Gemini does not have."""

from __future__ import annotations

import json
from typing import Any

from google.genai import types

from tests.contract.ask import Use
from tests.contract.seen.seen import Seen, SeenResult

KNOBS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "maxOutputTokens": "max_tokens",
    "seed": "seed",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
MODES = {"AUTO": "auto", "NONE": "none", "ANY": "required"}
FIELDS = frozenset(
    ("contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent")
)


FREE = frozenset(
    ("args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "data", "text")
)
"""Fields whose values are the user's own."""


def read(body: dict[str, Any]) -> Seen:
    body = _spelled(body)
    assert body.keys() <= FIELDS, body.keys() - FIELDS
    seen = Seen()
    if "systemInstruction" in body:
        content = types.Content.model_validate(body["systemInstruction"])
        seen.instructions += [part.text or "" for part in content.parts or ()]
    roles = [content["role"] for content in body["contents"]]
    assert roles[0] == "user", "the first content must be the user's"
    for content in body["contents"]:
        types.Content.model_validate(content)
        _content(content, seen)
    config = body.get("generationConfig") or {}
    types.GenerationConfig.model_validate(config)
    seen.knobs = {known: config[name] for name, known in KNOBS.items() if name in config}
    for tool in body.get("tools") or ():
        types.Tool.model_validate(tool)
        for function in tool.get("functionDeclarations") or ():
            parameters = function.get("parametersJsonSchema", function.get("parameters"))
            seen.tools[function["name"]] = parameters
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig")
    if calling:
        types.FunctionCallingConfig.model_validate(calling)
        names = calling.get("allowedFunctionNames")
        seen.choice = names[0] if names else MODES[calling["mode"]]
    seen.schema = config.get("responseJsonSchema", config.get("responseSchema"))
    return seen


def _content(content: dict[str, Any], seen: Seen) -> None:
    results: list[SeenResult] = []
    text = ""
    for part in content["parts"]:
        if "functionCall" in part:
            call = part["functionCall"]
            seen.uses.append(Use(call.get("id", ""), call["name"], call.get("args") or {}))
        elif "functionResponse" in part:
            given = part["functionResponse"]
            results.append(
                SeenResult(given.get("id", ""), given["name"], _said(given["response"]), "error" in given["response"])
            )
        elif "inlineData" in part:
            # Its own SDK writes the URL-safe alphabet; the API takes both.
            data = part["inlineData"]["data"].replace("-", "+").replace("_", "/")
            seen.pictures.append((part["inlineData"]["mimeType"], data))
        else:
            text += part["text"]
    if results:
        seen.rounds.append(results)
    if text:
        seen.turns.append(("assistant" if content["role"] == "model" else "user", text))


def _said(response: dict[str, Any]) -> str:
    """The text of a response that holds one, else its JSON."""
    if len(response) == 1:
        (value,) = response.values()
        if isinstance(value, str):
            return value
    return json.dumps(response)


def _spelled(value: Any) -> Any:
    """Both spellings are Gemini's; its own SDK mixes them."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelled = {}
    for key, inner in value.items():
        first, *rest = key.split("_")
        name = first + "".join(word.capitalize() for word in rest)
        spelled[name] = inner if name in FREE else _spelled(inner)
    return spelled
