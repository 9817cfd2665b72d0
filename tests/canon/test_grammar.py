from __future__ import annotations

import pytest

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.canon.grammar import BadGrammar, Grammar, check
from gateway.canon.parts import Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage

START, STOP, FINISH = ev.Start(), ev.PartStop(0), ev.Finish("stop")
TEXT = ev.PartStart(0, Text(""))
FAILURE = ev.Failure(Fault(502, "cut"))
SEAL = Signature("gemini", "x")

LEGAL: list[list[ev.Event]] = [
    [START, FINISH],
    [START, TEXT, ev.TextDelta(0, "a"), ev.Annotation(0, {}), STOP, ev.UsageUpdate(Usage()), FINISH],
    [START, ev.PartStart(0, Thinking("")), ev.ThinkingDelta(0, "a"), ev.SignatureDelta(0, SEAL), STOP, FINISH],
    [START, ev.PartStart(4, Refusal("")), ev.TextDelta(4, "a"), ev.PartStop(4), FINISH],
    [
        START,
        ev.PartStart(0, ToolCall("a", "f")),
        ev.PartStart(1, ToolCall("b", "f")),
        ev.ArgumentsDelta(0, "{}"),
        ev.SignatureDelta(1, SEAL),
        ev.PartStop(1),
        STOP,
        FINISH,
    ],
    [START, TEXT, ev.PartStart(1, Text(""), 1), STOP, ev.PartStop(1), FINISH, ev.Finish("stop", choice=1)],
    [START, TEXT, FAILURE],
    [FAILURE],
    [START, FINISH, FAILURE],
]

ILLEGAL: dict[str, list[ev.Event]] = {
    "nothing at all": [],
    "no start": [TEXT],
    "two starts": [START, START],
    "no end": [START, TEXT, STOP],
    "a delta of a part that is not open": [START, ev.TextDelta(0, "a")],
    "a delta after its part": [START, TEXT, STOP, ev.TextDelta(0, "a")],
    "text into a call": [START, ev.PartStart(0, ToolCall("a", "f")), ev.TextDelta(0, "a")],
    "arguments into text": [START, TEXT, ev.ArgumentsDelta(0, "a")],
    "thinking into text": [START, TEXT, ev.ThinkingDelta(0, "a")],
    "a signature on text": [START, TEXT, ev.SignatureDelta(0, SEAL)],
    "a citation on a refusal": [START, ev.PartStart(0, Refusal("")), ev.Annotation(0, {})],
    "an index used again": [START, TEXT, STOP, TEXT],
    "an index going back": [START, ev.PartStart(3, Text("")), ev.PartStop(3), ev.PartStart(2, Text(""))],
    "two prose parts at once": [START, TEXT, ev.PartStart(1, Thinking(""))],
    "a part stopped twice": [START, TEXT, STOP, STOP],
    "a finish with a part open": [START, TEXT, FINISH],
    "a choice finished twice": [START, FINISH, FINISH],
    "usage after the finish": [START, FINISH, ev.UsageUpdate(Usage())],
    "a part after the finish": [START, FINISH, TEXT],
    "a choice that never ends": [START, TEXT, STOP, ev.PartStart(1, Text(""), 1), ev.PartStop(1), FINISH],
    "anything after a failure": [START, FAILURE, FINISH],
}


@pytest.mark.parametrize("events", LEGAL)
def test_legal(events: list[ev.Event]) -> None:
    check(events)


@pytest.mark.parametrize("events", ILLEGAL.values(), ids=ILLEGAL)
def test_illegal(events: list[ev.Event]) -> None:
    with pytest.raises(BadGrammar):
        check(events)


def test_events_may_come_in_pieces() -> None:
    grammar = Grammar()
    for event in LEGAL[1]:
        grammar.feed([event])
    assert grammar.state == "ending"
    grammar.close()
