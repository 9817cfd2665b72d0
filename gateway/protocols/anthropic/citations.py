"""Citations: to annotations in OpenAI's `url_citation` shape where they have an address, else as they are."""

from __future__ import annotations

from typing import Any

OWN = frozenset(
    (
        "char_location",
        "page_location",
        "content_block_location",
        "web_search_result_location",
        "search_result_location",
    )
)


def citations_of(block: dict[str, Any]) -> list[Any]:
    found = block.get("citations")
    return found if isinstance(found, list) else []


def read_citation(citation: Any, length: int) -> dict[str, Any] | None:
    """`length`: characters of the text block cited for. The provider's own object rides in `anthropic`."""
    if not isinstance(citation, dict):
        return None
    url = citation.get("url")
    if not isinstance(url, str):
        return citation
    return {
        "type": "url_citation",
        "url": url,
        "title": citation.get("title") or "",
        "start_index": 0,
        "end_index": length,
        "anthropic": citation,
    }


def write_citation(annotation: dict[str, Any]) -> dict[str, Any] | None:
    """None for what is neither ours nor a url_citation (flat as in Responses, or nested as in chat)."""
    native = annotation.get("anthropic")
    if isinstance(native, dict):
        return native
    if annotation.get("type") in OWN:
        return annotation
    nested = annotation.get("url_citation")
    told = nested if isinstance(nested, dict) else annotation
    url = told.get("url")
    if annotation.get("type") != "url_citation" or not isinstance(url, str):
        return None
    return {
        "type": "web_search_result_location",
        "cited_text": "",
        "encrypted_index": "",
        "title": told.get("title") or None,
        "url": url,
    }
