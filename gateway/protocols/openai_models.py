"""OpenAI's model list, shared by the chat and the Responses dialects.

https://platform.openai.com/docs/api-reference/models/list
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gateway.canon.models import ModelInfo
from gateway.canon.usage import count
from gateway.protocols.wire_json import dumps

_INPUT_LIMITS = ("context_length", "context_window", "max_model_len", "max_context_length", "inputTokenLimit")
_OUTPUT_LIMITS = ("max_output_tokens", "max_completion_tokens", "outputTokenLimit")


def model_object(model: ModelInfo) -> dict[str, Any]:
    """`{"id", "object": "model", "created", "owned_by"}`; created in unix seconds."""
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by}


def write_models(models: list[ModelInfo]) -> bytes:
    return dumps({"object": "list", "data": [model_object(model) for model in models]})


def write_model(model: ModelInfo) -> bytes:
    return dumps(model_object(model))


def read_models(document: Any) -> tuple[list[ModelInfo], str]:
    """A provider's list and the query string of its next page ("" for none).

    Compatible servers also answer a bare array, or `models` instead of `data`; entries without an id are
    passed over. OpenAI itself does not page; those that do send `has_more` and `last_id`.
    """
    entries: Any = document
    following = ""
    if isinstance(document, dict):
        entries = document.get("data")
        if not isinstance(entries, list):
            entries = document.get("models")
        last = document.get("last_id")
        if document.get("has_more") is True and isinstance(last, str) and last:
            following = f"after={quote(last, safe='')}"
    if not isinstance(entries, list):
        return [], ""
    models = [model for model in map(_read_entry, entries) if model is not None]
    return models, following


def _read_entry(entry: Any) -> ModelInfo | None:
    if isinstance(entry, str):
        entry = {"id": entry}
    if not isinstance(entry, dict):
        return None
    identity = entry.get("id") or entry.get("name")
    if not isinstance(identity, str) or not identity:
        return None
    provider = entry.get("top_provider")  # OpenRouter keeps the output limit there
    limits = {**provider, **entry} if isinstance(provider, dict) else entry
    owner, shown, description = entry.get("owned_by"), entry.get("display_name"), entry.get("description")
    return ModelInfo(
        id=identity.removeprefix("models/"),
        owned_by=owner if isinstance(owner, str) and owner else "dragoman",
        created=count(entry.get("created")),
        display_name=shown if isinstance(shown, str) else "",
        description=description if isinstance(description, str) else "",
        input_limit=_first_count(limits, _INPUT_LIMITS),
        output_limit=_first_count(limits, _OUTPUT_LIMITS),
    )


def _first_count(entry: dict[str, Any], names: tuple[str, ...]) -> int:
    return next((count(entry[name]) for name in names if count(entry.get(name))), 0)
