"""System and developer texts, first and in the middle: every one reaches every provider, once
(detail 23 of the project's list)."""

from __future__ import annotations

import json

from tests.contract.ask import Ask, Said
from tests.contract.cases import clients, providers, streams
from tests.contract.house import House


@streams
@providers
@clients("system")
def test_23_one_system_text(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.ask(sdk, provider, Ask((Said("system", "be brief"), Said("user", "hello"))), stream)
    assert house.seen.instructions == ["be brief"]
    assert house.seen.turns == [("user", "hello")]


@providers
@clients("system")
def test_23_several_leading_texts(house: House, sdk: str, provider: str) -> None:
    turns = (Said("system", "first rule"), Said("developer", "second rule"), Said("user", "hello"))
    house.ask(sdk, provider, Ask(turns))
    told = " ".join(house.seen.instructions)
    assert told.index("first rule") < told.index("second rule")
    assert told.count("rule") == 2
    assert house.seen.turns == [("user", "hello")]


@streams
@providers
@clients("middle")
def test_23_a_text_in_the_middle(house: House, sdk: str, provider: str, stream: bool) -> None:
    turns = (
        Said("system", "rule at the head"),
        Said("user", "one"),
        Said("assistant", "two"),
        Said("system", "rule in the middle"),
        Said("user", "three"),
    )
    house.ask(sdk, provider, Ask(turns), stream)
    raw = json.dumps(house.request.body)
    assert raw.count("rule at the head") == raw.count("rule in the middle") == 1
    assert "rule at the head" in house.seen.instructions[0]
    spoken = [(role, text) for role, text in house.seen.turns if "rule in the middle" not in text]
    assert spoken == [("user", "one"), ("assistant", "two"), ("user", "three")] or spoken == [
        ("user", "one"),
        ("assistant", "two"),
    ]
    assert raw.index("three") > raw.index("two") > raw.index("one")


@providers
@clients("middle")
def test_23_a_developer_text_at_the_end(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider, Ask((Said("user", "hello"), Said("developer", "rule at the end"))))
    raw = json.dumps(house.request.body)
    assert raw.count("rule at the end") == 1
    assert raw.count("hello") == 1


@providers
@clients()
def test_23_no_instructions_leave_nothing_behind(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider)
    assert house.seen.instructions == []
    assert not {"system", "systemInstruction", "instructions"} & house.request.body.keys()
