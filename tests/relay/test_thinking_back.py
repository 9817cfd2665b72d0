"""Clients of other protocols keep a tool loop going with models whose thinking must come back (DeepSeek, Kimi)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script
from tests.scripted.told import path, request
from tests.scripted.upstream import ScriptedUpstream

MODEL = "kimi-k2.5"
ASKED = Script(answer=Answer(("one ", "moment"), ("let me ", "look"), (ToolUse("f", '{"n": 1}'),)))


def second(client: str, first: Any) -> dict[str, Any]:
    """The request after `first`, the document of an answer that calls a tool."""
    match client:
        case "messages":
            (use,) = [block for block in first["content"] if block["type"] == "tool_use"]
            result = {"type": "tool_result", "tool_use_id": use["id"], "content": "r"}
            history = [{"role": "assistant", "content": first["content"]}, {"role": "user", "content": [result]}]
            return {"messages": [{"role": "user", "content": "say it"}, *history]}
        case "responses":
            (call,) = [item for item in first["output"] if item["type"] == "function_call"]
            result = {"type": "function_call_output", "call_id": call["call_id"], "output": "r"}
            return {"input": [{"role": "user", "content": "say it"}, *first["output"], result], "store": False}
    content = first["candidates"][0]["content"]
    (said,) = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
    part = {"functionResponse": {"id": said["id"], "name": "f", "response": {"result": "r"}}}
    return {"contents": [{"parts": [{"text": "say it"}]}, content, {"role": "user", "parts": [part]}]}


@pytest.mark.parametrize("client", ["messages", "responses", "gemini"])
def test_a_tool_loop(client: str) -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "chat"))) as gateway:
        up.play(ASKED)
        first = gateway.ask(client, model=MODEL).json
        body = {**request(client, MODEL, False), **second(client, first)}
        assert (
            gateway.post(path(client, MODEL, False), json.dumps(body).encode(), protocol=client).reply().status == 200
        )
        _, said, result = up.requests[-1].body["messages"]
        assert said["reasoning_content"] == "let me look" and said["content"] == "one moment"
        assert said["tool_calls"][0]["id"] == result["tool_call_id"] == "call_1"
