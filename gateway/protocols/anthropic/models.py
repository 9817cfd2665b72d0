"""Model lists (https://docs.anthropic.com/en/api/models-list)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from gateway.canon.models import ModelInfo
from gateway.canon.usage import count
from gateway.protocols.wire_json import dumps


def write_models(models: list[ModelInfo]) -> bytes:
    """One page; clients need `has_more`, `first_id` and `last_id`."""
    return dumps(
        {
            "data": [_entry(model) for model in models],
            "has_more": False,
            "first_id": models[0].id if models else None,
            "last_id": models[-1].id if models else None,
        }
    )


def write_model(model: ModelInfo) -> bytes:
    return dumps(_entry(model))


def _entry(model: ModelInfo) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name or model.id,
        "created_at": datetime.fromtimestamp(max(model.created, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
    }
    # Claude Code's model menu wants one.
    entry["description"] = model.description or f"{model.display_name or model.id} ({model.owned_by})"
    if model.input_limit:
        entry["max_input_tokens"] = model.input_limit
    if model.output_limit:
        entry["max_tokens"] = model.output_limit
    return entry


def read_models(document: Any) -> tuple[list[ModelInfo], str]:
    """A provider's page, and the query string of the next ("" when it was the last)."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        return [], ""
    models = [
        _read(entry)
        for entry in document["data"]
        if isinstance(entry, dict) and isinstance(entry.get("id"), str) and entry["id"]
    ]
    last = document.get("last_id")
    if document.get("has_more") is True and isinstance(last, str) and last and models:
        return models, f"after_id={quote(last, safe='')}"
    return models, ""


def _read(entry: dict[str, Any]) -> ModelInfo:
    return ModelInfo(
        id=entry["id"],
        owned_by="anthropic",
        created=_seconds(entry.get("created_at")),
        display_name=_word(entry.get("display_name")),
        description=_word(entry.get("description")),
        input_limit=count(entry.get("max_input_tokens")),
        output_limit=count(entry.get("max_tokens")),
    )


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: Any) -> int:
    if not isinstance(value, str):
        return 0
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(int(moment.timestamp()), 0)
