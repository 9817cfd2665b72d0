"""A Claude that signs its thinking and refuses a tool round whose thinking does not come back byte for byte."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from tests.scripted import anthropic
from tests.scripted.script import Error, Script
from tests.scripted.script import text as text_script
from tests.scripted.upstream import Request, ScriptedUpstream

USAGE = {"input_tokens": 5, "output_tokens": 5}


class SigningClaude(ScriptedUpstream):
    """Thinking, a redacted block and two parallel calls a step for `steps` steps, then a text. `signatures` are all
    that were given out, `complaints` what was wrong with requests."""

    def __init__(self, steps: int = 2) -> None:
        super().__init__()
        self.signatures: list[str] = []
        self.complaints: list[str] = []
        self._steps = steps
        self._count = 0
        self._given: dict[str, list[dict[str, Any]]] = {}

    def _script(self, request: Request) -> Script:
        complaint = self._wrong(request.body)
        if complaint:
            self.complaints.append(complaint)
            return Script(status=400, error=Error(400, f"invalid signature in thinking block: {complaint}"))
        rounds = sum(message["role"] == "assistant" for message in request.body["messages"])
        if rounds >= self._steps:
            return text_script("all done")
        blocks = self._step()
        if not request.stream:
            return Script(body=json.dumps(message(request.model, blocks)).encode())
        return Script(body=streamed(request.model, blocks), content_type="text/event-stream")

    def _step(self) -> list[dict[str, Any]]:
        self._count += 1
        signature, sealed = (base64.b64encode(os.urandom(900)).decode() for _ in range(2))
        self.signatures += [signature, sealed]
        thoughts: list[dict[str, Any]] = [
            {"type": "thinking", "thinking": f"hm\u2028 {self._count} 🌍", "signature": signature},
            {"type": "redacted_thinking", "data": sealed},
        ]
        calls = [
            {"type": "tool_use", "id": f"toolu_{os.urandom(9).hex()}", "name": name, "input": {"n": self._count}}
            for name in ("look", "count")
        ]
        for call in calls:
            self._given[str(call["id"])] = thoughts
        return [*thoughts, *calls]

    def _wrong(self, body: dict[str, Any]) -> str:
        if body.get("thinking", {}).get("type") != "enabled":
            return "the client asked for thinking and the request does not"
        for message in body["messages"]:
            content = message["content"]
            if message["role"] != "assistant" or isinstance(content, str):
                continue
            called = [block["id"] for block in content if block["type"] == "tool_use"]
            if called and content[:2] != self._given[called[0]]:
                return f"{content[:2]} instead of {self._given[called[0]]}"[:300]
        return ""


def message(model: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{os.urandom(6).hex()}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if content else None,
        "stop_sequence": None,
        "usage": USAGE,
    }


def streamed(model: str, blocks: list[dict[str, Any]]) -> bytes:
    out = [anthropic.named("message_start", {"message": message(model, [])})]
    for index, block in enumerate(blocks):
        start, deltas = block, []
        if block["type"] == "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            text = block["thinking"]
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in (text[:2], text[2:])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "tool_use":
            start = {**block, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        out.append(anthropic.named("content_block_start", {"index": index, "content_block": start}))
        out += [anthropic.named("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        out.append(anthropic.named("content_block_stop", {"index": index}))
    out.append(anthropic.named("message_delta", {"delta": {"stop_reason": "tool_use"}, "usage": USAGE}))
    out.append(anthropic.named("message_stop", {}))
    return b"".join(out)
