"""What we write, judged by the official SDK's types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anthropic.types import Message, MessageTokensCount, ModelInfo, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParams
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter

from gateway.canon import models
from gateway.canon.fault import Fault
from gateway.canon.fold import fold, unfold
from gateway.canon.profile import Profile
from gateway.protocols.anthropic import DIALECT, counting
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import events_of
from gateway.protocols.wire_json import loads
from tests.protocols.anthropic.bodies import NORMAL
from tests.protocols.anthropic.test_answer_writer import PARTS, written

FIXTURES = Path(__file__).parents[2] / "fixtures" / "anthropic"
WHOLES = sorted(path.name for path in FIXTURES.glob("*.json.txt"))
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
REQUEST: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
AHEAD_OF_THE_SDK = {"blocks nobody knows"}


@pytest.mark.parametrize("name", WHOLES)
def test_whole_answers(name: str) -> None:
    answer = DIALECT.read_answer(loads((FIXTURES / name).read_bytes()), None)
    message = Message.model_validate(loads(DIALECT.write_answer(answer, Asked("m"))), strict=False)
    assert message.stop_reason is not None


@pytest.mark.parametrize("name", WHOLES)
def test_streams(name: str) -> None:
    answer = DIALECT.read_answer(loads((FIXTURES / name).read_bytes()), None)
    for _, data in events_of(DIALECT.answer_writer(Asked("m")).write(unfold(answer))):
        EVENT.validate_python(loads(data))


def test_all_parts() -> None:
    for _, data in events_of(written(PARTS)):
        EVENT.validate_python(loads(data))


@pytest.mark.parametrize("name", sorted(NORMAL.keys() - AHEAD_OF_THE_SDK))
def test_requests(name: str) -> None:
    REQUEST.validate_python(
        DIALECT.write_request(DIALECT.read_request(NORMAL[name]), Profile(thinking="adaptive")).body
    )


def test_the_fixtures_are_real() -> None:
    """Whole fixtures are the SDK's messages, and their streams fold to them."""
    for name in WHOLES:
        raw = (FIXTURES / name).read_bytes()
        Message.model_validate_json(raw)
        reader = DIALECT.answer_reader(None)
        data = (FIXTURES / name.replace(".json.", ".sse.")).read_bytes()
        for _, event in events_of(data):
            if b'"ping"' not in event:
                EVENT.validate_python(loads(event))
        assert fold([*reader.feed(data), *reader.close()]).id == Message.model_validate_json(raw).id


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 429, 500, 502, 503, 504, 529])
def test_errors(status: int) -> None:
    ErrorResponse.model_validate_json(DIALECT.write_error(Fault(status, "no"), "req_1"))


def test_models_and_counts() -> None:
    ModelInfo.model_validate_json(DIALECT.write_model(models.ModelInfo("m")))
    assert MessageTokensCount.model_validate_json(counting.write_count(3)).input_tokens == 3
