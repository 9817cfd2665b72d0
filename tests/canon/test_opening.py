from __future__ import annotations

from gateway.canon import events as ev
from gateway.canon.grammar import check
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Media, Text, Thinking, ToolCall


def test_prose_closes_prose_and_calls_stay_open() -> None:
    parts = OpenParts()
    events: list[ev.Event] = [ev.Start()]
    events += parts.open("thinking", Thinking(""))
    events += parts.open(("call", 0), ToolCall("a", "f"))
    events += parts.open("text", Text(""))
    assert parts.index_of("thinking") is None and parts.index_of("text") == 2
    assert parts.calls_seen() and not parts.calls_seen(1)
    assert parts.part_of(("call", 0)) == ToolCall("a", "f") and parts.part_of("nothing") is None
    events += parts.whole(Media("image", data="AA=="))
    events += parts.open(("call", 0), ToolCall("b", "f"))
    events += parts.stop("nothing")
    events += parts.stop_all()
    check([*events, ev.Finish("tool_calls")])
    assert parts.stop_all() == []


def test_choices_are_apart() -> None:
    parts = OpenParts()
    events = [*parts.open("text", Text("")), *parts.open(("text", 1), Text(""), 1)]
    assert not any(isinstance(event, ev.PartStop) for event in events)
    assert parts.stop_prose(1) == [ev.PartStop(1)]
