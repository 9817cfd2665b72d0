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
