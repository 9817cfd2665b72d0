"""Log probabilities of tokens: the canon has them as OpenAI's `logprobs.content` entries, all four keys in each.

https://platform.openai.com/docs/api-reference/chat/object
"""

from __future__ import annotations

from typing import Any


def read_entries(value: Any) -> list[dict[str, Any]] | None:
    """Entries of a list (Responses) or of its `content` (Chat Completions); None where there are none. The deltas of
    Responses have no `bytes`, its final items must."""
    listed = value.get("content") if isinstance(value, dict) else value
    if not isinstance(listed, list):
        return None
    entries = []
    for entry in listed:
        if isinstance(entry, dict) and isinstance(entry.get("token"), str):
            tops = entry.get("top_logprobs")
            top = [_entry(each) for each in tops if isinstance(each, dict)] if isinstance(tops, list) else []
            entries.append({**_entry(entry), "top_logprobs": top})
    return entries or None


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    token, value, told = str(entry.get("token") or ""), entry.get("logprob"), entry.get("bytes")
    return {
        "token": token,
        "logprob": value if isinstance(value, int | float) and not isinstance(value, bool) else 0.0,
        "bytes": told if isinstance(told, list) else list(token.encode("utf-8", "replace")),
    }


def write_content(entries: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    """`choices[].logprobs` of Chat Completions."""
    return {"content": entries, "refusal": None} if entries else None
