"""https://ai.google.dev/api/generate-content, https://ai.google.dev/api/caching#Tool"""

from __future__ import annotations

from typing import Any

from tests.contract.parameters.chat import PICTURE, SCHEMA
from tests.contract.parameters.parameter import Parameter

FUNCTION: dict[str, Any] = {"name": "look", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
OTHER = {**FUNCTION, "name": "find"}
TOOLS = {"tools": [{"functionDeclarations": [FUNCTION, OTHER]}]}
PLAIN_SCHEMA = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
JSON = "application/json"


def _config(**config: Any) -> dict[str, Any]:
    return {"generationConfig": config}


def _function(**more: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{**FUNCTION, **more}]}]}


def _calling(**config: Any) -> dict[str, Any]:
    return {**TOOLS, "toolConfig": {"functionCallingConfig": config}}


def _part(**part: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": "hello"}, part]}]}


_IMAGE = {"mimeType": "image/png", "data": PICTURE.partition(",")[2]}
_FILM = {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a", "mimeType": "video/mp4"}}


def _in(inner: str) -> tuple[str, ...]:
    """Inner fields are reported with the field that holds them."""
    return (f"generationConfig.{inner}",)


PARAMETERS = (
    Parameter("cachedContent", {"cachedContent": "cachedContents/1"}),
    Parameter("contents[].parts[].inlineData", _part(inlineData=_IMAGE), _part(text="x")),
    Parameter(
        "contents[].parts[].videoMetadata",
        _part(**_FILM, videoMetadata={"fps": 2}),
        _part(**_FILM),
        words=("contents.parts",),
    ),
    Parameter("generationConfig.audioTimestamp", _config(audioTimestamp=True)),
    Parameter("generationConfig.audioTranscriptionConfig", _config(audioTranscriptionConfig={})),
    Parameter("generationConfig.candidateCount", _config(candidateCount=2), words=("n",)),
    Parameter("generationConfig.enableAffectiveDialog", _config(enableAffectiveDialog=True)),
    Parameter("generationConfig.enableEnhancedCivicAnswers", _config(enableEnhancedCivicAnswers=True)),
    Parameter("generationConfig.frequencyPenalty", _config(frequencyPenalty=0.5), words=("frequency_penalty",)),
    Parameter(
        "generationConfig.imageConfig.aspectRatio",
        _config(imageConfig={"aspectRatio": "16:9"}),
        words=_in("imageConfig"),
    ),
    Parameter(
        "generationConfig.imageConfig.imageSize", _config(imageConfig={"imageSize": "2K"}), words=_in("imageConfig")
    ),
    Parameter(
        "generationConfig.logprobs",
        _config(responseLogprobs=True, logprobs=3),
        _config(responseLogprobs=True),
        words=("top_logprobs",),
    ),
    Parameter("generationConfig.maxOutputTokens", _config(maxOutputTokens=77)),
    Parameter("generationConfig.mediaResolution", _config(mediaResolution="MEDIA_RESOLUTION_LOW")),
    Parameter(
        "generationConfig.modelSelectionConfig",
        _config(modelSelectionConfig={"featureSelectionPreference": "BALANCED"}),
    ),
    Parameter("generationConfig.presencePenalty", _config(presencePenalty=0.5), words=("presence_penalty",)),
    Parameter("generationConfig.responseFormat", _config(responseFormat={"text": {}})),
    Parameter(
        "generationConfig.responseJsonSchema",
        _config(responseMimeType=JSON, responseJsonSchema=SCHEMA),
        _config(responseMimeType=JSON),
        words=("response_format",),
    ),
    Parameter("generationConfig.responseLogprobs", _config(responseLogprobs=True), words=("logprobs",)),
    Parameter("generationConfig.responseMimeType", _config(responseMimeType=JSON), words=("response_format",)),
    Parameter(
        "generationConfig.responseMimeType=text/x.enum",
        _config(responseMimeType="text/x.enum", responseSchema={"type": "STRING", "enum": ["a"]}),
        words=("generationConfig.responseMimeType",),
    ),
    Parameter(
        "generationConfig.responseModalities", _config(responseModalities=["TEXT", "IMAGE"]), words=("modalities",)
    ),
    Parameter(
        "generationConfig.responseSchema",
        _config(responseMimeType=JSON, responseSchema=PLAIN_SCHEMA),
        _config(responseMimeType=JSON),
        words=("response_format",),
    ),
    Parameter("generationConfig.routingConfig", _config(routingConfig={"autoMode": {}})),
    Parameter("generationConfig.seed", _config(seed=7), words=("seed",)),
    Parameter("generationConfig.speechConfig", _config(speechConfig={"languageCode": "de-DE"})),
    Parameter("generationConfig.stopSequences", _config(stopSequences=["END"]), words=("stop",)),
    Parameter("generationConfig.temperature", _config(temperature=0.25)),
    Parameter(
        "generationConfig.thinkingConfig.includeThoughts",
        _config(thinkingConfig={"includeThoughts": True, "thinkingBudget": 2000}),
        _config(thinkingConfig={"thinkingBudget": 2000}),
        words=("thinking",),
        gateway="shows the thoughts, or leaves them out",
    ),
    Parameter(
        "generationConfig.thinkingConfig.thinkingBudget",
        _config(thinkingConfig={"thinkingBudget": 2000}),
        words=("thinking",),
    ),
    Parameter(
        "generationConfig.thinkingConfig.thinkingLevel",
        _config(thinkingConfig={"thinkingLevel": "high"}),
        words=("thinking",),
    ),
    Parameter("generationConfig.topK", _config(topK=40), words=("top_k",)),
    Parameter("generationConfig.topP", _config(topP=0.75)),
    Parameter("generationConfig.translationConfig", _config(translationConfig={"targetLanguageCode": "de"})),
    Parameter("labels", {"labels": {"team": "a"}}),
    Parameter("modelArmorConfig", {"modelArmorConfig": {"promptTemplateName": "t"}}),
    Parameter(
        "safetySettings", {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]}
    ),
    Parameter("serviceTier", {"serviceTier": "flex"}, words=("service_tier",)),
    Parameter("store", {"store": True}, gateway="keeps no such answers"),
    Parameter("streamGenerateContent", {}, gateway="streams, whatever the provider does"),
    Parameter("systemInstruction", {"systemInstruction": {"parts": [{"text": "Be brief."}]}}),
    Parameter("toolConfig.functionCallingConfig.mode=ANY", _calling(mode="ANY"), TOOLS),
    Parameter("toolConfig.functionCallingConfig.mode=NONE", _calling(mode="NONE"), TOOLS),
    Parameter(
        "toolConfig.functionCallingConfig.mode=VALIDATED",
        _calling(mode="VALIDATED"),
        TOOLS,
        words=("toolConfig.functionCallingConfig.mode",),
    ),
    Parameter(
        "toolConfig.functionCallingConfig.allowedFunctionNames",
        _calling(mode="ANY", allowedFunctionNames=["look"]),
        _calling(mode="ANY"),
    ),
    Parameter(
        "toolConfig.functionCallingConfig.streamFunctionCallArguments",
        _calling(mode="AUTO", streamFunctionCallArguments=True),
        _calling(mode="AUTO"),
    ),
    Parameter(
        "toolConfig.includeServerSideToolInvocations", {"toolConfig": {"includeServerSideToolInvocations": True}}
    ),
    Parameter("toolConfig.retrievalConfig", {"toolConfig": {"retrievalConfig": {"languageCode": "de"}}}),
    Parameter("tools[].codeExecution", {"tools": [{"codeExecution": {}}]}, words=("tools",)),
    Parameter(
        "tools[].computerUse", {"tools": [{"computerUse": {"environment": "ENVIRONMENT_BROWSER"}}]}, words=("tools",)
    ),
    Parameter("tools[].enterpriseWebSearch", {"tools": [{"enterpriseWebSearch": {}}]}, words=("tools",)),
    Parameter("tools[].fileSearch", {"tools": [{"fileSearch": {"fileSearchStoreNames": ["a"]}}]}, words=("tools",)),
    Parameter("tools[].functionDeclarations", TOOLS),
    Parameter("tools[].functionDeclarations[].behavior", _function(behavior="NON_BLOCKING"), _function()),
    Parameter("tools[].functionDeclarations[].description", _function(description="looks"), _function()),
    Parameter(
        "tools[].functionDeclarations[].parametersJsonSchema",
        {"tools": [{"functionDeclarations": [{"name": "look", "parametersJsonSchema": SCHEMA}]}]},
        {"tools": [{"functionDeclarations": [{"name": "look"}]}]},
    ),
    Parameter("tools[].functionDeclarations[].response", _function(response={"type": "STRING"}), _function()),
    Parameter("tools[].googleMaps", {"tools": [{"googleMaps": {}}]}, words=("tools",)),
    Parameter("tools[].googleSearch", {"tools": [{"googleSearch": {}}]}, words=("tools",)),
    Parameter(
        "tools[].googleSearch.timeRangeFilter",
        {
            "tools": [
                {
                    "googleSearch": {
                        "timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z"}
                    }
                }
            ]
        },
        {"tools": [{"googleSearch": {}}]},
        words=("tools",),
    ),
    Parameter("tools[].mcpServers", {"tools": [{"mcpServers": [{"name": "s"}]}]}, words=("tools",)),
    Parameter("tools[].urlContext", {"tools": [{"urlContext": {}}]}, words=("tools",)),
)
