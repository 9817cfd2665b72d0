from __future__ import annotations

import pytest

from gateway.canon.parts import Signature, Thinking
from gateway.protocols.responses.carried import Carried, carry_call, carry_thinking, uncarry


@pytest.mark.parametrize("author", ["anthropic", "gemini", "openai"])
@pytest.mark.parametrize("value", ["abc==", "a:b", "redacted", ""])
def test_a_seal_on_thinking(author: str, value: str) -> None:
    carried = carry_thinking(Thinking("x", Signature(author, value)))
    assert carried is not None and uncarry(carried) == Carried(Signature(author, value))
    assert (carried == value) == (author == "openai")


def test_a_redacted_block() -> None:
    carried = carry_thinking(Thinking("", redacted=Signature("anthropic", "R:1")))
    assert carried is not None and uncarry(carried) == Carried(Signature("anthropic", "R:1"), redacted=True)
    assert carry_thinking(Thinking("", redacted=Signature("openai", "R"))) == "R"
    assert carry_thinking(Thinking("unsigned")) is None


@pytest.mark.parametrize("call_id", ["call_1", "a:b/c%", "", "é"])
def test_a_seal_on_a_call(call_id: str) -> None:
    carried = carry_call(Signature("gemini", "S:=="), call_id)
    assert carried is not None and uncarry(carried) == Carried(Signature("gemini", "S:=="), call_id=call_id)
    assert carry_call(Signature("openai", "S"), call_id) is None
