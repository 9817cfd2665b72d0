from __future__ import annotations

import pytest

from gateway.canon.dialogue import PictureWish
from gateway.config.model import Models
from gateway.routing.picture_names import picture_name, put_under
from gateway.routing.router import Router, Serving


@pytest.mark.parametrize(
    ("name", "bare", "size", "resolution"),
    [
        ("gemini-3-pro-image-16x9", "gemini-3-pro-image", "16:9", None),
        ("gemini-3-pro-image-9-16", "gemini-3-pro-image", "9:16", None),
        ("gemini-3-pro-image-4k", "gemini-3-pro-image", None, "4K"),
        ("gemini-3-pro-image-preview-21x9-hd", "gemini-3-pro-image-preview", "21:9", "4K"),
        ("gemini-3-pro-image-2k-4x3", "gemini-3-pro-image", "4:3", "2K"),
    ],
)
def test_am_i4_what_a_name_says(name: str, bare: str, size: str | None, resolution: str | None) -> None:
    assert picture_name(name) == (bare, PictureWish(size=size, resolution=resolution))


@pytest.mark.parametrize(
    "name",
    [
        "gemini-2.5-flash-image", "gemini-2.5-flash-image-09-2025", "gemini-3-pro-image-11-20", "some-llm-16x9",
        "llama-4k", "gemini-3-pro-16x9-image", "-4k", "",
    ],
)  # fmt: skip
def test_names_that_say_nothing(name: str) -> None:
    assert picture_name(name) == (name, None)


def test_am_i4_what_the_request_says_comes_first() -> None:
    named = PictureWish(size="16:9", resolution="4K")
    assert put_under(None, named) == named
    assert put_under(PictureWish(size="1:1", resolution="2K"), named) == PictureWish(size="1:1", resolution="2K")
    assert put_under(PictureWish(quality="standard"), named) == PictureWish(size="16:9", quality="standard")
    assert put_under(PictureWish(size="auto", resolution="1K"), named) == named, "1K does not make it smaller"


def test_the_route_is_the_models_own() -> None:
    servings = [Serving("g", models=("gemini-*",)), Serving("odd", models=("my-image-4k",), priority=1)]
    router = Router(Models(), servings, lambda upstream, model: False)
    route = router.route("gemini-3-pro-image-16x9-4k")
    assert (route.model, route.asked) == ("gemini-3-pro-image", "gemini-3-pro-image-16x9-4k")
    assert route.picture == PictureWish(size="16:9", resolution="4K")
    assert router.route("gemini-3-pro-image").picture is None
    literal = router.route("my-image-4k")
    assert (literal.model, literal.picture) == ("my-image-4k", None)
    mapped = Router(Models(map={"x-image-4k": ("gemini-2.5-pro",)}), servings, lambda upstream, model: False)
    assert (mapped.route("x-image-4k").model, mapped.route("x-image-4k").picture) == ("gemini-2.5-pro", None)
