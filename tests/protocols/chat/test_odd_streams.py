"""Fixtures with values of the wrong type anywhere: never an exception, always a legal order of events."""

import random
from pathlib import Path
from typing import Any

import pytest

from gateway.canon.fold import Broken
from gateway.canon.grammar import check
from gateway.protocols.chat import DIALECT
from gateway.protocols.chat.answer_reader import ChatReader
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import SSEReader, data_event
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads

FIXTURES = Path(__file__).parents[2] / "fixtures" / "chat"
ODD: list[Any] = [None, True, 0, -1, 2.5, "", "x", [], {}, [None], ["x"], [{}], {"text": "x"}, [[]], 10**25]


def drifted(value: Any, dice: random.Random) -> Any:
    if dice.random() < 0.08:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {key: drifted(item, dice) for key, item in value.items()}
    if isinstance(value, list):
        return [drifted(item, dice) for item in value]
    return value


def documents(path: Path) -> list[Any]:
    found = []
    for _, data in SSEReader().feed(path.read_bytes()):
        try:
            found.append(loads(data))
        except JSONDecodeError:
            continue
    return found


@pytest.mark.parametrize("seed", range(20))
def test_streams(seed: int) -> None:
    dice = random.Random(seed)
    for path in sorted(FIXTURES.glob("*.sse.txt")):
        data = b"".join(data_event(dumps(drifted(document, dice))) for document in documents(path))
        reader = ChatReader()
        events = reader.feed(data) + reader.close()
        check(events)
        writer = DIALECT.answer_writer(Asked("m"))
        for event in events:
            writer.write([event])


@pytest.mark.parametrize("seed", range(20))
def test_whole_answers(seed: int) -> None:
    dice = random.Random(seed)
    for path in sorted(FIXTURES.glob("*.whole.txt")):
        try:
            answer = DIALECT.read_answer(drifted(loads(path.read_bytes()), dice), None)
        except Broken as broken:
            assert 400 <= broken.fault.status <= 599
        else:
            loads(DIALECT.write_answer(answer, Asked("m")))
