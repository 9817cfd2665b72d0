"""Names that say what a drawn picture should be like, as clients of Antigravity's gateway write them:
"gemini-3-pro-image-16x9-4k" (behaviours AM-I4). What the request itself says comes first."""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.canon.dialogue import PictureWish

_SUFFIX = re.compile(
    r"-(?:(?P<ratio>21[x-]9|16[x-]9|4[x-]3|3[x-]4|9[x-]16|3[x-]2|2[x-]3|5[x-]4|4[x-]5|1[x-]1)|(?P<size>4k|hd|2k))\Z"
)
_DRAWS = "-image"
_SIZES = {"4k": "4K", "hd": "4K", "2k": "2K"}


def picture_name(name: str) -> tuple[str, PictureWish | None]:
    """The model's own name, and what the rest says; None where it says nothing."""
    bare, ratio, size = name, None, None
    while _DRAWS in bare and (found := _SUFFIX.search(bare)) is not None and found.start() >= bare.index(_DRAWS):
        ratio = ratio or found["ratio"]
        size = size or found["size"]
        bare = bare[: found.start()]
    if bare == name:
        return name, None
    return bare, PictureWish(
        size=ratio.replace("x", ":").replace("-", ":") if ratio else None, resolution=_SIZES[size] if size else None
    )


def put_under(said: PictureWish | None, named: PictureWish) -> PictureWish:
    """What was said, and what the name says where nothing was. "1K" is what clients send who choose nothing."""
    if said is None:
        return named
    chosen = said.quality is not None or said.resolution not in (None, "1K")
    return replace(
        said,
        size=named.size if said.size in (None, "auto") else said.size,
        resolution=said.resolution if chosen else named.resolution or said.resolution,
    )
