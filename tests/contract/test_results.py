"""Tool results on their way back: each with its call, in any order, errors marked where the provider can be told."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask, Called, Function, Result, Results, Said, Use
from tests.contract.cases import clients, providers, streams
from tests.contract.house import House, spoken_by

WEATHER, NOW, THIRD = Use("call_1", "weather", {"n": 1}), Use("call_2", "now", {}), Use("call_3", "weather", {"n": 3})
TOOLS = (Function("weather"), Function("now"))


def history(*results: Result) -> Ask:
    uses = tuple(sorted((result.use for result in results), key=lambda use: use.id))
    return Ask((Said("user", "look"), Called(uses), Results(results)), tools=TOOLS)


@streams
@providers
@clients("tools")
def test_one_result(house: House, sdk: str, provider: str, stream: bool) -> None:
    assert house.ask(sdk, provider, history(Result(WEATHER, "sunny")), stream).text == "ok"
    seen = house.seen
    assert [(use.name, use.args) for use in seen.uses] == [("weather", {"n": 1})]
    (result,) = seen.results
    assert result.text == "sunny"
    assert result.id == seen.uses[0].id
    assert result.name in ("", "weather")
    assert not result.failed


@providers
@clients("tools")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_results_in_any_order(house: House, sdk: str, provider: str, order: tuple[int, ...]) -> None:
    """All results of a round stand together, and each belongs to its call."""
    given = (Result(WEATHER, "one"), Result(NOW, "two"), Result(THIRD, "three"))
    house.ask(sdk, provider, history(*(given[number] for number in order)))
    seen = house.seen
    assert [use.name for use in seen.uses] == ["weather", "now", "weather"]
    assert [len(results) for results in seen.rounds] == [3]
    by_id = {result.id: result for result in seen.results}
    assert [by_id[use.id].text for use in seen.uses] == ["one", "two", "three"]
    assert [by_id[use.id].name or use.name for use in seen.uses] == ["weather", "now", "weather"]


@providers
@clients("tools", "failed results")
def test_a_failed_result(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider, history(Result(WEATHER, "no such city", failed=True)))
    (result,) = house.seen.results
    assert "no such city" in result.text
    if spoken_by(provider) in ("anthropic", "gemini"):
        assert result.failed


@providers
@clients("tools")
def test_an_empty_result(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider, history(Result(WEATHER, "")))
    (result,) = house.seen.results
    assert result.id == house.seen.uses[0].id


@providers
@clients("tools")
def test_two_rounds(house: House, sdk: str, provider: str) -> None:
    turns = (
        Said("user", "look"),
        Called((WEATHER,)),
        Results((Result(WEATHER, "one"),)),
        Called((NOW,)),
        Results((Result(NOW, "two"),)),
        Said("assistant", "done"),
        Said("user", "thanks"),
    )
    house.ask(sdk, provider, Ask(turns, tools=TOOLS))
    seen = house.seen
    assert [[result.text for result in results] for results in seen.rounds] == [["one"], ["two"]]
    assert seen.turns == [("user", "look"), ("assistant", "done"), ("user", "thanks")]


@providers
@clients("tools")
def test_words_after_results(house: House, sdk: str, provider: str) -> None:
    ask = history(Result(WEATHER, "sunny"))
    house.ask(sdk, provider, Ask((*ask.turns, Said("user", "and now?")), tools=TOOLS))
    assert [result.text for result in house.seen.results] == ["sunny"]
    assert house.seen.turns == [("user", "look"), ("user", "and now?")]
