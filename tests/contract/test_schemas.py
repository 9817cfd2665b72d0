"""Answers bound to a JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import pydantic

from tests.contract.ask import Ask
from tests.contract.cases import clients, providers, streams
from tests.contract.house import MODELS, House
from tests.scripted.answer import Answer

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "title": {"type": ["string", "null"]},
    },
    "required": ["name", "tags", "title"],
    "additionalProperties": False,
}


class Person(pydantic.BaseModel):
    name: str
    age: int


@streams
@providers
@clients("schema")
def test_the_schema_reaches_the_provider(house: House, sdk: str, provider: str, stream: bool) -> None:
    said = json.dumps({"name": "a", "tags": [], "title": None})
    house.answers(Answer((said,)))
    reply = house.ask(sdk, provider, Ask(schema=SCHEMA), stream)
    assert json.loads(reply.text)["name"] == "a"
    assert "x-gateway-lossy" not in reply.headers
    schema = house.seen.schema
    assert set(schema["properties"]) == {"name", "tags", "title"}
    assert set(schema["required"]) == {"name", "tags", "title"}


@providers
def test_openai_chat_parse(house: House, provider: str) -> None:
    house.answers(Answer(('{"name": "Anna", ', '"age": 3}')))
    done = house.sdks["openai-chat"].client.chat.completions.parse(
        model=MODELS[provider], messages=[{"role": "user", "content": "x"}], response_format=Person
    )
    assert done.choices[0].message.parsed == Person(name="Anna", age=3)
    assert set(house.seen.schema["properties"]) == {"name", "age"}


@providers
def test_openai_responses_parse(house: House, provider: str) -> None:
    house.answers(Answer(('{"name": "Anna", ', '"age": 3}')))
    done = house.sdks["openai-responses"].client.responses.parse(model=MODELS[provider], input="x", text_format=Person)
    assert done.output_parsed == Person(name="Anna", age=3)


@providers
def test_anthropic_parse(house: House, provider: str) -> None:
    house.answers(Answer(('{"name": "Anna", ', '"age": 3}')))
    done = house.sdks["anthropic"].client.messages.parse(
        model=MODELS[provider],
        max_tokens=100,
        messages=[{"role": "user", "content": "x"}],
        output_format=Person,
    )
    assert done.parsed_output == Person(name="Anna", age=3)


@providers
def test_google_genai_parsed(house: House, provider: str) -> None:
    house.answers(Answer(('{"name": "Anna", ', '"age": 3}')))
    done = house.sdks["google-genai"].client.models.generate_content(
        model=MODELS[provider],
        contents="x",
        config={"response_mime_type": "application/json", "response_schema": Person},
    )
    assert done.parsed == Person(name="Anna", age=3)
    assert set(house.seen.schema["properties"]) == {"name", "age"}
