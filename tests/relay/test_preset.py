from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, ThinkingWish, Turn
from gateway.canon.parts import Text
from gateway.config.model import Agent
from gateway.relay.preset import Preset

USER = Turn("user", [Text("hi")])


def applied(agent: dict[str, Any], *turns: Turn, dialect: str = "chat", **said: Any) -> Dialogue:
    preset = Preset(Agent(id="a", model="m", **agent))
    return preset.applied(Dialogue("m", [*turns, USER], **said), dialect)


def systems(dialogue: Dialogue) -> list[str]:
    return [
        part.text for turn in dialogue.turns if turn.role != "user" for part in turn.parts if isinstance(part, Text)
    ]


@pytest.mark.parametrize(
    ("turns", "lock", "expected"),
    [
        ([], (), ["ours"]),
        ([Turn("system", [Text(" ")])], (), ["ours", " "]),
        ([Turn("system", [Text("theirs")])], (), ["theirs"]),
        ([Turn("developer", [Text("theirs")])], (), ["theirs"]),
        ([Turn("system", [Text("theirs")])], ("system_prompt",), ["ours"]),
    ],
)
def test_the_prompt_is_for_requests_without_one(turns: list[Turn], lock: tuple[str, ...], expected: list[str]) -> None:
    assert systems(applied({"system_prompt": "ours", "lock": lock}, *turns)) == expected


def test_an_agent_without_a_prompt_adds_no_turn() -> None:
    assert applied({}).turns == [USER]
    assert applied({"lock": ("system_prompt",)}, Turn("system", [Text("theirs")])).turns == [USER]


@pytest.mark.parametrize(
    ("agent", "wished", "expected"),
    [
        ({"temperature": 0.3}, {}, {"temperature": 0.3}),
        ({"temperature": 0.3}, {"temperature": 0.0}, {"temperature": 0.0}),
        ({"temperature": 0.3, "lock": ("temperature",)}, {"temperature": 0.9}, {"temperature": 0.3}),
        ({"lock": ("temperature", "stop")}, {"temperature": 0.9, "stop": ["x"]}, {"temperature": None, "stop": []}),
        ({"stop": ("END",)}, {"stop": ["x"]}, {"stop": ["x"]}),
        ({"stop": ("END",), "max_tokens": 7}, {}, {"stop": ["END"], "max_tokens": 7}),
    ],
)
def test_knobs_are_defaults_unless_locked(
    agent: dict[str, Any], wished: dict[str, Any], expected: dict[str, Any]
) -> None:
    knobs = applied(agent, knobs=Knobs(**wished)).knobs
    assert {name: getattr(knobs, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("agent", "wished", "expected"),
    [
        ({"reasoning_effort": "low"}, None, ThinkingWish("on", None, "low")),
        ({"reasoning_effort": "low"}, ThinkingWish("off"), ThinkingWish("off")),
        (
            {"thinking_budget": 50, "lock": ("thinking_budget",)},
            ThinkingWish("on", 9, shown=False),
            ThinkingWish("on", 50, shown=False),
        ),
        ({"lock": ("reasoning_effort",)}, ThinkingWish("on", 9), None),
        ({"reasoning_effort": "none"}, None, ThinkingWish("off", effort="none")),
        ({"thinking_budget": 0}, None, ThinkingWish("off")),
        ({}, None, None),
    ],
)
def test_thinking(agent: dict[str, Any], wished: ThinkingWish | None, expected: ThinkingWish | None) -> None:
    assert applied(agent, thinking=wished).thinking == expected


def test_the_legacy_route_gives_one_answer() -> None:
    assert applied({}, knobs=Knobs(n=3), dialect="completions").knobs.n is None
    assert applied({}, knobs=Knobs(n=3)).knobs.n == 3


def test_nothing_of_the_request_itself_is_changed() -> None:
    knobs, turns = Knobs(), [USER]
    Preset(Agent(id="a", model="m", system_prompt="ours", temperature=1.0)).applied(
        Dialogue("m", turns, knobs=knobs), "chat"
    )
    assert turns == [USER] and knobs == Knobs()


def test_an_upstream_is_pinned() -> None:
    assert Preset(Agent(id="a", model="m", upstream="up")).asked == "up/m"
