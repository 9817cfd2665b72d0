from __future__ import annotations

import pytest

from gateway.config.model import Profile as Override
from gateway.routing.profiles import FACTS, profile_for


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gpt-5", "effort"),
        ("gpt-5.1-codex", "effort"),
        ("o3-mini", "effort"),
        ("o1", "effort"),
        ("gpt-4o", "none"),
        ("gpt-5-chat-latest", "none"),
        ("gpt-5.1-chat-latest", "none"),
        ("gpt-oss-120b", "effort"),
        ("gemini-2.5-flash", "budget"),
        ("gemini-2.5-flash-image", "none"),
        ("gemini-2.0-flash", "none"),
        ("gemini-3-pro-preview", "level"),
        ("gemini-3.1-pro-preview", "level"),
        ("gemini-flash-latest", "budget"),
        ("gemini-1.5-pro", "none"),
        ("gemini-2.5-pro-preview-tts", "none"),
        ("claude-3-5-sonnet-20241022", "none"),
        ("claude-3-7-sonnet-latest", "budget"),
        ("claude-sonnet-4-20250514", "budget"),
        ("claude-opus-4-1-20250805", "budget"),
        ("claude-haiku-4-5-20251001", "budget"),
        ("claude-sonnet-4-5", "budget"),
        ("claude-opus-4-5-20251101", "budget"),
        ("claude-opus-4-6", "adaptive"),
        ("claude-sonnet-4-6-thinking", "adaptive"),
        ("claude-sonnet-5", "adaptive"),
        ("llama-3", "none"),
        ("", "none"),
    ],
)
def test_how_a_family_is_told_to_think(model: str, thinking: str) -> None:
    assert profile_for(model).thinking == thinking
    assert profile_for(f"some-publisher/{model}") == profile_for(model)


def test_reasoning_models_of_openai() -> None:
    profile = profile_for("gpt-5-mini")
    assert profile.max_tokens_field == "max_completion_tokens" and "temperature" in profile.drop
    assert profile_for("gpt-4o").max_tokens_field == "max_tokens" and not profile_for("gpt-4o").drop


def test_limits() -> None:
    assert profile_for("gemini-2.5-pro").max_output_tokens == 65536
    assert profile_for("claude-sonnet-4-5").max_output_tokens == 64000
    assert profile_for("unknown").max_output_tokens is None


def test_gemini_thinks_by_itself_and_claude_when_asked() -> None:
    assert profile_for("gemini-2.5-pro").thinking_default == -1
    assert profile_for("claude-sonnet-4-5").thinking_default is None


def test_overrides_go_over_the_facts_one_after_the_other() -> None:
    overrides = [
        Override(match="gpt-4*", drop=("seed",), max_tokens_field="max_completion_tokens"),
        Override(match="gpt-4o", drop=("user",), trailing_assistant=False),
        Override(match="other-*", drop=("everything",)),
    ]
    profile = profile_for("gpt-4o", overrides)
    assert profile.drop == ("seed", "user") and profile.max_tokens_field == "max_completion_tokens"
    assert not profile.trailing_assistant and profile.developer_role


def test_an_override_adds_to_what_is_dropped_and_switches_thinking() -> None:
    profile = profile_for("gpt-5", [Override(match="gpt-5*", drop=("user",), thinking=False)])
    assert {"temperature", "user"} <= set(profile.drop) and profile.thinking == "none"
    assert profile_for("llama-3", [Override(match="llama*", thinking=True)]).thinking == "budget"
    assert profile_for("gpt-5", [Override(match="gpt-5*", thinking=True)]).thinking == "effort"
    assert profile_for("gemini-2.5-pro", [Override(match="*", thinking=False)]).thinking_default is None


def test_whose_thinking_must_come_back() -> None:
    for model in (
        "deepseek-v4-pro",
        "deepseek-chat",
        "deepseek/deepseek-reasoner",
        "kimi-k2.5",
        "kimi-k2-thinking-turbo",
    ):
        assert profile_for(model).thinking_back, model
    for model in ("deepseek-r1-distill-llama-70b", "kimi-k2-instruct-0905", "gpt-4o", "unknown"):
        assert not profile_for(model).thinking_back, model
    assert profile_for("mimo-2", [Override(match="mimo-*", thinking_back=True)]).thinking_back
    assert not profile_for("kimi-k2.5", [Override(match="kimi-*", thinking_back=False)]).thinking_back


def test_an_override_may_name_a_publisher() -> None:
    assert profile_for("meta/llama", [Override(match="meta/*", drop=("seed",))]).drop == ("seed",)
    assert profile_for("meta/llama", [Override(match="llama", drop=("seed",))]).drop == ("seed",)


def test_no_pattern_hides_a_later_one_of_the_same_spelling() -> None:
    patterns = [pattern for pattern, _ in FACTS]
    assert len(set(patterns)) == len(patterns)
