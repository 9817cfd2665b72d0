from base64 import b64encode
from typing import Any

import pytest

from gateway.canon.dialogue import Loss
from gateway.canon.parts import Media, Opaque, Part, Text
from gateway.protocols.chat.part_writer import write_part


def write(part: Part) -> tuple[dict[str, Any] | None, list[Loss]]:
    losses: list[Loss] = []
    return write_part(part, losses, "turns[0]"), losses


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Text("x", extras={"anthropic": {"cache_control": {}}}), {"type": "text", "text": "x"}),
        (
            Media("image", "image/png", "AAAA", detail="low"),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        ),
        (Media("image", url="https://x/y"), {"type": "image_url", "image_url": {"url": "https://x/y"}}),
        (
            Media("audio", "audio/mpeg", "AAAA"),
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
        ),
        (
            Media("audio", "audio/x-wav", "AAAA"),
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        ),
        (
            Media("document", "application/pdf", "AAAA"),
            {
                "type": "file",
                "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "document.pdf"},
            },
        ),
        (
            Media("document", "text/plain", b64encode("Grüße".encode()).decode(), name="a.txt"),
            {"type": "text", "text": "a.txt:\nGrüße"},
        ),
        (Opaque("chat", {"type": "hologram"}), {"type": "hologram"}),
    ],
)
def test_parts(part: Part, written: dict[str, Any]) -> None:
    assert write(part) == (written, [])


@pytest.mark.parametrize(
    "part",
    [
        Media("video", "video/mp4", "AAAA"),
        Media("audio", url="https://x/y"),
        Media("document", url="https://x/y"),
        Media("document", file_id="file_anthropic"),
        Media("image", file_id="file_anthropic"),
        Opaque("gemini", {"executableCode": {}}),
    ],
)
def test_losses(part: Part) -> None:
    written, losses = write(part)
    assert written is None
    assert [loss.path for loss in losses] == ["turns[0]"]
