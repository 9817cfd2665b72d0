"""Where in a text a citation stands. The canon counts from the beginning of the text part, some dialects from that of
the answer."""

from __future__ import annotations

from typing import Any


def moved(annotation: dict[str, Any], by: int) -> dict[str, Any]:
    """The citation (flat, or nested as Chat Completions has it) `by` characters further on; one without a place, or of
    another kind, as it is."""
    if not by:
        return annotation
    inner = annotation.get("url_citation")
    if isinstance(inner, dict):
        return {**annotation, "url_citation": moved(inner, by)}
    start, end = annotation.get("start_index"), annotation.get("end_index")
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        return annotation
    return {**annotation, "start_index": max(start + by, 0), "end_index": max(end + by, 0)}
