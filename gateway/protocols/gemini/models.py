"""Model lists.

https://ai.google.dev/api/models
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gateway.canon.models import ModelInfo
from gateway.canon.usage import count
from gateway.protocols.wire_json import dumps

_INPUT_LIMIT, _OUTPUT_LIMIT = 128_000, 8_192


def _document(model: ModelInfo) -> dict[str, Any]:
    return {
        "name": f"models/{model.id}",
        "version": "001",
        "displayName": model.display_name or model.id,
        "description": model.description,
        "inputTokenLimit": model.input_limit or _INPUT_LIMIT,
        "outputTokenLimit": model.output_limit or _OUTPUT_LIMIT,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "temperature": 1.0,
        "topP": 0.95,
        "topK": 64,
    }


def write_models(models: list[ModelInfo]) -> bytes:
    return dumps({"models": [_document(model) for model in models]})


def write_model(model: ModelInfo) -> bytes:
    return dumps(_document(model))


def read_models(document: Any) -> tuple[list[ModelInfo], str]:
    """A provider's page and the query string of the next one, "" when it is the last."""
    if not isinstance(document, dict):
        return [], ""
    listed = document.get("models")
    models = []
    for entry in listed if isinstance(listed, list) else []:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name.removeprefix("models/"):
            continue
        models.append(
            ModelInfo(
                name.removeprefix("models/"),
                "google",
                display_name=_text(entry.get("displayName")),
                description=_text(entry.get("description")),
                input_limit=count(entry.get("inputTokenLimit")),
                output_limit=count(entry.get("outputTokenLimit")),
            )
        )
    token = document.get("nextPageToken")
    return models, f"pageToken={quote(token, safe='')}" if isinstance(token, str) and token else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
