import pytest

from gateway.canon.usage import Usage
from gateway.protocols.chat.usage import is_usage_event, read_usage, write_usage


def test_cached_and_written_are_part_of_the_prompt_and_reasoning_of_the_completion() -> None:
    raw = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 20, "accepted_prediction_tokens": 2},
    }
    usage = read_usage(raw)
    assert usage == Usage(30, 30, 60, 10, 20, raw=raw)
    assert write_usage(usage) == raw


def test_counters_that_exclude_reasoning_are_told_by_their_total() -> None:
    usage = read_usage(
        {
            "prompt_tokens": 5,
            "completion_tokens": 7,
            "total_tokens": 32,
            "completion_tokens_details": {"reasoning_tokens": 20},
        }
    )
    assert usage is not None and (usage.output, usage.reasoning, usage.total) == (7, 20, 32)


def test_deepseek_and_moonshot_spellings() -> None:
    for raw in ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, {"prompt_tokens": 9, "cached_tokens": 4}):
        usage = read_usage(raw)
        assert usage is not None and (usage.input, usage.cache_read) == (5, 4)


@pytest.mark.parametrize("raw", [None, {}, [], "12", 5, True])
def test_no_usage(raw: object) -> None:
    assert read_usage(raw) is None


def test_drifted_types_never_raise() -> None:
    usage = read_usage(
        {"prompt_tokens": "7", "completion_tokens": None, "prompt_tokens_details": [], "total_tokens": -1}
    )
    assert usage is not None and (usage.input, usage.output) == (7, 0)


def test_a_foreign_usage() -> None:
    assert write_usage(Usage(input=5, output=158, reasoning=1213, raw={"promptTokenCount": 5})) == {
        "prompt_tokens": 5,
        "completion_tokens": 1371,
        "total_tokens": 1376,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 1213},
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"choices":[],"usage":{"prompt_tokens":1}}', True),
        (b'{"choices": [], "usage": {"prompt_tokens": 1}}', True),
        (b'{"choices":[],"usage":null}', False),
        (b'{"choices":[],"prompt_filter_results":[]}', False),
        (b'{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}', False),
        (b'{"usage":{"prompt_tokens":1}}', False),
        (b'{"usage"', False),
        (b"[DONE]", False),
    ],
)
def test_usage_event(data: bytes, expected: bool) -> None:
    assert is_usage_event(data) is expected
