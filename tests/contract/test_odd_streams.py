"""failures.md row 62: streams in which calls come as hosts really send them, told to every other protocol and judged by
its official SDK."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import streams
from tests.contract.house import House
from tests.contract.odd_calls import ODD_CALLS, OddCalls
from tests.contract.sdks.every import SDKS, able_to
from tests.scripted.script import Script

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
