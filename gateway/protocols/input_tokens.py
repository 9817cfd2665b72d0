"""What the endpoints share that count a prompt as `input_tokens`: Anthropic's and that of OpenAI's Responses."""

from __future__ import annotations

from typing import Any

from gateway.canon.usage import count


def count_body(body: dict[str, Any], fields: tuple[str, ...], model: str | None) -> dict[str, Any]:
    """The body to count with, from a written request: the provider refuses the fields of generation."""
    counted = {field: body[field] for field in fields if field in body}
    return counted if model is None else {**counted, "model": model}


def read_count(document: Any) -> int:
    """The provider's count, 0 when it gave none."""
    return count(document.get("input_tokens")) if isinstance(document, dict) else 0
