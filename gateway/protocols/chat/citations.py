"""Citations: the canon keeps them flat, as the Responses API writes them; Chat Completions nests them.

https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat
"""

from __future__ import annotations

from typing import Any

_REQUIRED: dict[str, Any] = {"start_index": 0, "end_index": 0, "title": "", "url": ""}
"""What a client finds in every citation; other dialects' citations may hold more, which is theirs."""


def read_annotation(annotation: dict[str, Any]) -> dict[str, Any]:
    inner = annotation.get("url_citation")
    if annotation.get("type") == "url_citation" and isinstance(inner, dict):
        return {"type": "url_citation", **inner}
    return annotation


def write_annotation(annotation: dict[str, Any]) -> dict[str, Any] | None:
    """None for a citation without a URL, which this dialect cannot say. All four inner keys are required."""
    if isinstance(annotation.get("url_citation"), dict):
        return annotation
    url = annotation.get("url")
    if not isinstance(url, str):
        return None
    said = {field: annotation[field] for field in _REQUIRED if annotation.get(field) is not None}
    return {"type": "url_citation", "url_citation": {**_REQUIRED, **said}}
