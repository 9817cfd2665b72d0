from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.parts import Extras
from gateway.protocols.chat.cache_marks import keep_mark
from gateway.protocols.chat.message_reader import read_messages

MARK = {"type": "ephemeral"}


def test_a_mark_is_put_where_anthropics_writer_looks() -> None:
    extras: Extras = {"chat": {"cache_control": MARK}}
    keep_mark({"cache_control": MARK}, extras)
    assert extras["anthropic"] == {"cache_control": MARK} and "chat" in extras


@pytest.mark.parametrize("odd", [None, "ephemeral", 5, []])
def test_what_is_no_mark(odd: Any) -> None:
    extras: Extras = {}
    keep_mark({"cache_control": odd}, extras)
    assert extras == {}


def test_a_mark_on_a_message_stands_at_its_last_part() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    for role in ("user", "assistant", "system"):
        (turn,) = read_messages([{"role": role, "content": parts, "cache_control": MARK}])
        assert [part.extras.get("anthropic") for part in turn.parts] == [None, {"cache_control": MARK}]


def test_without_parts_there_is_nothing_to_mark() -> None:
    (turn,) = read_messages([{"role": "user", "content": [], "cache_control": MARK}])
    assert turn.parts == []
