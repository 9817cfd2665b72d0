"""Pictures in a user turn."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Said, Shown
from tests.contract.cases import clients, providers, streams
from tests.contract.house import House

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@streams
@providers
@clients("images")
def test_a_picture(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.ask(sdk, provider, Ask((Shown("what is it?", PNG),)), stream)
    assert house.seen.pictures == [("image/png", PNG)]
    assert house.seen.turns == [("user", "what is it?")]


@providers
@clients("images")
@pytest.mark.parametrize("mime", ["image/jpeg", "image/webp", "image/gif"])
def test_kinds_of_pictures(house: House, sdk: str, provider: str, mime: str) -> None:
    house.ask(sdk, provider, Ask((Shown("what is it?", PNG, mime),)))
    assert house.seen.pictures == [(mime, PNG)]


@providers
@clients("images")
def test_pictures_in_a_talk(house: House, sdk: str, provider: str) -> None:
    turns = (Shown("one", PNG), Said("assistant", "a dot"), Shown("two", PNG, "image/webp"))
    house.ask(sdk, provider, Ask(turns))
    assert [mime for mime, _ in house.seen.pictures] == ["image/png", "image/webp"]
    assert house.seen.turns == [("user", "one"), ("assistant", "a dot"), ("user", "two")]
