from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.usage import Usage
from gateway.protocols.responses.usage import read_usage, write_usage


def test_there_and_back() -> None:
    usage = Usage(input=10, output=5, cache_read=3, cache_write=2, reasoning=4)
    written = write_usage(usage)
    assert (written["input_tokens"], written["output_tokens"], written["total_tokens"]) == (15, 9, 24)
    back = read_usage(written)
    assert back is not None and back.raw is written
    back.raw = None
    assert back == usage


@pytest.mark.parametrize("told", [None, 5, "x", []])
def test_nothing_told(told: Any) -> None:
    assert read_usage(told) is None


def test_drift() -> None:
    usage = read_usage(
        {
            "input_tokens": "7",
            "output_tokens": None,
            "input_tokens_details": [],
            "output_tokens_details": {"x": 1},
        }
    )
    assert usage is not None and (usage.input, usage.output_total) == (7, 0)
    usage = read_usage({"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 9}})
    assert usage is not None and (usage.input, usage.cache_read, usage.output) == (0, 9, 4)
