"""The estimate against a real vocabulary: counts of OpenAI's o200k_base for texts of every kind (fixtures/tokens)."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gateway.canon.dialogue import Dialogue, Turn
from gateway.canon.parts import Text
from gateway.relay.estimate import TURN_TOKENS, prompt_tokens, text_tokens

FOLDER = Path(__file__).parent.parent / "fixtures" / "tokens"
COUNTS: dict[str, int] = json.loads((FOLDER / "counts.json").read_text(encoding="utf-8"))["tokens"]
LANGUAGES = ("english", "russian", "chinese", "code")


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COUNTS)
def test_every_text_within_ten_percent(name: str) -> None:
    assert text_tokens(read(name)) == pytest.approx(COUNTS[name], rel=0.1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_within_five_percent(language: str) -> None:
    names = [name for name in COUNTS if name.startswith(language)]
    assert len(names) >= 3
    told = sum(text_tokens(read(name)) for name in names)
    assert told == pytest.approx(sum(COUNTS[name] for name in names), rel=0.05)


def test_a_conversation_in_all_of_them() -> None:
    turns = [Turn("user" if number % 2 else "assistant", [Text(read(name))]) for number, name in enumerate(COUNTS)]
    expected = sum(COUNTS.values()) + TURN_TOKENS * len(turns)
    assert prompt_tokens(Dialogue("m", turns)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("", 0, 0), ("a", 0.5, 1.5), ("hello world", 1.5, 3), ("1234567890" * 10, 25, 45), ("👍" * 10, 8, 30),
     ("é", 0.5, 2), ("\ud800", 0, 2), ("ä ö ü ß", 2, 8)],
)  # fmt: skip
def test_small_and_odd_texts(text: str, low: float, high: float) -> None:
    assert low <= text_tokens(text) <= high


def test_it_is_quick() -> None:
    text = read("english-letter.txt") * 1500
    began = time.process_time()
    text_tokens(text)
    assert len(text) > 2_000_000 and time.process_time() - began < 2
