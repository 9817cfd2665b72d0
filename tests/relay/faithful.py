"""A client that gives back all it was told, as the official SDKs and agents of each protocol do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.gateways import Client, Reply
from tests.relay.forgetful import SCHEMA, TOOLS
from tests.scripted.told import path

THINKING: dict[str, dict[str, Any]] = {
    "chat": {"reasoning_effort": "low"},
    "messages": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 8000},
    "responses": {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
    "gemini": {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2000}}},
}
"""The wish for thinking in each protocol's words."""
DECLARED = {
    **TOOLS,
    "gemini": [
        {"functionDeclarations": [{"name": name, "parametersJsonSchema": SCHEMA} for name in ("look", "count")]}
    ],
}
TURNS = {"chat": "messages", "messages": "messages", "responses": "input", "gemini": "contents"}
GO = {"gemini": {"role": "user", "parts": [{"text": "go"}]}}


@dataclass(slots=True)
class Faithful:
    """One conversation in `protocol`. `ask` sends what there is; calls of the answer are answered with 42."""

    protocol: str
    stream: bool
    model: str
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history.append(GO.get(self.protocol, {"role": "user", "content": "go"}))

    def ask(self, client: Client) -> Reply:
        body: dict[str, Any] = {TURNS[self.protocol]: self.history, "tools": DECLARED[self.protocol]}
        body |= THINKING[self.protocol]
        if self.protocol != "gemini":
            body |= {"model": self.model, "stream": self.stream}
        if self.protocol == "responses":
            body["store"] = False
        raw = json.dumps(body).encode()
        reply = client.post(path(self.protocol, self.model, self.stream), raw, protocol=self.protocol).reply()
        if reply.status == 200:
            documents = (
                [json.loads(data) for _, data in reply.events if data != "[DONE]"] if reply.streamed else [reply.json]
            )
            self.history += _KEPT[self.protocol](documents, reply.streamed)
        return reply


def _chat(documents: list[dict[str, Any]], streamed: bool) -> list[dict[str, Any]]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if not streamed:
        message = {key: value for key, value in documents[0]["choices"][0]["message"].items() if value is not None}
    calls: dict[int, dict[str, Any]] = {}
    for choice in (each for document in documents for each in document["choices"] if streamed):
        for delta in choice["delta"].get("tool_calls") or ():
            call = calls.setdefault(delta["index"], {"type": "function", "function": {"name": "", "arguments": ""}})
            call |= {key: value for key, value in delta.items() if key in ("id", "extra_content")}
            for key, value in (delta.get("function") or {}).items():
                call["function"][key] += value
    if calls:
        message["tool_calls"] = list(calls.values())
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "42"} for call in message.get("tool_calls") or ()
    ]
    return [message, *results]


def _messages(documents: list[dict[str, Any]], streamed: bool) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [] if streamed else documents[0]["content"]
    for document in documents if streamed else ():
        if document["type"] == "content_block_start":
            blocks.append(dict(document["content_block"]))
        elif document["type"] == "content_block_delta":
            _grow(blocks[document["index"]], document["delta"])
    for block in blocks:
        if isinstance(block.get("partial"), str):
            block["input"] = json.loads(block.pop("partial") or "{}")
    results = [
        {"type": "tool_result", "tool_use_id": each["id"], "content": "42"}
        for each in blocks
        if each["type"] == "tool_use"
    ]
    return [{"role": "assistant", "content": blocks}, *([{"role": "user", "content": results}] if results else ())]


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for key in ("text", "thinking", "signature"):
        if key in delta:
            block[key] = block.get(key, "") + delta[key]
    if "partial_json" in delta:
        block["partial"] = block.get("partial", "") + delta["partial_json"]


def _responses(documents: list[dict[str, Any]], streamed: bool) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = (documents[-1]["response"] if streamed else documents[0])["output"]
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "42"}
        for item in output
        if item["type"] == "function_call"
    ]
    return [*output, *results]


def _gemini(documents: list[dict[str, Any]], streamed: bool) -> list[dict[str, Any]]:
    parts = [part for document in documents for part in document["candidates"][0]["content"].get("parts", ())]
    results = [
        {
            "functionResponse": {
                **{key: call[key] for key in ("id", "name") if key in call},
                "response": {"result": "42"},
            }
        }
        for part in parts
        if (call := part.get("functionCall")) is not None
    ]
    return [{"role": "model", "parts": parts}, *([{"role": "user", "parts": results}] if results else ())]


_KEPT = {"chat": _chat, "messages": _messages, "responses": _responses, "gemini": _gemini}
