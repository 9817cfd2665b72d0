import pytest

from gateway.protocols.chat.finish import read_finish, write_finish


@pytest.mark.parametrize(
    ("raw", "calls", "refused", "reason"),
    [
        ("stop", False, False, "stop"),
        ("stop", True, False, "tool_calls"),
        ("stop", False, True, "refusal"),
        ("length", True, False, "length"),
        ("tool_calls", True, False, "tool_calls"),
        ("function_call", True, False, "tool_calls"),
        ("content_filter", False, False, "content_filter"),
        ("STOP", False, False, "stop"),
        ("MAX_TOKENS", False, False, "length"),
        ("SAFETY", False, False, "content_filter"),
        ("end_turn", True, False, "tool_calls"),
        ("model_length", False, False, "length"),
        ("sensitive", False, False, "content_filter"),
        ("pause_turn", False, False, "pause"),
        ("something_new", False, False, "other"),
    ],
)
def test_read(raw: str, calls: bool, refused: bool, reason: str) -> None:
    assert read_finish(raw, calls, refused) == reason


@pytest.mark.parametrize(
    ("reason", "calls", "refused", "legacy", "word"),
    [
        ("stop", False, False, False, "stop"),
        ("stop", True, False, False, "tool_calls"),
        ("tool_calls", True, False, False, "tool_calls"),
        ("tool_calls", True, False, True, "function_call"),
        ("tool_calls", False, False, False, "stop"),
        ("length", True, False, False, "length"),
        ("content_filter", False, False, False, "content_filter"),
        ("refusal", False, True, False, "stop"),
        ("refusal", False, False, False, "content_filter"),
        ("pause", False, False, False, "stop"),
        ("other", False, False, False, "stop"),
    ],
)
def test_write(reason: str, calls: bool, refused: bool, legacy: bool, word: str) -> None:
    assert write_finish(reason, calls, refused, legacy) == word  # type: ignore[arg-type]
