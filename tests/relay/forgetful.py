"""A client that keeps texts, calls and results of a conversation, and drops everything else, as Cline does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.gateways import Client, Reply
from tests.scripted.told import path

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
TOOLS: dict[str, list[dict[str, Any]]] = {
    "chat": [
        {"type": "function", "function": {"name": name, "description": name, "parameters": SCHEMA}}
        for name in ("look", "count")
    ],
    "messages": [{"name": name, "description": name, "input_schema": SCHEMA} for name in ("look", "count")],
    "responses": [
        {"type": "function", "name": name, "description": name, "parameters": SCHEMA} for name in ("look", "count")
    ],
}


@dataclass(slots=True)
class Called:
    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class Forgetful:
    """One conversation in `protocol`. `ask` sends what there is; calls of the answer are answered with 42."""

    protocol: str
    stream: bool
    model: str
    more: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history.append({"role": "user", "content": "go"})

    def ask(self, client: Client) -> Reply:
        turns = "input" if self.protocol == "responses" else "messages"
        body = {"model": self.model, turns: self.history, "tools": TOOLS[self.protocol], "stream": self.stream}
        if self.protocol == "messages":
            body["max_tokens"] = 8000
        raw = json.dumps({**body, **self.more}).encode()
        reply = client.post(path(self.protocol, self.model, self.stream), raw, protocol=self.protocol).reply()
        if reply.status == 200:
            self._remember(reply.told.text, calls(reply))
        return reply

    def _remember(self, text: str, called: list[Called]) -> None:
        match self.protocol:
            case "chat":
                self.history.append({"role": "assistant", "content": text or None})
                if called:
                    self.history[-1]["tool_calls"] = [
                        {"id": each.id, "type": "function",
                         "function": {"name": each.name, "arguments": each.arguments}}
                        for each in called
                    ]  # fmt: skip
                self.history += [{"role": "tool", "tool_call_id": each.id, "content": "42"} for each in called]
            case "messages":
                content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
                content += [
                    {"type": "tool_use", "id": each.id, "name": each.name, "input": json.loads(each.arguments)}
                    for each in called
                ]
                self.history.append({"role": "assistant", "content": content})
                results = [{"type": "tool_result", "tool_use_id": each.id, "content": "42"} for each in called]
                if results:
                    self.history.append({"role": "user", "content": results})
            case _:
                if text:
                    self.history.append({"role": "assistant", "content": text})
                self.history += [
                    {"type": "function_call", "call_id": each.id, "name": each.name, "arguments": each.arguments}
                    for each in called
                ]
                self.history += [
                    {"type": "function_call_output", "call_id": each.id, "output": "42"} for each in called
                ]


def calls(reply: Reply) -> list[Called]:
    """The tool calls of an answer with their ids."""
    names = [Called("", name, arguments or "{}") for name, arguments in reply.told.tools]
    if reply.streamed:
        documents = [json.loads(data) for _, data in reply.events if data != "[DONE]"]
    else:
        documents = [reply.json]
    for called, each in zip(names, _ids(documents), strict=True):
        called.id = each
    return names


def _ids(documents: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for document in documents:
        for choice in document.get("choices") or ():
            for call in choice.get("delta", choice.get("message")).get("tool_calls") or ():
                found += [call["id"]] if call.get("id") else []
        block = document.get("content_block") or {}
        found += [each["id"] for each in (block, *(document.get("content") or ())) if each.get("type") == "tool_use"]
        response = document.get("response") or document
        if response.get("status") == "completed":
            found += [item["call_id"] for item in response["output"] if item["type"] == "function_call"]
    return found
