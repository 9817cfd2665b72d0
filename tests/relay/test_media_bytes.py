from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from typing import Any

import pytest

from gateway.canon.parts import Media
from gateway.relay.media_bytes import BadMedia, check_media, type_of
from tests.pictures import GIF, JPEG, PDF, PNG, SVG, WEBP


def checked(kind: Any, mime: str | None, data: str) -> Media:
    media = Media(kind, mime, data)
    check_media(media)
    return media


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


@pytest.mark.parametrize(
    ("kind", "mime", "data"),
    [
        ("image", "image/png", PNG), ("image", "image/jpeg", JPEG), ("image", "image/gif", GIF),
        ("image", "image/webp", WEBP), ("document", "application/pdf", PDF),
        ("document", "text/plain", encoded(b"words")), ("document", "text/csv", encoded(b"a;b")),
        ("audio", "audio/wav", encoded(b"RIFF\0\0\0\0WAVEfmt ")), ("audio", "audio/mpeg", encoded(b"ID3\x04rest")),
        ("audio", "audio/pcm", encoded(b"\1\2\3\4")), ("video", "video/mp4", encoded(b"\0\0\0\x18ftypmp42")),
        ("image", "image/heic", encoded(b"\0\0\0\x18ftypheic")),
        ("image", "image/heif", encoded(b"\0\0\0\x18ftypmif1")),
    ],
)  # fmt: skip
def test_sound_media_stay_as_they_are(kind: str, mime: str, data: str) -> None:
    media = checked(kind, mime, data)
    assert (media.mime, media.data) == (mime, data)


@pytest.mark.parametrize("said", [None, "", "image/*", "application/octet-stream"])
def test_a_type_that_was_not_told_is_seen(said: str | None) -> None:
    assert checked("image", said, GIF).mime == "image/gif"


def test_other_words_for_one_type() -> None:
    assert checked("image", "image/JPG", JPEG).mime == "image/jpeg"
    assert checked("image", "image/png; charset=x", PNG).mime == "image/png"


def test_base64_in_other_forms_is_put_right() -> None:
    data = b"\x89PNG\r\n\x1a\n\xff\xfe\xfb\xef\xbe~~~"
    for form in (
        encoded(data).rstrip("="),
        urlsafe_b64encode(data).decode(),
        "\r\n".join(encoded(data)[at : at + 7] for at in range(0, 30, 7)),
    ):
        assert checked("image", "image/png", form).data == encoded(data)


@pytest.mark.parametrize(
    ("kind", "mime", "data", "why"),
    [
        ("image", "image/png", "", "empty"),
        ("image", "image/png", "====", "not valid base64"),
        ("image", "image/png", "not base64!", "not valid base64"),
        ("image", "image/png", PNG[:40] + "*" + PNG[41:], "not valid base64"),
        ("image", "image/png", PNG[:40] + "=" + PNG[41:], "not valid base64"),
        ("image", "image/png", PNG[:41], "not valid base64"),
        ("image", "image/png", "iVBORü", "not valid base64"),
        ("image", "image/png", JPEG, "says it is image/png but is image/jpeg"),
        ("image", "image/jpeg", PNG, "says it is image/jpeg but is image/png"),
        ("image", "image/png", PDF, "no picture"),
        ("image", None, encoded(b"hello"), "no picture"),
        ("image", "image/png", encoded(b"<html>"), "no picture"),
        ("image", "image/svg+xml", SVG, "SVG"),
        ("image", "image/png", SVG, "SVG"),
        ("document", "image/svg+xml", SVG, "SVG"),
        ("document", "application/pdf", PNG, "does not begin as one"),
        ("audio", "audio/wav", PNG, "but is image/png"),
    ],
)
def test_what_is_refused(kind: str, mime: str | None, data: str, why: str) -> None:
    with pytest.raises(BadMedia, match=why):
        checked(kind, mime, data)


def test_the_size_of_a_picture() -> None:
    head = b64decode(PNG)
    checked("image", "image/png", encoded(head + bytes(20 * 1024 * 1024 - len(head))))
    with pytest.raises(BadMedia, match="larger than 20 MB"):
        checked("image", "image/png", encoded(head + bytes(20 * 1024 * 1024 - len(head) + 3)))


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"II*\0x", "image/tiff"), (b"BM\0\0\0\0\0\0\0\0", "image/bmp"), (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"\xff\xfb\x90", "audio/mpeg"), (b"\xff\xf1\x50", "audio/aac"), (b"\x1aE\xdf\xa3", "video/webm"),
        (b"\n\n%PDF-1.7", "application/pdf"), (b"\xef\xbb\xbf  <SVG>", "image/svg+xml"),
        (b"<!-- x --><svg>", "image/svg+xml"), (b"", None), (b"BMW is a car", None), (b"RIFF1234ABCD", None),
    ],
)  # fmt: skip
def test_first_bytes(head: bytes, mime: str | None) -> None:
    assert type_of(head) == mime
