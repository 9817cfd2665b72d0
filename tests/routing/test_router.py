from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.accounts.rota import Seat
from gateway.config.model import Models
from gateway.routing.router import Router, Serving, UnknownModel

GEMINI = Serving("gemini", families=("gemini-*",))
ANTHROPIC = Serving("anthropic", families=("claude-*",))
OPENAI = Serving("openai", models=("gpt-*", "o3"))
CLAUDE_CLI = Serving("claude-cli", tool="claude")
CODEX_CLI = Serving("codex-cli", tool="codex")
GEMINI_CLI = Serving("gemini-cli", tool="gemini")


def router(*servings: Serving, lists: Mapping[str, set[str] | None] | None = None, **models: Any) -> Router:
    """`lists` are the providers' own model lists; None for one that cannot be read."""
    known = lists or {}

    def listed(upstream: str, model: str) -> bool | None:
        names = known.get(upstream, set())
        return None if names is None else model in names

    return Router(Models(**models), servings, listed)


def tiers(found: Router, name: str, mount: str = "") -> list[list[tuple[str, str]]]:
    return [[(seat.upstream, seat.model) for seat in tier] for tier in found.route(name, mount).tiers]


def first(found: Router, name: str, mount: str = "") -> tuple[str, str]:
    return tiers(found, name, mount)[0][0]


def unknown(found: Router, name: str, mount: str = "") -> UnknownModel:
    with pytest.raises(UnknownModel) as error:
        found.route(name, mount)
    return error.value


def test_exact_map_wins_over_everything() -> None:
    found = router(GEMINI, OPENAI, map={"gpt-*": ("gpt-5",), "gpt-4o": ("gemini-2.5-flash",)})
    assert first(found, "gpt-4o") == ("gemini", "gemini-2.5-flash")
    assert found.route("gpt-4o").rule == "exact map 'gpt-4o'"


def test_wildcard_map_wins_over_an_upstream_that_serves_the_name() -> None:
    found = router(GEMINI, OPENAI, map={"gpt-4*": ("gemini-2.5-flash",)})
    assert first(found, "gpt-4o") == ("gemini", "gemini-2.5-flash")
    assert first(found, "gpt-5") == ("openai", "gpt-5")
    assert "wildcard" in found.route("gpt-4o").rule


def test_the_most_literal_wildcard_wins_and_ties_go_by_file_order() -> None:
    found = router(GEMINI, map={"ab*": ("gemini-1",), "*bc": ("gemini-2",), "abc*": ("gemini-3",), "*": ("gemini-0",)})
    assert first(found, "abx") == ("gemini", "gemini-1")
    assert first(found, "abc") == ("gemini", "gemini-3")
    assert first(found, "xbc") == ("gemini", "gemini-2")
    assert first(found, "other") == ("gemini", "gemini-0")
    assert first(router(GEMINI, map={"*bc": ("gemini-2",), "ab*": ("gemini-1",)}), "abc") == ("gemini", "gemini-2")


def test_names_are_case_sensitive() -> None:
    unknown(router(GEMINI, map={"Gpt-4o": ("gemini-2.5-flash",)}, builtin=False), "gpt-4o")


def test_a_map_is_followed_once() -> None:
    found = router(GEMINI, map={"a": ("gemini-b",), "gemini-b": ("gemini-c",)})
    assert first(found, "a") == ("gemini", "gemini-b")


def test_a_list_is_a_fallback_chain() -> None:
    found = router(GEMINI, ANTHROPIC, OPENAI, map={"best": ("anthropic/claude-sonnet-4-5", "gpt-5", "gemini-2.5-pro")})
    assert tiers(found, "best") == [
        [("anthropic", "claude-sonnet-4-5")],
        [("openai", "gpt-5")],
        [("gemini", "gemini-2.5-pro")],
    ]
    assert found.route("best").model == "claude-sonnet-4-5"


def test_targets_nobody_serves_are_passed_over_and_told() -> None:
    route = router(GEMINI, map={"best": ("mistral-large", "gemini-2.5-pro")}).route("best")
    assert [seat.model for seat in route.seats()] == ["gemini-2.5-pro"]
    assert any("mistral-large" in step for step in route.steps)


def test_a_map_to_nobody_is_said() -> None:
    reason = unknown(router(GEMINI, map={"best": ("mistral-large",)}), "best").reason
    assert "mistral-large" in reason and "[models]" in reason


def test_a_map_may_lead_to_a_tool() -> None:
    assert first(router(GEMINI, CLAUDE_CLI, map={"local-claude": ("claude",)}), "local-claude") == (
        "claude-cli",
        "claude",
    )


def test_an_upstream_that_serves_the_name() -> None:
    found = router(GEMINI, OPENAI, ANTHROPIC, lists={"gemini": {"special"}})
    assert first(found, "gpt-4o") == ("openai", "gpt-4o")
    assert first(found, "claude-opus-4-6") == ("anthropic", "claude-opus-4-6")
    assert first(found, "special") == ("gemini", "special")
    assert "gemini serves" in found.route("special").rule


def test_a_name_as_geminis_list_has_it() -> None:
    found = router(GEMINI, OPENAI, map={"house": ("gpt-5",)})
    assert first(found, "models/gemini-2.5-pro") == ("gemini", "gemini-2.5-pro")
    assert first(found, "models/house") == ("openai", "gpt-5")
    assert found.route("models/gemini-2.5-pro").asked == "models/gemini-2.5-pro"
    assert "nobody" in unknown(found, "models/nobody").reason
    assert first(router(Serving("own", models=("models/*",)), GEMINI), "models/gemini-1") == ("own", "models/gemini-1")


def test_the_operators_patterns_replace_the_kinds_families() -> None:
    narrow = Serving("gemini", models=("gemini-2.5-*",), families=("gemini-*",))
    unknown(router(narrow, builtin=False), "gemini-3-pro")


def test_upstreams_of_one_priority_are_equals_and_others_come_after() -> None:
    found = router(
        Serving("late", models=("m*",), priority=5), Serving("b", models=("m",)), Serving("a", models=("*",)), OPENAI
    )
    assert tiers(found, "m") == [[("b", "m"), ("a", "m")], [("late", "m")]]


def test_a_pin_needs_an_upstream_of_that_name() -> None:
    found = router(GEMINI, Serving("router", models=("meta/*",)))
    assert first(found, "gemini/any-model/at:all") == ("gemini", "any-model/at:all")
    assert first(found, "meta/llama-3") == ("router", "meta/llama-3")
    unknown(found, "nowhere/gpt-4o")
    unknown(found, "gemini/")


def test_a_pin_as_a_target() -> None:
    assert first(router(OPENAI, GEMINI, map={"x": ("gemini/gpt-4o",)}), "x") == ("gemini", "gpt-4o")
    assert router(GEMINI).pinned("gemini", "m").seats() == [Seat("gemini", "m")]


def test_a_preset_comes_after_upstreams_and_before_builtin() -> None:
    found = router(GEMINI, preset="default")
    assert first(found, "gpt-4o") == ("gemini", "gemini-3-flash")
    assert "preset 'default'" in found.route("gpt-4o").rule
    assert first(router(GEMINI, OPENAI, preset="default"), "gpt-4o") == ("openai", "gpt-4o")


def test_a_preset_whose_target_nobody_serves_leaves_it_to_builtin() -> None:
    assert first(router(GEMINI, preset="performance"), "gpt-4o") == ("gemini", "gemini-2.5-flash")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o-mini", "gemini-2.5-flash"),
        ("gpt-3.5-turbo", "gemini-2.5-flash"),
        ("internal-background-task", "gemini-2.5-flash"),
    ],
)
def test_builtin_aliases(name: str, model: str) -> None:
    assert first(router(GEMINI), name) == ("gemini", model)


def test_builtin_only_for_names_no_upstream_serves() -> None:
    assert first(router(GEMINI), "gemini-2.5-flash-lite") == ("gemini", "gemini-2.5-flash-lite")
    only_flash = Serving("gemini", models=("gemini-2.5-flash",))
    assert first(router(only_flash), "gemini-2.5-flash-lite") == ("gemini", "gemini-2.5-flash")


def test_builtin_only_to_served_targets() -> None:
    error = unknown(router(ANTHROPIC), "gpt-4o")
    assert any("gemini-2.5-flash" in step and "no upstream serves" in step for step in error.steps)


def test_builtin_can_be_switched_off() -> None:
    unknown(router(GEMINI, builtin=False), "gpt-4o")


@pytest.mark.parametrize("mount", ["", "/openai", "/anthropic", "/gemini"])
def test_tool_names_are_known_everywhere(mount: str) -> None:
    found = router(CLAUDE_CLI, CODEX_CLI, GEMINI_CLI)
    for tool in ("claude", "codex", "gemini"):
        assert first(found, tool, mount) == (f"{tool}-cli", tool)


def test_words_in_a_name_lead_to_tools_under_two_prefixes_only() -> None:
    found = router(CLAUDE_CLI, CODEX_CLI, GEMINI_CLI)
    for mount in ("/openai", "/anthropic"):
        assert first(found, "my-claude-gpt", mount) == ("claude-cli", "claude")
        assert first(found, "gpt-4o-gemini", mount)[0] == "codex-cli"
        assert first(found, "gemini-pro", mount)[0] == "gemini-cli"
        unknown(found, "GPT-4o", mount)
    for mount in ("", "/gemini"):
        unknown(found, "my-claude", mount)


def test_then_the_tool_marked_default() -> None:
    found = router(CLAUDE_CLI, Serving("codex-cli", tool="codex", default=True))
    assert first(found, "anything", "/openai") == ("codex-cli", "codex")
    assert first(found, "a-gemini", "/anthropic") == ("codex-cli", "codex")
    unknown(found, "anything")


def test_an_upstream_wins_over_tools_and_the_default_comes_last() -> None:
    found = router(OPENAI, CODEX_CLI, GEMINI, default="gemini-2.5-flash")
    assert first(found, "gpt-4o", "/openai") == ("openai", "gpt-4o")
    assert first(found, "xgpt", "/openai") == ("codex-cli", "codex")
    assert first(found, "xgpt") == ("gemini", "gemini-2.5-flash")
    assert found.route("xgpt").rule == "[models] default"


def test_a_tool_is_told_the_model_behind_its_name() -> None:
    found = router(CLAUDE_CLI, GEMINI_CLI, Serving("gemini", families=("gemini-*",)), map={"best": ("claude/opus",)})
    assert first(found, "claude/opus") == first(found, "best") == ("claude-cli", "opus")
    assert first(found, "claude-cli/opus") == ("claude-cli", "opus")
    assert first(found, "gemini/x") == ("gemini", "x")
    unknown(found, "claude/")
    unknown(found, "opus")


def test_the_404_says_what_is_there_and_what_to_do() -> None:
    reason = unknown(router(GEMINI, OPENAI, CODEX_CLI, Serving("own")), "mystery").reason
    for word in (
        "'mystery'",
        "gemini (gemini-*)",
        "openai (gpt-*, o3)",
        "own (its own list)",
        "codex-cli (codex)",
        "/v1/models",
        "[models.map]",
    ):
        assert word in reason
    assert "none" in unknown(router(), "mystery").reason


def test_an_upstream_whose_list_cannot_be_read_is_tried_last() -> None:
    found = router(Serving("vllm"), lists={"vllm": None})
    assert first(found, "mystery") == ("vllm", "mystery")
    unknown(router(Serving("vllm"), lists={"vllm": {"other"}}), "mystery")


def test_the_embedded_model_answers_to_every_name() -> None:
    found = router(Serving("embedded", takes_all=True), map={"a": ("b",)})
    assert first(found, "a") == ("embedded", "a") and first(found, "gpt-4o", "/openai") == ("embedded", "gpt-4o")


@pytest.mark.parametrize(
    "name", ["..", "gemini/../x", "gemini-2.5/../../files", "./x", "a\nb", "a\x00", "x" * 513, "a\u2028b"]
)
def test_what_is_no_name_is_refused_even_by_a_wildcard(name: str) -> None:
    assert unknown(router(Serving("all", models=("*",)), map={"*": ("y",)}), name).reason
    unknown(router(Serving("embedded", takes_all=True)), name)


@pytest.mark.parametrize(
    "name", ["publisher/model", "a:b", "模型", "model with spaces", "a..b", "x" * 512, "@cf/meta/llama"]
)
def test_odd_names_that_are_names(name: str) -> None:
    assert first(router(Serving("all", models=("*",))), name) == ("all", name)


def test_a_decision_by_a_providers_list_is_made_anew() -> None:
    lists: dict[str, set[str] | None] = {"one": {"m"}, "two": None}
    found = router(Serving("one"), Serving("two"), lists=lists, map={"mapped": ("m",)})
    assert tiers(found, "m") == tiers(found, "mapped") == [[("one", "m")]]
    lists["two"] = {"m"}
    assert tiers(found, "m") == tiers(found, "mapped") == [[("one", "m"), ("two", "m")]]
    lists["one"] = set()
    assert tiers(found, "mapped") == [[("two", "m")]]


def test_other_decisions_are_kept() -> None:
    found = router(OPENAI)
    assert found.route("gpt-4o") is found.route("gpt-4o")
    assert found.route("gpt-4o", "/openai") is not found.route("gpt-4o")
