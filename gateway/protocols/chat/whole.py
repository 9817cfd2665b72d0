"""Whole answers: a provider's JSON document in, a client's JSON document out."""

from __future__ import annotations

import time
from secrets import token_hex
from typing import Any

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken, Folder
from gateway.canon.parts import Media, Refusal, Text, Thinking, ToolCall
from gateway.protocols.chat.answer_reader import ChatReader
from gateway.protocols.chat.citations import write_annotation
from gateway.protocols.chat.client_tools import ClientTools, write_call
from gateway.protocols.chat.errors import fault_in
from gateway.protocols.chat.finish import write_finish
from gateway.protocols.chat.shown_media import audio_object, in_words
from gateway.protocols.chat.usage import read_usage, write_usage
from gateway.protocols.dialect import Asked
from gateway.protocols.names import NameMap
from gateway.protocols.placed import moved
from gateway.protocols.token_logprobs import write_content
from gateway.protocols.wire_json import dumps

_EXPLAINS = frozenset({"content_filter", "refusal", "length"})
_PLAIN_CHOICE = frozenset({"index", "message", "finish_reason"})
_PLAIN_MESSAGE = frozenset({"role", "content"})


def read_answer(body: Any, names: NameMap | None = None) -> Answer:
    """Raises Broken, also for an error object and for an answer that holds nothing."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]  # Gemini's OpenAI-compatible endpoint wraps an error in an array
    if not isinstance(body, dict):
        raise Broken(Fault(502, "The provider's answer is no JSON object.", "upstream_error", from_upstream=True))
    fault = fault_in(body)
    if fault is not None:
        raise Broken(fault)
    plain = _plain_answer(body)
    if plain is not None:
        return plain
    choices = body.get("choices")
    choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    reader = ChatReader(names)
    folder = Folder()
    folder.add(reader.document({**body, "choices": [_finished(choice) for choice in choices]}))
    if choices:
        folder.add(reader.close())
        answer = folder.answer()
        if any(choice.parts or choice.finish.reason in _EXPLAINS for choice in answer.choices):
            return answer
    raise Broken(Fault(502, "The provider answered with nothing.", "empty_response", from_upstream=True))


def _plain_answer(body: dict[str, Any]) -> Answer | None:
    """The commonest answer, one choice of nothing but text, without the way over events; None for any other."""
    choices = body.get("choices")
    if type(choices) is not list or len(choices) != 1 or type(choices[0]) is not dict:
        return None
    choice: dict[str, Any] = choices[0]
    message, finish = choice.get("message"), choice.get("finish_reason")
    if (
        type(message) is not dict
        or type(message.get("content")) is not str
        or not message["content"]
        or finish not in ("stop", "length")
        or choice.get("index", 0) != 0
        or any(map(choice.get, choice.keys() - _PLAIN_CHOICE))
        or any(map(message.get, message.keys() - _PLAIN_MESSAGE))
    ):
        return None
    id, model, created = body.get("id"), body.get("model"), body.get("created")
    return Answer(
        id if isinstance(id, str) else "",
        model if isinstance(model, str) else "",
        created if type(created) is int else None,
        [Choice([Text(message["content"])], Finish(finish, finish))],
        read_usage(body.get("usage")),
    )


def _finished(choice: dict[str, Any]) -> dict[str, Any]:
    """A whole answer is at its end even where the server tells no reason for it, and each of its calls is one, whatever
    ids and indexes the server gives them."""
    message: Any = choice.get("message")
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    if isinstance(calls, list) and len(calls) > 1:
        told = [{**call, "index": place} if isinstance(call, dict) else call for place, call in enumerate(calls)]
        choice = {**choice, "message": {**message, "tool_calls": told}}
    if isinstance(choice.get("finish_reason"), str) and choice["finish_reason"]:
        return choice
    return {**choice, "finish_reason": "stop"}


def write_answer(answer: Answer, asked: Asked) -> bytes:
    tools = ClientTools.of(asked.body)
    document: dict[str, Any] = {
        "id": "chatcmpl-" + token_hex(12),
        "object": "chat.completion",
        "created": asked.created or answer.created or int(time.time()),
        "model": asked.model,
        "choices": [_write_choice(choice, place, asked, tools) for place, choice in enumerate(answer.choices)],
    }
    if answer.usage is not None:
        document["usage"] = write_usage(answer.usage)
    return dumps(document)


def _write_choice(choice: Choice, place: int, asked: Asked, tools: ClientTools) -> dict[str, Any]:
    texts: list[str] = []
    thoughts: list[str] = []
    refusals: list[str] = []
    annotations: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    logprobs: list[dict[str, Any]] = []
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    for part in choice.parts:
        match part:
            case Text(text):
                begun = sum(map(len, texts))
                told = (write_annotation(moved(item, begun)) for item in part.annotations)
                annotations += [item for item in told if item is not None]
                texts.append(text)
                logprobs += part.logprobs or []
            case Thinking(text):
                thoughts.append(text)
            case Refusal(text):
                refusals.append(text)
            case ToolCall():
                calls.append(write_call(part, tools))
            case Media(kind="audio", data=str()):
                message["audio"] = audio_object(part)
            case Media():
                texts.append(in_words(part))
    if texts or not (calls or refusals or "audio" in message):
        message["content"] = "".join(texts)
    if refusals:
        message["refusal"] = "".join(refusals)
    if annotations:
        message["annotations"] = annotations
    if asked.shows_thinking and any(thoughts):
        message["reasoning_content"] = "".join(thoughts)
    if calls and tools.legacy:
        message["function_call"] = calls[0]["function"]
    elif calls:
        message["tool_calls"] = calls
    return {
        "index": choice.finish.choice or place,
        "message": message,
        "logprobs": write_content(logprobs),
        "finish_reason": write_finish(choice.finish.reason, bool(calls), bool(refusals), tools.legacy),
    }
