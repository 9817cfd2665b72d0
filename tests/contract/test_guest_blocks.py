"""Cursor's agent asks on the chat route, for a model that is called claude, with Anthropic's tools and blocks."""

from __future__ import annotations

import pytest

from tests.contract.seen.every import READERS
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.upstream import ScriptedUpstream

MESSAGES = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "read it"},
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "I look"},
            {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "the text of a"}]},
]
TOOL = {"name": "read", "description": "reads", "input_schema": {"type": "object", "properties": {"path": {}}}}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", ["chat", "responses", "anthropic", "gemini"])
def test_they_reach_every_provider_in_its_own_words(provider: str, stream: bool) -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, provider))) as gateway:
        up.text(provider, "it says so")
        reply = gateway.ask("chat", stream=stream, messages=MESSAGES, tools=[TOOL], tool_choice={"type": "auto"})
        assert (reply.status, reply.told.text, reply.told.finish) == (200, "it says so", "stop")
        assert reply.headers["x-gateway-mode"] == "translated" and "x-gateway-lossy" not in reply.headers
        request = up.asked()[0]
        seen = READERS[provider](request.body)
        assert [(use.name, use.args) for use in seen.uses] == [("read", {"path": "a"})]
        assert [(each.id, each.text) for each in seen.results] == [(seen.uses[0].id, "the text of a")]
        assert list(seen.tools) == ["read"]
