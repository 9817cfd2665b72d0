"""What goes over the wire; what Redis makes of it is in tests/system."""

from __future__ import annotations

from typing import Any

from gateway.state.operation import Operation
from gateway.state.redis_layout import Layout


class Pipe:
    """Notes the commands."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words, **more: self.said.append((name, *words, *more.items()))


def test_one_announcement_for_all_that_was_put_or_deleted() -> None:
    mine, other, pipe = Layout("p:", 2, "me"), Layout("p:", 2, "you"), Pipe()
    take = mine.write(pipe, [Operation(("a", "k é"), b"1", None), Operation(("b", "x:y"), None, None)], 100.0)
    names = [each[0] for each in pipe.said]
    assert names == ["set", "zadd", "zrem", "delete", "zrem", "zrem", "publish"]
    channel, announcement = pipe.said[-1][1:]
    assert channel == "p:changes:2" == other.channel
    assert other.heard(announcement) == [("a", "k é"), ("b", "x:y")] and mine.heard(announcement) == []
    take([True] * 7)


def test_expiry_goes_as_milliseconds_and_what_has_expired_is_deleted() -> None:
    pipe = Pipe()
    late, soon = Operation(("a", "late"), b"1", 99.0), Operation(("a", "soon"), b"1", 100.0004)
    Layout("p:", 0, "me").write(pipe, [late, soon, Operation(("a", "k"), b"1", 160.5)], 100.0)
    assert pipe.said[0] == ("delete", "p:v:a:late")
    assert ("set", "p:v:a:soon", b"1", ("px", 1)) in pipe.said
    assert ("set", "p:v:a:k", b"1", ("px", 60500)) in pipe.said
    assert ("zadd", "p:expiring", {"a\0k": 160.5}) in pipe.said


def test_each_condition_gets_its_own_result() -> None:
    first, put = Operation(("a", "k"), b"1", None, conditional=True), Operation(("a", "p"), b"1", None)
    second = Operation(("a", "k"), None, None, conditional=True, expected=b"1")
    pipe = Pipe()
    take = Layout("p:", 0, "me").write(pipe, [first, put, second], 100.0)
    assert [each[0] for each in pipe.said] == ["eval", "set", "zadd", "zrem", "eval", "publish"]
    take([1, True, 1, 0, 0, 5])
    assert (first.result, put.result, second.result) == (True, True, False)


def test_messages_of_others_are_passed_over() -> None:
    layout = Layout("p:", 0, "me")
    assert layout.heard(b"") == [] and layout.heard(b"x\0\xff\xfe") == [] and layout.heard(b"x\0a") == []
