"""Pictures in a user turn."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Said, Shown
from tests.contract.cases import clients, providers, streams
from tests.contract.house import MODELS, House
from tests.pictures import GIF, JPEG, PNG, WEBP


@streams
@providers
@clients("images")
def test_a_picture(house: House, sdk: str, provider: str, stream: bool) -> None:
    reply = house.ask(sdk, provider, Ask((Shown("what is it?", PNG),)), stream)
    assert "x-gateway-lossy" not in reply.headers
    assert house.seen.pictures == [("image/png", PNG)]
    assert house.seen.turns == [("user", "what is it?")]


@providers
@clients("images")
@pytest.mark.parametrize(("mime", "data"), [("image/jpeg", JPEG), ("image/webp", WEBP), ("image/gif", GIF)])
def test_kinds_of_pictures(house: House, sdk: str, provider: str, mime: str, data: str) -> None:
    house.ask(sdk, provider, Ask((Shown("what is it?", data, mime),)))
    assert house.seen.pictures == [(mime, data)]


@providers
@clients("images")
def test_pictures_in_a_talk(house: House, sdk: str, provider: str) -> None:
    turns = (Shown("one", PNG), Said("assistant", "a dot"), Shown("two", WEBP, "image/webp"))
    house.ask(sdk, provider, Ask(turns))
    assert [mime for mime, _ in house.seen.pictures] == ["image/png", "image/webp"]
    assert house.seen.turns == [("user", "one"), ("assistant", "a dot"), ("user", "two")]


@providers
def test_a_picture_a_tool_has_read(house: House, provider: str) -> None:
    """As Claude Code sends it; where a result cannot hold pictures, it follows the result."""
    use = {"type": "tool_use", "id": "call_1", "name": "read", "input": {}}
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "text", "text": "it is this"}, {"type": "image", "source": source}]
    house.sdks["anthropic"].client.messages.create(
        model=MODELS[provider],
        max_tokens=100,
        tools=[{"name": "read", "input_schema": {"type": "object", "properties": {}}}],
        messages=[
            {"role": "user", "content": "read it"},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": content}]},
        ],
    )
    raw = house.request.raw.decode()
    assert raw.count(PNG) == 1
    (result,) = house.seen.results
    assert "it is this" in result.text
    assert raw.index("it is this") < raw.index(PNG)
