"""Fields of any type in any place: readers never raise, and their events stay legal."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gateway.canon.fault import Malformed
from gateway.canon.fold import Broken
from gateway.canon.grammar import check
from gateway.canon.profile import Profile
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.sse import data_event, events_of
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads
from tests.protocols.anthropic.bodies import NORMAL

FIXTURES = Path(__file__).parents[2] / "fixtures" / "anthropic"
ODD: list[Any] = [None, True, 7, -1.5, "", "x", [], [7], {}, {"type": "text"}, {"type": 7}, [[{}]], [None]]


def drifted(value: Any, dice: random.Random, rate: float) -> Any:
    if dice.random() < rate:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {key: drifted(item, dice, rate) for key, item in value.items() if dice.random() > rate / 2}
    if isinstance(value, list):
        return [drifted(item, dice, rate) for item in value]
    return value


def documents(path: Path) -> list[Any]:
    found = []
    for _, data in events_of(path.read_bytes()):
        try:
            found.append(loads(data))
        except JSONDecodeError:
            continue
    return found


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.sse.txt")), ids=lambda path: path.name)
def test_streams(path: Path) -> None:
    events = documents(path)
    for seed in range(60):
        dice = random.Random(seed)
        told = [drifted(event, dice, 0.06) for event in events if dice.random() > 0.05]
        if seed % 3 == 0:
            dice.shuffle(told)
        reader = DIALECT.answer_reader(None)
        read = [event for document in told for event in reader.feed(data_event(dumps(document)))]
        check([*read, *reader.close()])


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json.txt")), ids=lambda path: path.name)
def test_whole_answers(path: Path) -> None:
    body = loads(path.read_bytes())
    for seed in range(100):
        try:
            answer = DIALECT.read_answer(drifted(body, random.Random(seed), 0.1), None)
        except Broken as broken:
            assert broken.fault.status >= 400
        else:
            assert answer.choices


@pytest.mark.parametrize("name", NORMAL)
def test_requests(name: str) -> None:
    """Malformed or accepted; what is accepted can be written."""
    for seed in range(60):
        body = drifted(NORMAL[name], random.Random(seed), 0.04)
        if not isinstance(body, dict):
            continue
        try:
            DIALECT.check_request(body)
        except Malformed as malformed:
            assert malformed.param
        else:
            for thinking in ("adaptive", "budget", "none"):
                written = DIALECT.write_request(DIALECT.read_request(body), Profile(thinking=thinking))
                assert written.body["messages"] and written.body["max_tokens"] >= 0
                dumps(written.body)
