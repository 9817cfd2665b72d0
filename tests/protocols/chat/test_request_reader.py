from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, ThinkingWish
from gateway.protocols.chat import DIALECT


def read(**fields: Any) -> Dialogue:
    return DIALECT.read_request({"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields})


def test_knobs() -> None:
    dialogue = read(
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        max_tokens=5,
        n=2,
        stop="END",
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        logprobs=True,
        top_logprobs=3,
    )
    assert dialogue.knobs == Knobs(0.5, 0.9, 40, 5, ["END"], 7, 0.1, 0.2, 2, True, 3)


def test_the_newer_limit_wins() -> None:
    assert read(max_tokens=5, max_completion_tokens=9).knobs.max_tokens == 9
    assert type(read(max_tokens=5.0).knobs.max_tokens) is int


def test_stream_defaults_to_false_and_options_are_read() -> None:
    assert read().stream is False
    dialogue = read(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    assert dialogue.stream and dialogue.include_usage
    assert dialogue.extras["chat"] == {"stream_options": {"include_obfuscation": False}}


def test_model_and_stream_from_outside_stand_above_the_body() -> None:
    dialogue = DIALECT.read_request({"messages": [{"role": "user", "content": "hi"}]}, model="agent", stream=True)
    assert (dialogue.model, dialogue.stream) == ("agent", True)


def test_unknown_fields_are_kept() -> None:
    assert read(logit_bias={"5": 1}, metadata={"a": "b"}).extras == {
        "chat": {"logit_bias": {"5": 1}, "metadata": {"a": "b"}}
    }
    assert read().extras == {"chat": {}}


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ({}, None),
        ({"reasoning_effort": None, "thinking": None}, None),
        ({"reasoning_effort": "high"}, ThinkingWish("on", effort="high")),
        ({"reasoning_effort": "none"}, ThinkingWish("off", effort="none")),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, ThinkingWish("on", 2048)),
        ({"thinking": {"type": "enabled", "budgetTokens": 2048}}, ThinkingWish("on", 2048)),
        ({"thinking": {"type": "disabled"}, "reasoning_effort": "high"}, ThinkingWish("off")),
        ({"thinking": {"type": "adaptive", "effort": "low"}}, ThinkingWish("adaptive", effort="low")),
        ({"thinking_budget": 0}, ThinkingWish("off")),
        ({"thinking_budget": 512, "reasoning_effort": "low"}, ThinkingWish("on", 512, "low")),
    ],
)
def test_thinking(fields: dict[str, Any], wish: ThinkingWish | None) -> None:
    assert read(**fields).thinking == wish


def test_output_formats() -> None:
    assert read(response_format={"type": "text"}).output == OutputFormat("text")
    assert read(response_format={"type": "json_object"}).output == OutputFormat("json")
    wish = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
    assert read(response_format=wish).output == OutputFormat("schema", {"type": "object"}, "n", True)
    assert read(response_format=wish).extras["chat"] == {}
    odd = read(response_format={"type": "grammar", "grammar": "x"})
    assert odd.output is None and odd.extras["chat"]["response_format"]["grammar"] == "x"


def test_the_rest() -> None:
    dialogue = read(
        user="u",
        prompt_cache_key="k",
        service_tier="flex",
        verbosity="low",
        modalities=["text", "audio"],
        parallel_tool_calls=False,
    )
    assert (dialogue.user, dialogue.cache_key, dialogue.service_tier) == ("u", "k", "flex")
    assert (dialogue.verbosity, dialogue.modalities, dialogue.parallel_tool_calls) == (
        "low",
        ["text", "audio"],
        False,
    )
