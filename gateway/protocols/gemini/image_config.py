"""A wish for a picture's form to imageConfig. https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios"""

from __future__ import annotations

import re
from typing import Any

from gateway.canon.dialogue import Dialogue, Loss, PictureWish, Tool
from gateway.canon.profile import Profile

_RATIOS = ("21:9", "16:9", "4:3", "3:4", "9:16", "3:2", "2:3", "5:4", "4:5", "1:1")
_NEAR = 0.05
_SIZES = {
    "hd": "4K", "high": "4K", "4k": "4K", "medium": "2K", "2k": "2K", "standard": "1K", "low": "1K", "1k": "1K",
}  # fmt: skip
_PAIR = re.compile(r"\s*(\d{1,5})\s*([xX:])\s*(\d{1,5})\s*")


def write_image_config(wish: PictureWish | None, profile: Profile, losses: list[Loss]) -> dict[str, Any]:
    """{} where nothing was said, or nothing can be told to this model (then with losses)."""
    if wish is None:
        return {}
    config: dict[str, Any] = {}
    ratio = _ratio(wish.size)
    if ratio is not None and "aspect" in profile.draws:
        config["aspectRatio"] = ratio
    elif wish.size not in (None, "auto"):
        losses.append(Loss("size", "Gemini has no such picture size" if profile.draws else _NO_PICTURES))
    size = _SIZES.get((wish.resolution or wish.quality or "").lower())
    if size is not None and "size" in profile.draws:
        config["imageSize"] = size
    elif (wish.resolution or wish.quality) not in (None, "auto"):
        reason = "the model draws in one resolution" if profile.draws else _NO_PICTURES
        losses.append(Loss("quality" if wish.resolution is None else "image_size", reason))
    if wish.people is not None:
        losses.append(Loss("personGeneration", "the Gemini API has no such setting"))
    return config


def tools_of(dialogue: Dialogue, profile: Profile, losses: list[Loss]) -> list[Tool]:
    """The tools a model can be given: one that draws calls no functions, and is itself what `image_generation` is."""
    if not draws_only(dialogue, profile):
        return dialogue.tools
    kept = []
    for number, tool in enumerate(dialogue.tools):
        if tool.kind != "builtin":
            losses.append(Loss(f"tools[{number}]", "a model that draws calls no functions"))
        elif tool.name != "image_generation":
            kept.append(tool)
    return kept


def draws_only(dialogue: Dialogue, profile: Profile) -> bool:
    """Whether the model is one for pictures, asked by a client that does not speak Gemini's own dialect."""
    return bool(profile.draws) and "gemini" not in dialogue.extras


def told_by_user(system: dict[str, Any], contents: list[dict[str, Any]], losses: list[Loss]) -> None:
    """The system's text before the user's first words: models that draw refuse a systemInstruction (400 "Developer
    instruction is not enabled")."""
    contents[0] = {**contents[0], "parts": [*system["parts"], *contents[0]["parts"]]}
    losses.append(Loss("system", "the model takes no system text: it stands before the user's", harmless=True))


_NO_PICTURES = "the model draws no pictures"


def _ratio(size: str | None) -> str | None:
    """The nearest ratio Gemini knows to "1024x1536" or "2:3", None where none is near."""
    pair = _PAIR.fullmatch(size or "")
    if pair is None:
        return None
    width, height = int(pair.group(1)), int(pair.group(3))
    if not width or not height:
        return None
    asked = width / height
    near = min(_RATIOS, key=lambda ratio: abs(_value(ratio) - asked))
    return near if abs(_value(near) - asked) < _NEAR else None


def _value(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return int(width) / int(height)
