"""Where an answer's text comes from: grounding and citation metadata to url_citation and back.

https://ai.google.dev/api/generate-content#GroundingMetadata.
Gemini counts bytes of UTF-8, url_citation characters.
"""

from __future__ import annotations

from typing import Any


def annotations_of(
    grounding: dict[str, Any] | None, citations: list[dict[str, Any]], text: str, before: int
) -> list[dict[str, Any]]:
    """url_citation annotations of the text part that begins `before` characters into `text`."""
    raw = text.encode("utf-8", "replace")

    def place(offset: Any) -> int:
        size = offset if isinstance(offset, int) and not isinstance(offset, bool) else 0
        return max(0, len(raw[: max(0, size)].decode("utf-8", "ignore")) - before)

    found: list[dict[str, Any]] = []
    chunks = _list(grounding, "groundingChunks")
    for support in _list(grounding, "groundingSupports"):
        segment = support.get("segment")
        segment = segment if isinstance(segment, dict) else {}
        indices = support.get("groundingChunkIndices")
        for number in indices if isinstance(indices, list) else []:
            source = _source(chunks[number]) if isinstance(number, int) and 0 <= number < len(chunks) else None
            if source is not None:
                found.append(_citation(*source, place(segment.get("startIndex")), place(segment.get("endIndex"))))
    if not found:
        found = [_citation(*source, 0, 0) for source in map(_source, chunks) if source is not None]
    for cited in citations:
        if isinstance(cited, dict) and cited.get("uri"):
            found.append(
                _citation(
                    str(cited["uri"]),
                    str(cited.get("title") or ""),
                    place(cited.get("startIndex")),
                    place(cited.get("endIndex")),
                )
            )
    unique: list[dict[str, Any]] = []
    for annotation in found:
        if annotation not in unique:
            unique.append(annotation)
    return unique


def _list(value: dict[str, Any] | None, key: str) -> list[dict[str, Any]]:
    items = value.get(key) if isinstance(value, dict) else None
    return [item if isinstance(item, dict) else {} for item in items] if isinstance(items, list) else []


def _source(chunk: dict[str, Any]) -> tuple[str, str] | None:
    for kind in ("web", "retrievedContext", "maps", "image"):
        place = chunk.get(kind)
        if isinstance(place, dict) and (place.get("uri") or place.get("sourceUri")):
            return str(place.get("uri") or place["sourceUri"]), str(place.get("title") or "")
    return None


def _citation(url: str, title: str, start: int, end: int) -> dict[str, Any]:
    return {"type": "url_citation", "url": url, "title": title, "start_index": start, "end_index": end}


def write_grounding(annotations: list[dict[str, Any]], text: str) -> dict[str, Any] | None:
    """groundingMetadata that says what url_citation annotations (flat or nested) say about `text`."""
    chunks: list[dict[str, Any]] = []
    supports: list[dict[str, Any]] = []
    for annotation in annotations:
        nested = annotation.get("url_citation")
        cited = nested if isinstance(nested, dict) else annotation
        url = cited.get("url")
        if not isinstance(url, str) or not url:
            continue
        web = {"web": {"uri": url, "title": str(cited.get("title") or "")}}
        if web not in chunks:
            chunks.append(web)
        start, end = cited.get("start_index"), cited.get("end_index")
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end:
            segment = {
                "startIndex": len(text[:start].encode("utf-8", "replace")),
                "endIndex": len(text[:end].encode("utf-8", "replace")),
                "text": text[start:end],
            }
            supports.append({"segment": segment, "groundingChunkIndices": [chunks.index(web)]})
    if not chunks:
        return None
    return {"groundingChunks": chunks, "groundingSupports": supports} if supports else {"groundingChunks": chunks}
