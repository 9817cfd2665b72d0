"""What a client makes of an answer, strictly: the text, the calls, the end, in each of the four protocols.

Also the smallest request body of each protocol.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Told:
    """`ended` says that the protocol's own end was seen; `error` is its error object."""

    text: str = ""
    thinking: str = ""
    tools: list[tuple[str, str]] = field(default_factory=list)
    finish: str | None = None
    model: str = ""
    usage: tuple[int, int] | None = None
    usages: int = 0
    error: dict[str, Any] | None = None
    ended: bool = False
    order: list[str] = field(default_factory=list)


def request(protocol: str, model: str = "m", stream: bool = False, text: str = "say it", **more: Any) -> dict[str, Any]:
    """A body that asks `text`. Gemini's names model and stream in the URL."""
    match protocol:
        case "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}
        case "responses":
            return {"model": model, "input": text, "stream": stream, **more}
        case "messages":
            turn = {"role": "user", "content": text}
            return {"model": model, "max_tokens": 100, "messages": [turn], "stream": stream, **more}
        case _:
            return {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream, **more}


def path(protocol: str, model: str = "m", stream: bool = False) -> str:
    match protocol:
        case "gemini":
            return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")
        case "responses":
            return "/v1/responses"
        case "messages":
            return "/v1/messages"
        case _:
            return "/v1/chat/completions"


def events(body: bytes) -> list[tuple[str, str]]:
    """(event name, data) of a stream; every block must be SSE."""
    found = []
    for block in body.replace(b"\r\n", b"\n").decode().split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif line and not line.startswith((":", "id:", "retry:")):
                raise AssertionError(f"not a line of SSE: {line!r}")
        if data:
            found.append((name, "\n".join(data)))
    return found


def read_stream(protocol: str, body: bytes) -> Told:
    told = Told()
    read = {"gemini": _gemini, "responses": _responses_event, "messages": _messages_event}.get(protocol, _chat_event)
    for name, data in events(body):
        if told.ended and protocol != "gemini":
            raise AssertionError(f"an event after the end: {data}")
        if data == "[DONE]":
            assert protocol == "chat" and told.error is None
            told.ended = True
            continue
        document = json.loads(data)
        if name and protocol in ("messages", "responses"):
            assert document["type"] == name, (name, document)
        if isinstance(document.get("error"), dict) and protocol != "responses":
            told.error = document["error"]
            continue
        told.order.append(document.get("type", ""))
        read(told, document)
    if protocol == "gemini":
        told.ended = told.finish is not None
    return told


def read_whole(protocol: str, body: bytes) -> Told:
    document = json.loads(body)
    told = Told()
    if isinstance(document.get("error"), dict):
        told.error = document["error"]
        return told
    match protocol:
        case "gemini":
            _gemini(told, document)
        case "responses":
            _response(told, document)
        case "messages":
            told.model, told.finish = document["model"], document["stop_reason"]
            told.usage = (document["usage"]["input_tokens"], document["usage"]["output_tokens"])
            for block in document["content"]:
                if block["type"] == "text":
                    told.text += block["text"]
                elif block["type"] == "thinking":
                    told.thinking += block["thinking"]
                elif block["type"] == "tool_use":
                    told.tools.append((block["name"], json.dumps(block["input"])))
        case _:
            _chat_whole(told, document)
    told.ended = told.finish is not None
    return told


def _chat_whole(told: Told, document: dict[str, Any]) -> None:
    told.model = document["model"]
    if document.get("usage"):
        told.usage = (document["usage"]["prompt_tokens"], document["usage"]["completion_tokens"])
    for choice in document["choices"]:
        message = choice["message"]
        told.finish = choice["finish_reason"]
        told.text += message.get("content") or message.get("refusal") or ""
        told.thinking += message.get("reasoning_content") or ""
        for call in message.get("tool_calls") or ():
            told.tools.append((call["function"]["name"], call["function"]["arguments"]))


def _chat_event(told: Told, document: dict[str, Any]) -> None:
    told.model = document["model"]
    if document.get("usage"):
        told.usage = (document["usage"]["prompt_tokens"], document["usage"]["completion_tokens"])
        told.usages += 1
    for choice in document["choices"]:
        delta = choice["delta"]
        told.text += delta.get("content") or delta.get("refusal") or ""
        told.thinking += delta.get("reasoning_content") or ""
        for call in delta.get("tool_calls") or ():
            _extend(told, call["index"], call["function"].get("name"), call["function"].get("arguments") or "")
        told.finish = choice["finish_reason"] or told.finish


def _messages_event(told: Told, document: dict[str, Any]) -> None:
    match document["type"]:
        case "message_start":
            told.model = document["message"]["model"]
            told.usage = ((document["message"].get("usage") or {}).get("input_tokens", 0), 0)
        case "content_block_start" if document["content_block"].get("type") == "tool_use":
            told.tools.append((document["content_block"]["name"], ""))
        case "content_block_delta":
            delta = document["delta"]
            told.text += delta.get("text", "")
            told.thinking += delta.get("thinking", "")
            if "partial_json" in delta:
                _extend(told, len(told.tools) - 1, None, delta["partial_json"])
        case "message_delta":
            told.finish = document["delta"]["stop_reason"]
            used = document.get("usage") or {}
            told.usage = (used.get("input_tokens") or (told.usage or (0, 0))[0], used.get("output_tokens", 0))
            told.usages += 1
        case "message_stop":
            told.ended = True


def _responses_event(told: Told, document: dict[str, Any]) -> None:
    match document["type"]:
        case "response.output_text.delta" | "response.refusal.delta":
            told.text += document["delta"]
        case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
            told.thinking += document["delta"]
        case "response.completed" | "response.incomplete" | "response.failed":
            seen, thought = told.text, told.thinking
            told.text = told.thinking = ""
            _response(told, document["response"])
            if told.error is None:
                assert told.text == seen, "the closing response does not say what was streamed"
            told.text, told.thinking = seen, thought
            told.ended = told.error is None
        case "error":
            told.error = document.get("error") or document


def _response(told: Told, document: dict[str, Any]) -> None:
    told.model = document["model"]
    details = document.get("incomplete_details") or {}
    told.error = document.get("error")
    told.finish = details.get("reason") or document["status"]
    if document.get("usage"):
        told.usage = (document["usage"]["input_tokens"], document["usage"]["output_tokens"])
        told.usages += 1
    for item in document["output"]:
        if item["type"] == "message":
            told.text += "".join(part.get("text", part.get("refusal", "")) for part in item["content"])
        elif item["type"] == "function_call":
            told.tools.append((item["name"], item["arguments"]))
        elif item["type"] == "reasoning":
            told.thinking += "".join(part["text"] for part in item.get("summary") or item.get("content") or ())


def _gemini(told: Told, document: dict[str, Any]) -> None:
    told.model = document.get("modelVersion", told.model)
    if document.get("usageMetadata"):
        used = document["usageMetadata"]
        told.usage = (used["promptTokenCount"], used.get("candidatesTokenCount", 0))
        told.usages += 1
    told.finish = (document.get("promptFeedback") or {}).get("blockReason") or told.finish
    for candidate in document.get("candidates") or ():
        for part in (candidate.get("content") or {}).get("parts") or ():
            if part.get("thought"):
                told.thinking += part.get("text", "")
            elif "functionCall" in part:
                told.tools.append((part["functionCall"]["name"], json.dumps(part["functionCall"].get("args", {}))))
            else:
                told.text += part.get("text", "")
        told.finish = candidate.get("finishReason") or told.finish


def _extend(told: Told, index: int, name: str | None, arguments: str) -> None:
    while len(told.tools) <= index:
        told.tools.append(("", ""))
    known, before = told.tools[index]
    told.tools[index] = (name or known, before + arguments)
