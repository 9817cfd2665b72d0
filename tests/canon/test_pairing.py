from __future__ import annotations

from gateway.canon.dialogue import Turn
from gateway.canon.pairing import INTERRUPTED, paired
from gateway.canon.parts import Part, Text, ToolCall, ToolResult


def user(*parts: Part | str) -> Turn:
    return Turn("user", [Text(part) if isinstance(part, str) else part for part in parts])


def asks(*ids: str) -> Turn:
    return Turn("assistant", [ToolCall(each, f"do_{each}", "{}") for each in ids])


def result(call: str, name: str | None = None) -> ToolResult:
    return ToolResult(call, name, [Text(f"of {call}")])


def test_untouched_turns_are_passed_on_as_they_are() -> None:
    turns = [Turn("system", [Text("be brief")]), user("hi"), Turn("assistant", [Text("hello")]), user("bye")]
    mended, losses = paired(turns)
    assert all(one is other for one, other in zip(mended, turns, strict=True)) and not losses


def test_results_learn_their_names() -> None:
    mended, losses = paired([user("go"), asks("a", "b"), user(result("b"), result("a", "wrong"))])
    assert [part.name for part in mended[2].parts if isinstance(part, ToolResult)] == ["do_b", "do_a"]
    assert not losses


def test_the_input_is_not_changed() -> None:
    turn = user(result("a"))
    paired([asks("a"), turn])
    assert turn == user(result("a"))


def test_an_orphan_result_is_dropped_with_a_loss() -> None:
    mended, losses = paired([user("go"), user(result("nowhere"), "and text")])
    assert mended == [user("go"), user("and text")]
    assert [loss.path for loss in losses] == ["turns[1]"] and "nowhere" in losses[0].reason


def test_a_turn_of_orphans_alone_goes() -> None:
    mended, losses = paired([user(result("nowhere")), user("go")])
    assert mended == [user("go")] and len(losses) == 1


def test_a_second_result_is_dropped() -> None:
    mended, losses = paired([asks("a"), user(result("a"), result("a"))])
    assert len(mended[1].parts) == 1 and len(losses) == 1


def interrupted(*ids: str) -> list[Part]:
    return [ToolResult(each, f"do_{each}", [Text(INTERRUPTED)], is_error=True) for each in ids]


def test_an_unanswered_call_is_answered_first_in_the_next_user_turn() -> None:
    mended, losses = paired([asks("a", "b"), user("never mind", result("b"))])
    assert mended[1].parts == [*interrupted("a"), Text("never mind"), result("b", "do_b")] and not losses


def test_an_unanswered_call_before_another_answer_gets_a_turn_of_its_own() -> None:
    mended, _ = paired([asks("a"), Turn("assistant", [Text("anyway")]), user("ok")])
    assert mended == [asks("a"), Turn("user", interrupted("a")), Turn("assistant", [Text("anyway")]), user("ok")]


def test_a_dialogue_may_end_in_a_call() -> None:
    turns = [user("go"), asks("a")]
    assert paired(turns) == (turns, [])


def test_one_turn_a_result() -> None:
    mended, losses = paired([asks("a", "b"), user(result("a")), user(result("b"), "go on")])
    assert mended == [asks("a", "b"), user(result("a", "do_a")), user(result("b", "do_b"), "go on")]
    assert not losses


def test_a_system_turn_between_call_and_result() -> None:
    note = Turn("system", [Text("note")])
    mended, losses = paired([asks("a", "b"), user(result("a")), note, user(result("b"))])
    assert mended == [asks("a", "b"), user(result("a", "do_a")), note, user(result("b", "do_b"))] and not losses


def test_calls_of_one_round_in_several_assistant_turns_become_one() -> None:
    mended, losses = paired([asks("a"), asks("b"), user(result("a"), result("b"))])
    assert mended == [asks("a", "b"), user(result("a", "do_a"), result("b", "do_b"))] and not losses


def test_a_late_result_is_lost() -> None:
    mended, losses = paired([asks("a"), user("wait"), Turn("assistant", [Text("hm")]), user(result("a"))])
    assert mended[1].parts == [*interrupted("a"), Text("wait")]
    assert len(mended) == 3 and len(losses) == 1


def test_an_id_used_again_belongs_to_the_call_before_it() -> None:
    mended, losses = paired([asks("a"), user(result("a")), asks("a"), user(result("a"))])
    assert len(mended) == 4 and not losses


def test_ids_that_are_used_again_are_told_apart() -> None:
    turns = [user("go"), asks("a"), user(result("a")), asks("a", "b"), user(result("b"), result("a")), asks("a")]
    mended, losses = paired([*turns, user(ToolResult("a", None, [Text("last")]))])
    assert not losses and all(one is other for one, other in zip(mended[:2], turns[:2], strict=True))
    calls = [part.id for turn in mended for part in turn.parts if isinstance(part, ToolCall)]
    results = [part.call_id for turn in mended for part in turn.parts if isinstance(part, ToolResult)]
    assert calls == ["a", "a_2", "b", "a_3"] and results == ["a", "b", "a_2", "a_3"]


def test_twins_of_one_round_are_answered_in_order() -> None:
    first, second = ToolResult("a", None, [Text("1")]), ToolResult("a", None, [Text("2")])
    mended, losses = paired([asks("a", "a_2", "a"), user(first, result("a_2"), second)])
    assert [part.id for part in mended[0].parts if isinstance(part, ToolCall)] == ["a", "a_2", "a_3"]
    told = {part.call_id: part.parts for part in mended[1].parts if isinstance(part, ToolResult)}
    assert told["a"] == [Text("1")] and told["a_3"] == [Text("2")] and not losses
