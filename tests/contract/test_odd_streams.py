"""failures.md row 62: streams in which calls come as hosts really send them, told to every other protocol and judged by
its official SDK."""

from __future__ import annotations

import json

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import streams
from tests.contract.house import House
from tests.contract.odd_calls import ODD_CALLS, OddCalls
from tests.contract.sdks.every import SDKS, able_to
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

TOOLS = (Function("look"), Function("find"))


CASES = [
    pytest.param(sdk, odd, id=f"{odd.dialect}: {odd.name}-{sdk}")
    for odd in ODD_CALLS
    for sdk in able_to("tools")
    if SDKS[sdk].dialect != odd.dialect  # whose bytes pass through as they are
]


@streams
@pytest.mark.parametrize(("sdk", "odd"), CASES)
def test_row_62_and_detail_7_every_call_arrives_once_and_whole(
    house: House, sdk: str, odd: OddCalls, stream: bool
) -> None:
    house.up.play(Script(body=odd.stream, content_type="text/event-stream"))
    reply = house.ask(sdk, odd.dialect, Ask(tools=TOOLS), stream)
    assert [(use.name, use.args) for use in reply.uses] == list(odd.wanted)
    assert len({use.id for use in reply.uses}) == len(odd.wanted)
    assert reply.finish in SDKS[sdk].words["tool_calls"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("client", ["chat", "responses", "messages", "gemini"])
def test_half_a_character_does_not_cost_the_words_around_it(client: str, stream: bool) -> None:
    """A chat provider that cuts an emoji in two: its events are no JSON to a strict reader, and were left out."""
    half = {"role": "assistant", "content": "one \ud83d two"}
    choice = {"index": 0, "delta" if stream else "message": half, "finish_reason": "stop"}
    document = json.dumps({"id": "c", "object": "x", "created": 1, "model": "m", "choices": [choice]}).encode()
    body = b"data: " + document + b"\n\ndata: [DONE]\n\n" if stream else document
    kind = "text/event-stream" if stream else "application/json"
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "chat"))) as gateway:
        up.play(Script(body=body, content_type=kind))
        reply = gateway.ask(client, stream=stream)
        assert reply.status == 200 and "one " in reply.body.decode() and " two" in reply.body.decode()
