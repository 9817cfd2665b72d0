from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.dialogue import Turn
from gateway.canon.parts import Text, ToolCall
from gateway.protocols.chat import DIALECT
from gateway.relay.new_ids import known_ids, renaming
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

TOOLS = [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
SAME = Script(answer=Answer(tools=(ToolUse("f", '{"a": 1}', "call_0"), ToolUse("f", '{"a": 2}', "call_1"))))


def test_what_a_history_knows() -> None:
    turns = [Turn("user", [Text("x")]), Turn("assistant", [Text("y"), ToolCall("a", "f"), ToolCall("b", "f")])]
    assert known_ids(turns) == {"a", "b"}
    assert renaming(DIALECT, known_ids(turns[:1])) is DIALECT


def asked(gateway: InProcess, messages: list[dict[str, Any]], stream: bool) -> list[str]:
    """The ids of the calls an Anthropic client is given."""
    reply = gateway.ask("messages", stream=stream, messages=messages, tools=TOOLS)
    assert [json.loads(arguments) for _, arguments in reply.told.tools] == [{"a": 1}, {"a": 2}]
    blocks = (
        [json.loads(data).get("content_block", {}) for _, data in reply.events] if stream else reply.json["content"]
    )
    return [block["id"] for block in blocks if block.get("type") == "tool_use"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", ["chat", "responses"])
def test_a_server_that_counts_its_calls_anew_in_every_answer(provider: str, stream: bool) -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, provider))) as gateway:
        up.play(SAME)
        messages: list[dict[str, Any]] = [{"role": "user", "content": "go"}]
        ids = asked(gateway, messages, stream)
        assert ids == ["call_0", "call_1"]
        for _ in range(2):
            results = [{"type": "tool_result", "tool_use_id": each, "content": "r"} for each in ids[-2:]]
            uses = [{"type": "tool_use", "id": each, "name": "f", "input": {}} for each in ids[-2:]]
            messages += [{"role": "assistant", "content": uses}, {"role": "user", "content": results}]
            ids += asked(gateway, messages, stream)
        assert len(set(ids)) == len(ids) == 6
