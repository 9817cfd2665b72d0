"""Whole answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken, Folder, unfold
from gateway.canon.opening import OpenParts
from gateway.protocols.dialect import Asked
from gateway.protocols.names import NameMap
from gateway.protocols.openai_errors import fault_of
from gateway.protocols.responses.answer_reader import finish_of
from gateway.protocols.responses.answer_writer import ResponsesWriter
from gateway.protocols.responses.item_parts import CALLS, call_id_of
from gateway.protocols.responses.item_reading import ItemReading
from gateway.protocols.responses.usage import read_usage
from gateway.protocols.wire_json import dumps, loads

_EXPLAINED = ("content_filter", "refusal", "length")
_FINISH_WORDS = {"max_output_tokens": "length", "content_filter": "content_filter"}


def read_answer(document: Any, names: NameMap | None = None) -> Answer:
    """Raises Broken for an error inside the document and for an answer without any output."""
    if not isinstance(document, dict):
        raise Broken(_empty("the provider's answer is no response object"))
    error = document.get("error")
    status = document.get("status")
    if error is not None or status in ("failed", "cancelled"):
        raise Broken(fault_of(error if error is not None else f"the provider's answer has status {status}"))
    output = document.get("output")
    items = ItemReading(OpenParts(), names)
    folder = Folder()
    identity, model, created = document.get("id"), document.get("model"), document.get("created_at")
    folder.add([ev.Start(identity if isinstance(identity, str) else "", model if isinstance(model, str) else "")])
    found = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    for number, item in enumerate(found):
        folder.add(items.whole(number, item))
    finish = finish_of(document, "", items.called, items.refused)
    if not found and finish.reason not in _EXPLAINED:
        raise Broken(_empty("the provider's answer has no output"))
    usage = read_usage(document.get("usage"))
    if usage is not None:
        folder.add([ev.UsageUpdate(usage)])
    folder.add([finish])
    answer = folder.answer()
    if isinstance(created, int | float) and not isinstance(created, bool):
        answer.created = int(created)
    return answer


def _empty(message: str) -> Fault:
    return Fault(502, message, code="empty_response", from_upstream=True)


def write_answer(answer: Answer, asked: Asked) -> bytes:
    """The response object, which is what the stream's last event would hold."""
    writer = ResponsesWriter(asked, silent=True)
    if all(choice.finish.choice for choice in answer.choices):  # a host that counts its one choice from 1
        answer = replace(
            answer, choices=[replace(each, finish=replace(each.finish, choice=0)) for each in answer.choices[:1]]
        )
    writer.write(unfold(answer))
    return writer.document


def with_choices(document: bytes | dict[str, Any]) -> dict[str, Any]:
    """The response with `choices[]` as the chat API has them, for clients of the predecessors (AM-S8)."""
    response: dict[str, Any] = dict(document) if isinstance(document, dict) else loads(document)
    texts: list[str] = []
    refusals: list[str] = []
    calls: list[dict[str, Any]] = []
    for item in response.get("output") or []:
        if item.get("type") == "message":
            for part in item.get("content") or []:
                texts += [part["text"]] if part.get("type") == "output_text" else []
                refusals += [part["refusal"]] if part.get("type") == "refusal" else []
        elif item.get("type") in CALLS:
            calls.append(_chat_call(item))
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
    if refusals:
        message["refusal"] = "".join(refusals)
    if calls:
        message["tool_calls"] = calls
    reason = (response.get("incomplete_details") or {}).get("reason")
    finish = _FINISH_WORDS.get(reason, "stop") if reason else ("tool_calls" if calls else "stop")
    response["choices"] = [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}]
    return response


def _chat_call(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] == "custom_tool_call":
        return {
            "id": call_id_of(item),
            "type": "custom",
            "custom": {"name": item["name"], "input": item["input"]},
        }
    if item["type"] == "function_call":
        function = {"name": item["name"], "arguments": item["arguments"]}
    else:
        body = item.get("action", item.get("operation"))
        function = {"name": item["type"].removesuffix("_call"), "arguments": dumps(body).decode()}
    return {"id": call_id_of(item), "type": "function", "function": function}
