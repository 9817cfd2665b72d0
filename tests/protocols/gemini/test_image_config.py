from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.profile import Profile
from gateway.protocols import chat, gemini, responses
from gateway.routing.profiles import profile_for

NEW, OLD, PLAIN = (
    profile_for("gemini-3-pro-image"),
    profile_for("gemini-2.5-flash-image"),
    profile_for("gemini-2.5-pro"),
)


def written(profile: Profile, **fields: Any) -> tuple[Any, set[str], dict[str, Any]]:
    """(imageConfig, paths of the losses, the body)"""
    asked = chat.DIALECT.read_request({"model": "m", "messages": [{"role": "user", "content": "draw"}], **fields})
    done = gemini.DIALECT.write_request(asked, profile)
    return done.body.get("generationConfig", {}).get("imageConfig"), {loss.path for loss in done.losses}, done.body


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ("1024x1024", "1:1"), ("1024x1536", "2:3"), ("1536x1024", "3:2"), ("1792x1024", "16:9"), ("1024x1792", "9:16"),
        ("1280x960", "4:3"), ("960X1280", "3:4"), ("1000x800", "5:4"), ("800x1000", "4:5"), ("2560x1080", "21:9"),
        ("16:9", "16:9"), (" 9:16 ", "9:16"),
    ],
)  # fmt: skip
def test_ratios(size: str, ratio: str) -> None:
    assert written(NEW, size=size)[:2] == ({"aspectRatio": ratio}, set())
    assert written(OLD, aspect_ratio=size)[:2] == ({"aspectRatio": ratio}, set())


@pytest.mark.parametrize("size", ["3000x100", "0x5", "5x0", "large", "1024", "9x99999999"])
def test_sizes_gemini_does_not_know(size: str) -> None:
    assert written(NEW, size=size)[:2] == (None, {"size"})


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"quality": "hd"}, "4K"), ({"quality": "high"}, "4K"), ({"quality": "4k"}, "4K"),
        ({"quality": "medium"}, "2K"),
        ({"quality": "2k"}, "2K"), ({"quality": "standard"}, "1K"), ({"quality": "low"}, "1K"),
        ({"imageSize": "2K"}, "2K"),
        ({"image_size": "1K", "quality": "hd"}, "1K"), ({"image_size": "4K", "quality": "standard"}, "4K"),
    ],
)  # fmt: skip
def test_resolutions(fields: dict[str, Any], size: str) -> None:
    assert written(NEW, **fields)[:2] == ({"imageSize": size}, set())
    config, lost, _ = written(OLD, **fields)
    assert config is None and len(lost) == 1


def test_auto_says_nothing() -> None:
    assert written(NEW, size="auto", quality="auto")[:2] == (None, set())


def test_a_model_that_draws_nothing_and_settings_gemini_lacks() -> None:
    assert written(PLAIN, size="1024x1024", quality="hd")[:2] == (None, {"size", "quality"})
    assert written(NEW, personGeneration="ALLOW_ALL")[:2] == (None, {"personGeneration"})


def test_functions_are_not_offered_to_a_model_that_draws() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    _, lost, body = written(NEW, tools=[tool], tool_choice="auto")
    assert lost == {"tools[0]"} and "tools" not in body and "toolConfig" not in body
    assert "tools" in written(PLAIN, tools=[tool])[2]


def test_the_system_text_stands_before_the_wish() -> None:
    messages = [{"role": "system", "content": "only watercolours"}, {"role": "user", "content": "a cat"}]
    _, lost, body = written(NEW, messages=messages)
    assert lost == {"system"} and "systemInstruction" not in body
    assert body["contents"] == [{"role": "user", "parts": [{"text": "only watercolours"}, {"text": "a cat"}]}]
    assert "systemInstruction" in written(PLAIN, messages=messages)[2]


def test_the_responses_tool_is_the_model_itself() -> None:
    tool = {"type": "image_generation", "size": "1024x1536", "quality": "high"}
    asked = responses.DIALECT.read_request({"model": "m", "input": "draw", "tools": [tool]})
    done = gemini.DIALECT.write_request(asked, NEW)
    assert done.body["generationConfig"]["imageConfig"] == {"aspectRatio": "2:3", "imageSize": "4K"}
    assert not done.losses and "tools" not in done.body


def test_a_gemini_clients_own_words_win() -> None:
    body = {
        "contents": [{"role": "user", "parts": [{"text": "draw"}]}],
        "generationConfig": {"imageConfig": {"aspectRatio": "1:1", "new": 1}},
    }
    asked = gemini.DIALECT.read_request(body, model="m", stream=False)
    done = gemini.DIALECT.write_request(asked, NEW)
    assert done.body["generationConfig"]["imageConfig"] == {"aspectRatio": "1:1", "new": 1}
