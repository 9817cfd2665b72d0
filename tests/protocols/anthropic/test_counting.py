from __future__ import annotations

import pytest

from gateway.canon.fault import Malformed
from gateway.canon.profile import Profile
from gateway.protocols.anthropic import DIALECT, counting
from tests.protocols.anthropic.bodies import CLAUDE_CODE


def test_a_count_request_has_no_limit() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert counting.read(body).knobs.max_tokens is None
    with pytest.raises(Malformed):
        counting.read({"model": "m"})


def test_the_fields_of_generation_are_left_out() -> None:
    written = DIALECT.write_request(counting.read(CLAUDE_CODE), Profile(thinking="adaptive")).body
    asked = counting.count_request(written)
    assert asked.keys() == {
        *("model", "system", "messages", "tools", "thinking", "output_config", "context_management"),
    }


def test_counts() -> None:
    assert counting.write_count(7) == b'{"input_tokens":7}'
    assert counting.read_count({"input_tokens": "12"}) == 12
    assert counting.read_count({"error": {}}) == counting.read_count(None) == 0


def test_the_model_that_is_asked() -> None:
    assert counting.count_request({"model": "m", "max_tokens": 3}, "claude-x") == {"model": "claude-x"}
    body = {"model": "asked", "messages": [{"role": "user", "content": "hi"}]}
    assert counting.read(body, "mapped").model == "mapped"
