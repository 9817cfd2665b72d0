"""Model lists and single models through each SDK."""

from __future__ import annotations

import anthropic
import openai
import pytest
from anthropic.types import ModelInfo
from google.genai import errors
from openai.types import Model

from tests.contract.house import FAMILIES, MAPPED, MODELS, WORN, House

EXPECTED = sorted({*MODELS.values(), *WORN.values(), *MAPPED, *(name for _, name in FAMILIES)})


def test_openai_list(house: House) -> None:
    models = list(house.sdks["openai-chat"].client.models.list())
    assert sorted(model.id for model in models) == EXPECTED
    for model in models:
        Model.model_validate(model.to_dict(), strict=True)


def test_anthropic_list(house: House) -> None:
    page = house.sdks["anthropic"].client.models.list(limit=1000)
    assert page.has_more is False
    assert sorted(model.id for model in page.data) == EXPECTED
    for model in page.data:
        ModelInfo.model_validate(model.to_dict())


def test_genai_list(house: House) -> None:
    assert sorted(model.name for model in house.sdks["google-genai"].client.models.list()) == sorted(
        f"models/{name}" for name in EXPECTED
    )


@pytest.mark.parametrize("name", [*MODELS.values(), "gpt-4o"])
def test_one_model(house: House, name: str) -> None:
    assert house.sdks["openai-chat"].client.models.retrieve(name).id == name
    assert house.sdks["anthropic"].client.models.retrieve(name).id == name
    assert house.sdks["google-genai"].client.models.get(model=name).name == f"models/{name}"


def test_a_model_nobody_serves(house: House) -> None:
    with pytest.raises(openai.NotFoundError):
        house.sdks["openai-chat"].client.models.retrieve("nothing")
    with pytest.raises(anthropic.NotFoundError):
        house.sdks["anthropic"].client.models.retrieve("nothing")
    with pytest.raises(errors.ClientError) as raised:
        house.sdks["google-genai"].client.models.get(model="nothing")
    assert raised.value.code == 404
