from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.protocols.wire_json import (
    NOT_JSON,
    JSONDecodeError,
    TooDeep,
    dumps,
    dumps_sse,
    escape_sse,
    loads,
    loads_each,
    loads_told,
)


def test_compact() -> None:
    assert dumps({"a": [1, 2.5, None, True, "ü"], 3: "key"}) == '{"a":[1,2.5,null,true,"ü"],"3":"key"}'.encode()


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ({"\udfff": ["\ud83d", "\U0001f600"]}, {"\ufffd": ["\ufffd", "\U0001f600"]}),
        (2**64, float(2**64)),
        (-(2**70), float(-(2**70))),
        ([2**64 - 1, -(2**63), True], [2**64 - 1, -(2**63), True]),
        (("a", 1), ["a", 1]),
    ],
)
def test_what_orjson_refuses(value: Any, meant: Any) -> None:
    assert json.loads(dumps(value)) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (rb'"a\ud83db"', "a\ufffdb"),
        (rb'"\uDE00"', "\ufffd"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (rb'{"\\\ud83d": 1}', {"\\\ufffd": 1}),
    ],
)
def test_half_a_character_of_a_provider(said: bytes, meant: Any) -> None:
    assert loads_told(said) == loads_told(bytearray(said)) == loads_told(memoryview(said)) == meant
    assert list(loads_each([b"1", said])) == [1, meant]
    for broken in (said[:-1], said + b"x"):
        with pytest.raises(JSONDecodeError):
            loads_told(broken)
    with pytest.raises(JSONDecodeError):
        loads(said)


@pytest.mark.parametrize("levels", [300, 1000])
def test_too_deep_is_said(levels: int) -> None:
    value = loads(b"[" * levels + b"]" * levels)
    with pytest.raises(TooDeep):
        dumps(value)
    with pytest.raises(TooDeep):
        dumps(["\ud800", value])


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_no_line_breaker_leaves_raw_on_a_stream(separator: str) -> None:
    written = dumps_sse({"text": f"a{separator}b"})
    assert len(written.decode().splitlines()) == 1
    assert json.loads(written) == {"text": f"a{separator}b"}


def test_other_characters_with_those_bytes_stay() -> None:
    text = '"Å…\u2027\u202a\u0084\u0086"'.encode()
    assert escape_sse(text) is text


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"1e999", b'"\xff"', b'"\\ud800"', b"{'a':1}", b"", b"[" * 5000])
def test_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(JSONDecodeError):
        loads(raw)


def test_the_last_of_equal_keys_wins() -> None:
    assert loads(b'{"a":1,"a":2}') == {"a": 2}


def test_many_texts_are_read_like_one_after_the_other() -> None:
    texts = [b'{"n":%d}' % number for number in range(50)]
    assert list(loads_each(texts)) == [{"n": number} for number in range(50)]
    assert list(loads_each([])) == []
    texts[20] = b'{"n":'
    texts[40] = b"1,2"
    values = list(loads_each(texts))
    assert [place for place, value in enumerate(values) if value is NOT_JSON] == [20, 40]
    assert values[21:24] == [{"n": 21}, {"n": 22}, {"n": 23}]


def test_half_a_character_in_the_text_of_a_calls_arguments() -> None:
    assert loads_told('{"a":"x\\ud83d"}') == {"a": "x\ufffd"}
