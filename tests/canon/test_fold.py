from __future__ import annotations

import pytest

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken, Folder, fold, unfold
from gateway.canon.grammar import check
from gateway.canon.parts import Media, Opaque, Refusal, Signature, Text, Thinking, ToolCall
from gateway.canon.usage import Usage

SEAL = Signature("anthropic", "c2VhbA==")


def everything() -> Answer:
    return Answer(
        id="resp-1",
        model="a-model",
        created=17,
        choices=[
            Choice(
                [
                    Thinking("hmm", SEAL),
                    Thinking("", None, redacted=SEAL),
                    Text("hello", [{"type": "url_citation", "url": "https://a"}]),
                    Refusal("no"),
                    ToolCall("c1", "weather", '{"city": "Köln"}', SEAL),
                    ToolCall("c2", "weather", ""),
                    Media("image", mime="image/png", data="AAAA"),
                    Opaque("anthropic", {"type": "web_search_tool_result"}),
                ],
                ev.Finish("tool_calls", "tool_use"),
            )
        ],
        usage=Usage(input=3, output=4, reasoning=5),
    )


def test_fold_undoes_unfold() -> None:
    answer = everything()
    events = unfold(answer)
    check(events)
    assert fold(events) == answer == everything()


def test_candidates_keep_their_numbers() -> None:
    answer = Answer(
        choices=[
            Choice([Text("second")], ev.Finish("stop", choice=1)),
            Choice([Text("first")], ev.Finish("length", choice=0)),
        ]
    )
    events = unfold(answer)
    check(events)
    folded = fold(events)
    assert [(choice.parts[0], choice.finish.reason) for choice in folded.choices] == [
        (Text("first"), "length"),
        (Text("second"), "stop"),
    ]


def test_candidates_without_numbers_are_counted() -> None:
    answer = Answer(choices=[Choice([Text("a")], ev.Finish("stop")), Choice([Text("b")], ev.Finish("stop"))])
    events = unfold(answer)
    check(events)
    assert [choice.parts for choice in fold(events).choices] == [[Text("a")], [Text("b")]]


def test_deltas_interleaved_over_parts_stay_apart() -> None:
    folder = Folder()
    folder.add([ev.Start("1", "m"), ev.PartStart(0, ToolCall("a", "f")), ev.PartStart(1, ToolCall("b", "g"))])
    for piece in ("{", '"x":', "1}"):
        folder.add([ev.ArgumentsDelta(0, piece), ev.ArgumentsDelta(1, piece.replace("1", "2"))])
    folder.add([ev.PartStop(1), ev.PartStop(0), ev.Finish("tool_calls")])
    assert folder.answer().choices[0].parts == [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", '{"x":2}')]


def test_the_last_usage_is_the_truth() -> None:
    answer = fold([ev.Start(), ev.UsageUpdate(Usage(1, 1)), ev.UsageUpdate(Usage(1, 9)), ev.Finish("stop")])
    assert answer.usage == Usage(1, 9)


def test_an_answer_can_be_asked_for_twice_and_leaves_the_events_alone() -> None:
    part = Text("he")
    folder = Folder()
    folder.add([ev.Start(), ev.PartStart(0, part), ev.TextDelta(0, "llo"), ev.PartStop(0), ev.Finish("stop")])
    assert folder.answer().choices[0].parts == folder.answer().choices[0].parts == [Text("hello")]
    assert part == Text("he")


def test_a_failure_breaks_the_fold() -> None:
    fault = Fault(429, "slow down")
    with pytest.raises(Broken) as broken:
        fold([ev.Start(), ev.Failure(fault)])
    assert broken.value.fault is fault


@pytest.mark.parametrize(
    "events",
    [
        [],
        [ev.Start(), ev.PartStart(0, Text("half")), ev.PartStop(0)],
        [ev.Start(), ev.PartStart(0, Text("a"), 0), ev.PartStart(1, Text("b"), 1), ev.Finish("stop", choice=0)],
    ],
)
def test_an_answer_without_its_end_is_broken(events: list[ev.Event]) -> None:
    with pytest.raises(Broken) as broken:
        fold(events)
    assert broken.value.fault.status == 502
