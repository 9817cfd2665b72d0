"""Whole answers: the Message object (https://docs.anthropic.com/en/api/messages#response)."""

from __future__ import annotations

from typing import Any

from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall
from gateway.protocols.anthropic.blocks_answer import (
    call_block,
    call_seal,
    input_text,
    media_text,
    new_message_id,
    read_call,
    read_text,
    read_whole,
)
from gateway.protocols.anthropic.blocks_writer import call_input
from gateway.protocols.anthropic.citations import citations_of, read_citation, write_citation
from gateway.protocols.anthropic.errors import fault_of
from gateway.protocols.anthropic.fields import AUTHOR, NAME, own
from gateway.protocols.anthropic.stop_reasons import explanation, read_finish, write_reason
from gateway.protocols.anthropic.usage import merged, read_usage, write_usage
from gateway.protocols.dialect import Asked
from gateway.protocols.names import NameMap
from gateway.protocols.sealing import seal
from gateway.protocols.wire_json import dumps

_EXPLAINED = frozenset(("length", "refusal", "content_filter", "pause"))


def read_answer(body: Any, names: NameMap | None = None) -> Answer:
    """Raises Broken: an error object (status by its type), no message at all, a message without content."""
    fault = fault_of(body)
    if fault is not None:
        raise Broken(fault)
    if not isinstance(body, dict) or not ("content" in body or "stop_reason" in body):
        reason = "the provider's answer is no message"
        raise Broken(Fault(502, reason, code="upstream_error", from_upstream=True))
    finish = read_finish(body.get("stop_reason"), body.get("stop_sequence"))
    taken: set[str] = set()
    parts = [_read(block, names, taken) for block in _blocks(body.get("content"))]
    if finish.raw is None and parts:
        finish.reason = "tool_calls" if any(isinstance(part, ToolCall) for part in parts) else "stop"
    said = explanation(body.get("stop_details"))
    if said:
        parts.append(Refusal(said))
    if not parts and finish.reason not in _EXPLAINED:
        raise Broken(Fault(502, "the provider's answer is empty", code="empty_response", from_upstream=True))
    usage = merged({}, body.get("usage"))
    return Answer(
        id=_word(body.get("id")),
        model=_word(body.get("model")),
        choices=[Choice(parts, finish)],
        usage=read_usage(usage) if usage else None,
    )


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if isinstance(content, dict):
        content = [content]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _read(block: dict[str, Any], names: NameMap | None, taken: set[str]) -> Part:
    match block.get("type"):
        case "text":
            text = read_text(block)
            text.text = _word(block.get("text"))
            found = (read_citation(citation, len(text.text)) for citation in citations_of(block))
            text.annotations = [annotation for annotation in found if annotation is not None]
            return text
        case "thinking":
            signature = _word(block.get("signature"))
            return Thinking(_word(block.get("thinking")), Signature(AUTHOR, signature) if signature else None)
        case "tool_use":
            call = read_call(block, names, taken)
            call.arguments = input_text(block.get("input"))
            return call
    return read_whole(block)


def write_answer(answer: Answer, asked: Asked) -> bytes:
    """The first choice: the dialect has one answer."""
    choice = answer.choices[0]
    content: list[dict[str, Any]] = []
    for part in choice.parts:
        content += _written(part, asked.shows_thinking)
    reason = write_reason(choice.finish)
    return dumps(
        {
            "id": new_message_id(answer.id),
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": content,
            "stop_reason": reason,
            "stop_sequence": choice.finish.stop_sequence if reason == "stop_sequence" else None,
            "usage": write_usage(answer.usage, asked.prompt_tokens),
        }
    )


def _written(part: Part, shows_thinking: bool) -> list[dict[str, Any]]:
    match part:
        case Text():
            block = {"type": "text", "text": part.text, **own(part.extras)}
            written = (write_citation(annotation) for annotation in part.annotations)
            citations = [citation for citation in written if citation is not None]
            return [{**block, "citations": citations} if citations else block]
        case Refusal(text):
            return [{"type": "text", "text": text}]
        case Thinking(redacted=Signature() as redacted):
            return [{"type": "redacted_thinking", "data": seal(redacted, AUTHOR)}]
        case Thinking(text, signature):
            shown = text if shows_thinking else ""
            if not shown and signature is None:
                return []
            value = seal(signature, AUTHOR) if signature is not None else ""
            return [{"type": "thinking", "thinking": shown, "signature": value}]
        case ToolCall():
            block = call_block(part, call_input(part))
            return [block] if part.signature is None else [call_seal(part.signature), block]
        case Opaque(dialect, raw) if dialect == NAME:
            return [raw]
        case Media():
            return [{"type": "text", "text": media_text(part)}]
    return []


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
