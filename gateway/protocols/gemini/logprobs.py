"""logprobsResult and OpenAI's `logprobs.content` entries.

https://ai.google.dev/api/generate-content#LogprobsResult
"""

from __future__ import annotations

from typing import Any


def read_logprobs(result: Any) -> list[dict[str, Any]] | None:
    """[{"token", "logprob", "bytes", "top_logprobs"}], None when there are none."""
    chosen = result.get("chosenCandidates") if isinstance(result, dict) else None
    if not isinstance(chosen, list):
        return None
    tops = result.get("topCandidates")
    entries = []
    for number, candidate in enumerate(chosen):
        if not isinstance(candidate, dict):
            continue
        others: Any = []
        if isinstance(tops, list) and number < len(tops) and isinstance(tops[number], dict):
            others = tops[number].get("candidates") or []
        top = [_entry(other) for other in others if isinstance(other, dict)] if isinstance(others, list) else []
        entries.append({**_entry(candidate), "top_logprobs": top})
    return entries or None


def _entry(candidate: dict[str, Any]) -> dict[str, Any]:
    token = str(candidate.get("token") or "")
    value = candidate.get("logProbability")
    told = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "token": token,
        "logprob": value if told else 0.0,
        "bytes": list(token.encode("utf-8", "replace")),
    }


def write_logprobs(entries: Any) -> dict[str, Any] | None:
    if not isinstance(entries, list):
        return None
    known = [entry for entry in entries if isinstance(entry, dict) and "token" in entry]
    if not known:
        return None
    written: dict[str, Any] = {"chosenCandidates": [_candidate(entry) for entry in known]}
    if any(entry.get("top_logprobs") for entry in known):
        written["topCandidates"] = [
            {"candidates": [_candidate(top) for top in entry.get("top_logprobs") or []]} for entry in known
        ]
    return written


def _candidate(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": str(entry["token"]), "logProbability": entry.get("logprob") or 0.0}
