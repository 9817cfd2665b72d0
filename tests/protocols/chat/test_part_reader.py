from typing import Any

import pytest

from gateway.canon.parts import Media, Opaque, Refusal, Text
from gateway.protocols.chat.part_reader import read_parts


def one(**part: Any) -> Any:
    (read,) = read_parts([part])
    return read


def test_texts() -> None:
    assert read_parts("x") == [Text("x")]
    assert read_parts(None) == []
    assert one(type="text", text="x") == Text("x")
    assert one(type="input_text", text="x") == Text("x")
    mark = {"mode": "explicit"}
    assert one(type="text", text="x", prompt_cache_breakpoint=mark).extras == {
        "chat": {"prompt_cache_breakpoint": mark}
    }


@pytest.mark.parametrize(
    ("url", "mime", "data"),
    [
        ("data:image/png;base64,AAAA", "image/png", "AAAA"),
        ("DATA:Image/PNG;charset=x;BASE64,AAA", "image/png", "AAA="),
        ("data:image/jpeg;base64,A-_A", "image/jpeg", "A+/A"),
        ("data:image/gif;base64,AA\nAA", "image/gif", "AAAA"),
        ("data:;base64,/9j/4AAQ", "image/jpeg", "/9j/4AAQ"),
        ("data:image/svg+xml,%3Csvg/%3E", "image/svg+xml", "PHN2Zy8+"),
    ],
)
def test_data_urls(url: str, mime: str, data: str) -> None:
    media = one(type="image_url", image_url={"url": url, "detail": "low"})
    assert isinstance(media, Media)
    assert (media.kind, media.mime, media.data, media.url, media.detail) == ("image", mime, data, None, "low")


def test_remote_urls_and_a_bare_string() -> None:
    for value in ({"url": "https://x/y.png"}, "https://x/y.png"):
        media = one(type="image_url", image_url=value)
        assert (media.kind, media.url, media.data) == ("image", "https://x/y.png", None)


def test_a_document_behind_image_url() -> None:
    assert one(type="image_url", image_url={"url": "data:application/pdf;base64,AAAA"}).kind == "document"


def test_sound_and_film() -> None:
    assert one(type="input_audio", input_audio={"data": "AAAA", "format": "mp3"}).mime == "audio/mpeg"
    assert one(type="audio_url", audio_url={"url": "https://x/y"}).kind == "audio"
    assert one(type="video_url", video_url={"url": "https://x/y"}).kind == "video"


def test_files() -> None:
    media = one(type="file", file={"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"})
    assert (media.kind, media.mime, media.data, media.name) == (
        "document",
        "application/pdf",
        "AAAA",
        "a.pdf",
    )
    assert one(type="file", file={"file_data": "JVBERi0x"}).mime == "application/pdf"
    assert one(type="file", file={"file_id": "file-1"}).file_id == "file-1"


def test_refusal_and_the_unknown() -> None:
    refusal = one(type="refusal", refusal="no")
    assert isinstance(refusal, Refusal) and refusal.text == "no"
    assert one(type="hologram", depth=3) == Opaque("chat", {"type": "hologram", "depth": 3})
