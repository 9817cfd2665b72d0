from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.dialogue import PictureWish
from gateway.canon.profile import Profile
from gateway.protocols import anthropic, chat, responses


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "draw"}], **fields}


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ({"size": "1024x1536", "quality": "hd"}, PictureWish("1024x1536", "hd")),
        ({"aspect_ratio": "2:3", "image_size": "2K"}, PictureWish("2:3", None, "2K")),
        ({"imageSize": "4K", "personGeneration": "ALLOW_ALL"}, PictureWish(None, None, "4K", "ALLOW_ALL")),
        ({"size": "1:1", "aspectRatio": "16:9"}, PictureWish("1:1")),
    ],
)
def test_wishes(fields: dict[str, Any], wish: PictureWish) -> None:
    wish.said = fields
    dialogue = chat.DIALECT.read_request(body(**fields))
    assert dialogue.picture == wish
    assert not dialogue.extras["chat"].keys() & fields.keys()
    written = chat.DIALECT.write_request(dialogue, Profile())
    assert written.body == body(**fields) and not written.losses


@pytest.mark.parametrize("fields", [{}, {"size": 5}, {"quality": ""}, {"imageSize": None}])
def test_what_is_no_wish_stays_as_it_is(fields: dict[str, Any]) -> None:
    dialogue = chat.DIALECT.read_request(body(**fields))
    assert dialogue.picture is None
    assert chat.DIALECT.write_request(dialogue, Profile()).body == body(**fields)


@pytest.mark.parametrize("dialect", [responses.DIALECT, anthropic.DIALECT])
def test_others_say_what_they_cannot_carry(dialect: Any) -> None:
    asked = chat.DIALECT.read_request(body(size="1024x1024", quality="hd"))
    written = dialect.write_request(asked, Profile())
    assert {loss.path for loss in written.losses} == {"size", "quality"}
    assert "size" not in written.body and "quality" not in written.body
