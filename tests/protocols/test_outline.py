from __future__ import annotations

import json
import random
from typing import Any

import pytest

from gateway.protocols.outline import LIMIT, Outline
from gateway.protocols.wire_json import loads

LONG = "x" * 5000
DOCUMENT = {
    "id": "résumé 漢字 🌍",
    "choices": [{"message": {"content": 'said "\\\\" {[' + LONG + '"\n\\', "list": [1, [2, {"a": "]}"}]]}}],
    "usage": {"prompt_tokens": 5, "details": {"cached": 2}},
    "flag": True,
}


def fed(raw: bytes, size: int) -> Outline:
    outline = Outline()
    for at in range(0, len(raw), size):
        outline.feed(raw[at : at + size])
    return outline


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 256, 257, 5000, 1 << 20])
def test_any_split_keeps_all_but_long_texts(size: int, indent: int | None, ascii_only: bool) -> None:
    outline = fed(json.dumps(DOCUMENT, indent=indent, ensure_ascii=ascii_only).encode(), size)
    assert outline.whole and not outline.broken
    document = outline.document()
    assert document["usage"] == DOCUMENT["usage"] and document["id"] == DOCUMENT["id"] and document["flag"] is True
    message = document["choices"][0]["message"]
    assert message == {"content": "...", "list": [1, [2, {"a": "..."}]]}


def test_every_cut_is_seen() -> None:
    raw = json.dumps(DOCUMENT).encode()
    for end in range(1, len(raw)):
        if not 400 < end < len(raw) - 300:
            assert not fed(raw[:end], 1 << 20).whole, end


@pytest.mark.parametrize("raw", [b"", b"   ", b"7", b'"x"', b"null", b"<html></html>", b"{} {}", b'{"a": tru}', b"{}}"])
def test_what_is_no_whole_document(raw: bytes) -> None:
    assert not fed(raw, 1 << 20).whole


@pytest.mark.parametrize("raw", [b"<html>", b"upstream says", b"\x1f\x8b"])
def test_what_cannot_become_one_is_known_at_once(raw: bytes) -> None:
    assert fed(raw, 1 << 20).broken


def entry(number: int) -> dict[str, Any]:
    tops = [{"token": f"t{number}", "logprob": -0.5, "bytes": [1, 2, 3]} for _ in range(20)]
    return {"token": "tok{en", "logprob": -0.25, "bytes": [116], "top_logprobs": tops}


@pytest.mark.parametrize("indent", [None, 1])
def test_log_probabilities_are_thinned_out_and_the_usage_is_kept(indent: int | None) -> None:
    choice = {"index": 0, "message": {"content": LONG}, "logprobs": {"content": [entry(n) for n in range(6000)]}}
    document = {
        "choices": [{**choice, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 5, "total": [1, {"x": 2}]},
    }
    raw = json.dumps(document, indent=indent).encode()
    assert len(raw) > 6 * LIMIT
    outline = fed(raw, 65536)
    assert outline.whole and len(outline._kept) <= LIMIT
    told = outline.document()
    assert told["usage"]["prompt_tokens"] == 5
    assert told["choices"][0]["finish_reason"] == "length"


def test_more_than_an_outline_holds() -> None:
    raw = json.dumps({f"key {n}": {"a": n, "b": [{}]} for n in range(100_000)}).encode()
    outline = fed(raw, 65536)
    assert outline.whole and outline.document() is None
    assert not fed(raw[:-1], 65536).whole


def test_random_documents() -> None:
    dice = random.Random(5)

    def value(depth: int) -> Any:
        kind = dice.randrange(7 if depth < 4 else 4)
        if kind == 0:
            return dice.choice([None, True, 1.5, -3])
        if kind < 4:
            return "".join(dice.choice('ab"\\{}[]:,\n 漢') for _ in range(dice.choice([0, 3, 300])))
        if kind == 4:
            return [value(depth + 1) for _ in range(dice.randrange(4))]
        return {f"k{n}": value(depth + 1) for n in range(dice.randrange(4))}

    for _ in range(300):
        document = {"a": value(0), "usage": {"n": 7}}
        raw = json.dumps(document, ensure_ascii=dice.random() < 0.5).encode()
        outline = fed(raw, dice.choice([1, 5, 64, 1000]))
        assert outline.whole
        assert outline.document()["usage"] == {"n": 7}
        assert loads(raw)["a"] == document["a"]
