"""What goes over the wire; what Redis makes of it is in tests/system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from redis.exceptions import NoScriptError, ResponseError

from gateway.state.operation import Operation
from gateway.state.redis_layout import Layout


class Client:
    """Notes what it is asked; `known` are its scripts."""

    def __init__(self, results: Sequence[int], known: bool = True) -> None:
        self.results, self.known = results, known
        self.said: list[tuple[Any, ...]] = []

    def evalsha(self, name: str, keys: int, *words: Any) -> Sequence[int]:
        if not self.known:
            raise NoScriptError
        self.said.append(words)
        return self.results

    def eval(self, script: str, keys: int, *words: Any) -> Sequence[int]:
        self.known = True
        return self.evalsha("", keys, *words)

    def operations(self) -> list[tuple[Any, ...]]:
        words = self.said[-1][3:]
        return [words[at : at + 8] for at in range(0, len(words), 8)]


def test_a_batch_goes_in_one_piece_with_its_results() -> None:
    put, gone = Operation(("a", "k é"), b"1", None), Operation(("b", "x:y"), None, None)
    first = Operation(("a", "k"), b"1", None, conditional=True)
    second = Operation(("a", "k"), None, None, conditional=True, expected=b"0")
    client = Client([1, 1, 1, 0])
    Layout("p:", 2, "me").write(client, [put, gone, first, second], 100.0)
    assert client.said[0][:3] == ("p:", "p:changes:2", b"me")
    assert [each[:6] for each in client.operations()] == [
        ("a", "k é".encode(), "", b"", "", b"1"),
        ("b", b"x:y", "", b"", "delete", b""),
        ("a", b"k", "absent", b"", "", b"1"),
        ("a", b"k", "equal", b"0", "delete", b""),
    ]
    assert [each.result for each in (put, gone, first, second)] == [True, True, True, False]


def test_expiry_goes_as_milliseconds_and_what_has_expired_is_deleted() -> None:
    client = Client([1, 1, 1])
    times = (99.0, 100.0004, 160.5)
    Layout("p:", 0, "me").write(client, [Operation(("a", "k"), b"1", each) for each in times], 100.0)
    assert [each[4] for each in client.operations()] == ["delete", "", ""]
    assert [each[6:] for each in client.operations()][1:] == [(1, 100.0004), (60500, 160.5)]


def test_a_server_that_was_started_anew_is_told_the_script() -> None:
    operation, client = Operation(("a", "k"), b"1", None), Client([1], known=False)
    Layout("p:", 0, "me").write(client, [operation], 100.0)
    assert operation.result and len(client.said) == 1


def test_an_error_is_the_writers() -> None:
    class Full(Client):
        def evalsha(self, name: str, keys: int, *words: Any) -> Sequence[int]:
            raise ResponseError("OOM command not allowed")

    with pytest.raises(ResponseError):
        Layout("p:", 0, "me").write(Full([]), [Operation(("a", "k"), b"1", None)], 100.0)


def test_announcements_name_the_keys_that_others_changed() -> None:
    layout = Layout("p:", 0, "me")
    assert layout.heard(b"you\0a\0k \xc3\xa9\0b\0x:y") == [("a", "k é"), ("b", "x:y")]
    assert layout.heard(b"me\0a\0k") == []


def test_messages_of_others_are_passed_over() -> None:
    layout = Layout("p:", 0, "me")
    assert layout.heard(b"") == [] and layout.heard(b"x\0\xff\xfe") == [] and layout.heard(b"x\0a") == []
