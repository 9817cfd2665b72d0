from typing import Any

from gateway.canon.parts import ToolCall
from gateway.protocols.chat.client_tools import ClientTools
from gateway.protocols.chat.streamed_calls import StreamedCalls


def test_arguments_that_are_there_at_the_start_follow_the_opening() -> None:
    calls = StreamedCalls(ClientTools())
    calls.start(4, ToolCall("a", "f", '{"x":'))
    said: list[dict[str, Any]] = calls.arguments(4, "1}") + calls.stop(4)
    texts = [delta["tool_calls"][0]["function"]["arguments"] for delta in said]
    assert texts == ["", '{"x":1}'] and calls.seen


def test_numbers_grow_over_the_stream() -> None:
    calls = StreamedCalls(ClientTools())
    numbers = []
    for index in (1, 5, 9):
        calls.start(index, ToolCall(str(index), "f"))
        numbers += [delta["tool_calls"][0]["index"] for delta in calls.stop(index)]
    assert numbers == [0, 0, 1, 1, 2, 2]


def test_calls_that_come_in_turn_are_opened_in_their_order() -> None:
    """OpenAI's SDK keeps a list of the calls and fails on an index above its length."""
    calls = StreamedCalls(ClientTools())
    for index, name in enumerate(("first", "second", "third", "fourth")):
        calls.start(index, ToolCall(f"c{index}", name))
    deltas = calls.arguments(2, '{"n"')
    deltas += calls.arguments(2, ":2}") + calls.arguments(1, "{}")
    for index in (3, 0, 1, 2):
        deltas += calls.stop(index)
    told = [delta["tool_calls"][0] for delta in deltas]
    assert [call["function"]["name"] for call in told if "id" in call] == ["first", "second", "third", "fourth"]
    assert [call["index"] for call in told if "id" in call] == [0, 1, 2, 3]
    arguments = {index: "".join(c["function"]["arguments"] for c in told if c["index"] == index) for index in range(4)}
    assert arguments == {0: "{}", 1: "{}", 2: '{"n":2}', 3: "{}"}
