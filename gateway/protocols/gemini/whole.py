"""Whole answers: one GenerateContentResponse."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken, fold
from gateway.canon.parts import Text, ToolCall
from gateway.protocols.dialect import Asked
from gateway.protocols.gemini.answer_parts import grounding_of, was_cut, whole_parts
from gateway.protocols.gemini.answer_writer import new_response_id
from gateway.protocols.gemini.candidates import Candidates
from gateway.protocols.gemini.errors import fault_of
from gateway.protocols.gemini.finish import CUT_CALL, read_finish, write_finish
from gateway.protocols.gemini.grounding import write_grounding
from gateway.protocols.gemini.logprobs import write_logprobs
from gateway.protocols.gemini.usage import read_usage, write_usage
from gateway.protocols.names import NameMap
from gateway.protocols.placed import moved
from gateway.protocols.wire_json import dumps

_PLAIN_CANDIDATE = frozenset({"content", "finishReason", "index", "avgLogprobs"})
_EXPLAINED = frozenset({"content_filter", "refusal", "length"})


def read_answer(body: Any, names: NameMap | None = None) -> Answer:
    """Raises Broken for an error object, and with 502 `empty_response` for nothing without a reason.

    Also reads the JSON array of a stream asked for without alt=sse, and Code Assist's {"response": ...}.
    """
    plain = _plain_answer(body)
    if plain is not None:
        return plain
    candidates = Candidates(names)
    events = []
    for chunk in body if isinstance(body, list) else [body]:
        if isinstance(chunk, dict) and "candidates" not in chunk and isinstance(chunk.get("response"), dict):
            chunk = chunk["response"]
        if not isinstance(chunk, dict):
            raise Broken(_unreadable())
        if chunk.get("error") is not None:
            raise Broken(fault_of(chunk["error"]))
        events += candidates.chunk(chunk)
    if not candidates.started:
        raise Broken(_unreadable())
    answer = fold(events + candidates.end()) if candidates.begun else Answer()
    empty = all(not choice.parts and choice.finish.reason not in _EXPLAINED for choice in answer.choices)
    if empty:
        words = {choice.finish.raw for choice in answer.choices} - {None}
        told = f" (finish reason {', '.join(sorted(map(str, words)))})" if words else ""
        raise Broken(Fault(502, f"the provider's answer is empty{told}", code="empty_response", from_upstream=True))
    return answer


def _plain_answer(body: Any) -> Answer | None:
    """The commonest answer, one candidate of one text, without the way over events; None for any other."""
    if type(body) is not dict or body.get("error") is not None or body.get("promptFeedback"):
        return None
    candidates = body.get("candidates")
    if type(candidates) is not list or len(candidates) != 1 or type(candidates[0]) is not dict:
        return None
    candidate: dict[str, Any] = candidates[0]
    content, finish = candidate.get("content"), candidate.get("finishReason")
    if (
        type(content) is not dict
        or finish not in ("STOP", "MAX_TOKENS")
        or candidate.get("index", 0) != 0
        or any(map(candidate.get, candidate.keys() - _PLAIN_CANDIDATE))
    ):
        return None
    parts = content.get("parts")
    if type(parts) is not list or len(parts) != 1 or type(parts[0]) is not dict or len(parts[0]) != 1:
        return None
    text, usage = parts[0].get("text"), body.get("usageMetadata")
    if type(text) is not str or not text:
        return None
    return Answer(
        str(body.get("responseId") or ""),
        str(body.get("modelVersion") or ""),
        None,
        [Choice([Text(text)], read_finish(finish, 0, False))],
        read_usage(usage) if isinstance(usage, dict) else None,
    )


def _unreadable() -> Fault:
    return Fault(502, "the provider's answer is no GenerateContentResponse", code="upstream_error", from_upstream=True)


def write_answer(answer: Answer, asked: Asked) -> bytes:
    document: dict[str, Any] = {
        "candidates": [_candidate(choice, number, asked) for number, choice in enumerate(answer.choices)]
    }
    if answer.usage is not None:
        document["usageMetadata"] = write_usage(answer.usage)
    document["modelVersion"] = asked.model
    document["responseId"] = new_response_id()
    return dumps(document)


def _candidate(choice: Choice, number: int, asked: Asked) -> dict[str, Any]:
    candidate: dict[str, Any] = {}
    parts = whole_parts(choice.parts, asked.shows_thinking)
    reason = write_finish(choice.finish)
    if reason == "STOP" and any(isinstance(part, ToolCall) and was_cut(part) for part in choice.parts):
        reason = CUT_CALL
    if parts or reason == "STOP":
        candidate["content"] = {"role": "model", "parts": parts or [{"text": ""}]}
    candidate["finishReason"] = reason
    texts = [part for part in choice.parts if isinstance(part, Text)]
    told: dict[str, Any] = {}
    for text in texts:
        told.update(grounding_of(text))
    if not told:
        begun = accumulate((len(text.text) for text in texts), initial=0)
        annotations = [moved(note, by) for text, by in zip(texts, begun, strict=False) for note in text.annotations]
        grounding = write_grounding(annotations, "".join(text.text for text in texts)) if annotations else None
        told = {"groundingMetadata": grounding} if grounding is not None else {}
    logprobs = write_logprobs([entry for text in texts for entry in text.logprobs or ()])
    if logprobs is not None:
        told["logprobsResult"] = logprobs
    return {**candidate, **told, "index": choice.finish.choice or number}
