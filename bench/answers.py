"""The scripted upstream's answers as HTTP bytes, built once each: three protocols, whole and streamed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

WORD = " lighthouse"
"""Every text chunk is this word: the load generator counts it."""

Shape = Literal["chat", "anthropic", "gemini"]
_SCRIPT = re.compile(rb"-bench-d(\d+)-c(\d+)-i(\d+)")
_USAGE = {"prompt_tokens": 70, "completion_tokens": 200, "total_tokens": 270}
_GEMINI_USAGE = {"promptTokenCount": 70, "candidatesTokenCount": 200, "totalTokenCount": 270}


@dataclass(frozen=True, slots=True)
class Script:
    """What one request asks for: see scenarios.Scenario. Times in seconds."""

    shape: Shape
    stream: bool
    delay: float
    chunks: int
    interval: float


def script_of(target: bytes, body: bytes) -> Script:
    """By the request's target (path and query) and body; the model name says the numbers."""
    found = _SCRIPT.search(body) or _SCRIPT.search(target)
    delay, chunks, interval = (int(each) for each in found.groups()) if found else (0, 1, 0)
    shape: Shape = "anthropic" if b"/messages" in target else "gemini" if b"enerateContent" in target else "chat"
    stream = b":streamGenerateContent" in target or b'"stream":true' in body or b'"stream": true' in body
    return Script(shape, stream, delay / 1000, chunks, interval / 1000)


@lru_cache(maxsize=64)
def whole(shape: Shape) -> bytes:
    """Head and body of an answer in one piece."""
    body = json.dumps(_document(shape)).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@lru_cache(maxsize=64)
def streamed(shape: Shape, chunks: int) -> tuple[bytes, tuple[bytes, ...], bytes]:
    """(head and first events, one item a text chunk, last events and the body's end)."""
    first, texts, last = _events(shape, chunks)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(map(_chunk, first)), tuple(map(_chunk, texts)), b"".join(map(_chunk, last)) + b"0\r\n\r\n"


@lru_cache(maxsize=64)
def burst(shape: Shape, chunks: int) -> bytes:
    """A whole streamed answer."""
    first, texts, last = streamed(shape, chunks)
    return first + b"".join(texts) + last


def _chunk(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)


def _document(shape: Shape) -> dict[str, Any]:
    if shape == "anthropic":
        return {
            "id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-bench",
            "content": [{"type": "text", "text": WORD}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 70, "output_tokens": 200},
        }  # fmt: skip
    if shape == "gemini":
        return {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": WORD}]}, "finishReason": "STOP", "index": 0}
            ],
            "usageMetadata": _GEMINI_USAGE, "modelVersion": "gemini-bench",
        }  # fmt: skip
    return {
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1790000000, "model": "gpt-bench",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": WORD}, "finish_reason": "stop"}],
        "usage": _USAGE,
    }  # fmt: skip


def _events(shape: Shape, chunks: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    if shape == "anthropic":
        start: dict[str, Any] = {
            "id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-bench", "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 70, "output_tokens": 1},
        }  # fmt: skip
        text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": WORD}}
        return (
            [
                _named({"type": "message_start", "message": start}),
                _named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ],
            [_named(text)] * chunks,
            [
                _named({"type": "content_block_stop", "index": 0}),
                _named({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                        "usage": {"output_tokens": 200}}),
                _named({"type": "message_stop"}),
            ],
        )  # fmt: skip
    if shape == "gemini":
        said = {"content": {"role": "model", "parts": [{"text": WORD}]}, "index": 0}
        more = {"usageMetadata": _GEMINI_USAGE, "modelVersion": "gemini-bench"}
        end = {"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}
        return [], [_plain({"candidates": [said], **more})] * chunks, [_plain({"candidates": [end], **more})]
    return (
        [_plain(_chat_chunk({"role": "assistant", "content": ""}))],
        [_plain(_chat_chunk({"content": WORD}))] * chunks,
        [
            _plain(_chat_chunk({}, "stop")),
            _plain({**_chat_chunk({}), "choices": [], "usage": _USAGE}),
            b"data: [DONE]\n\n",
        ],
    )


def _chat_chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1790000000, "model": "gpt-bench",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }  # fmt: skip


def _plain(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def _named(document: dict[str, Any]) -> bytes:
    return b"event: %b\n%b" % (document["type"].encode(), _plain(document))
