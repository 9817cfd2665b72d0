"""Fields that only another dialect knows: told, unless the gateway honours them itself."""

from __future__ import annotations

from gateway.canon.dialogue import Dialogue, Loss
from gateway.protocols.losses import foreign_fields, in_words, nested_fields, said, unheard_bookkeeping


def test_only_other_dialects_fields_are_losses() -> None:
    extras = {"chat": {"logit_bias": {}, "store": True, "metadata": {}}, "gemini": {"safetySettings": []}}
    found = foreign_fields(Dialogue("m", [], extras=extras), "gemini")
    assert [(loss.path, loss.harmless) for loss in found] == [("logit_bias", False), ("metadata", True)]


def test_what_a_writer_carries_is_no_loss() -> None:
    extras = {"responses": {"metadata": {}, "truncation": "auto"}}
    assert [each.path for each in foreign_fields(Dialogue("m", [], extras=extras), "chat", ("metadata",))] == [
        "truncation"
    ]


def test_bookkeeping_without_a_word_is_a_harmless_loss() -> None:
    dialogue = Dialogue("m", [], user="u")
    assert [(loss.path, loss.harmless) for loss in unheard_bookkeeping(dialogue, "user", "prompt_cache_key")] == [
        ("user", True)
    ]


def test_only_fields_that_say_something_are_told() -> None:
    fields = {"a": None, "b": False, "c": "", "d": [], "e": {}, "known": 1, "zero": 0, "said": {"x": 1}}
    assert list(said("tools[]", fields, ("known",))) == ["tools[].zero", "tools[].said"]
    assert list(said("x", None)) == list(said("x", ["no", "object"])) == []


def test_nested_fields_are_told_once() -> None:
    found = nested_fields(["tools[].defer_loading", "system[].cache_control", "system[].cache_control"], "anthropic")
    assert [(loss.path, loss.harmless) for loss in found] == [
        ("tools[].defer_loading", False),
        ("system[].cache_control", True),
    ]


def test_turns_are_told_in_the_clients_words() -> None:
    lost = [Loss("turns[3]", "a"), Loss("turns[12].parts[1].detail", "b", harmless=True), Loss("stop", "c")]
    assert in_words(lost, "contents[]", ".parts[]") == [
        Loss("contents[]", "a"),
        Loss("contents[].parts[].detail", "b", harmless=True),
        Loss("stop", "c"),
    ]
