"""The fields with which chat clients say what a picture should be like (behaviours AM-O14, AM-I4)."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import PictureWish

_FIELDS = {
    "size": "size", "aspect_ratio": "size", "aspectRatio": "size", "quality": "quality", "image_size": "resolution",
    "imageSize": "resolution", "personGeneration": "people", "person_generation": "people",
}  # fmt: skip


def take_picture_wish(own: dict[str, Any]) -> PictureWish | None:
    """Takes the fields out of the client's remaining ones; those that are no text stay there."""
    said = {field: own.pop(field) for field in _FIELDS if isinstance(own.get(field), str) and own[field]}
    if not said:
        return None
    wish = PictureWish(said=said)
    for field, value in said.items():
        if getattr(wish, _FIELDS[field]) is None:
            setattr(wish, _FIELDS[field], value)
    return wish
