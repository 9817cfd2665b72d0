"""tool_choice in all its forms."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Function
from tests.contract.cases import clients, providers
from tests.contract.house import House

TOOLS = (Function("weather"), Function("now"))


@providers
@clients("tools")
@pytest.mark.parametrize("choice", ["auto", "none", "required", "now"])
def test_choice(house: House, sdk: str, provider: str, choice: str) -> None:
    reply = house.ask(sdk, provider, Ask(tools=TOOLS, choice=choice))
    assert "x-gateway-lossy" not in reply.headers
    assert house.seen.choice == choice or (choice == "auto" and house.seen.choice == "")
    assert set(house.seen.tools) >= {"now"}


@providers
@clients("tools")
def test_no_choice_is_no_choice(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider, Ask(tools=TOOLS))
    assert house.seen.choice in ("", "auto")


@providers
def test_no_parallel_calls(house: House, provider: str) -> None:
    reply = house.ask("openai-chat", provider, Ask(tools=TOOLS, knobs={"parallel_tool_calls": False}))
    body = house.request.body
    assert (
        body.get("parallel_tool_calls") is False
        or (body.get("tool_choice") or {}).get("disable_parallel_tool_use") is True
        or "parallel_tool_calls" in reply.headers["x-gateway-lossy"]
    )
