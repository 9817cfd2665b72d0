"""Gemini's JSON comes in camelCase and in snake_case (protobuf allows both, litellm mixes them).

https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

from typing import Any


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def _table(*names: str) -> dict[str, str]:
    table = {}
    for name in names:
        snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
        if snake != name:
            table[snake] = name
    return table


BODY = _table(
    "systemInstruction", "generationConfig", "safetySettings", "toolConfig", "cachedContent", "serviceTier",
    "generateContentRequest",
)  # fmt: skip
PART = _table(
    "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult",
    "thoughtSignature", "videoMetadata", "mediaResolution", "toolCall", "toolResponse", "partMetadata",
    "audioTranscription", "mediaProcessing",
)  # fmt: skip
MEDIA = _table("mimeType", "fileUri", "displayName")
CALL = _table("partialArgs", "willContinue")
TOOL = _table(
    "functionDeclarations", "googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext",
    "googleMaps", "fileSearch", "computerUse", "enterpriseWebSearch", "mcpServers",
)  # fmt: skip
DECLARATION = _table("parametersJsonSchema", "responseJsonSchema")
TOOL_CONFIG = _table("functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations")
CALLING = _table("allowedFunctionNames", "streamFunctionCallArguments")
CONFIG = _table(
    "topP", "topK", "maxOutputTokens", "stopSequences", "presencePenalty", "frequencyPenalty",
    "candidateCount", "responseLogprobs", "responseMimeType", "responseSchema", "responseJsonSchema",
    "thinkingConfig", "responseModalities", "imageConfig", "mediaResolution", "speechConfig",
    "audioTimestamp", "enableAffectiveDialog", "enableEnhancedCivicAnswers", "routingConfig",
    "responseFormat",
)  # fmt: skip
THINKING = _table("includeThoughts", "thinkingBudget", "thinkingLevel")
SCHEMA = _table(
    "anyOf", "oneOf", "allOf", "maxItems", "minItems", "maxLength", "minLength", "maxProperties",
    "minProperties", "propertyOrdering", "additionalProperties",
)  # fmt: skip
USAGE = _table(
    "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
    "toolUsePromptTokenCount", "totalTokenCount",
)  # fmt: skip
EMBEDDING = _table("taskType", "outputDimensionality", "autoTruncate")

_ALL = (EMBEDDING, BODY, PART, MEDIA, CALL, TOOL, DECLARATION, TOOL_CONFIG, CALLING, CONFIG, THINKING, SCHEMA)
assert all(_camel(snake) == camel for table in _ALL for snake, camel in table.items())


def spelled(value: dict[str, Any], table: dict[str, str]) -> dict[str, Any]:
    """`value` with the snake_case keys of `table` in camelCase; `value` itself when it has none.

    Where both spellings stand, the camelCase one counts.
    """
    for key in value:
        if key in table:
            break
    else:
        return value
    respelled = {}
    for key, item in value.items():
        camel = table.get(key, key)
        if camel == key or camel not in value:
            respelled[camel] = item
    return respelled
