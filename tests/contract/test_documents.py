"""Documents and sound in a user turn, from the fields each protocol has for them, to providers of every protocol."""

from __future__ import annotations

import struct
from base64 import b64encode
from typing import Any

import pytest

from tests.contract.cases import providers, streams
from tests.contract.house import MODELS, House
from tests.contract.sdks.sdk import KEY
from tests.gateways import Client, Reply
from tests.pictures import PDF

WAV = b64encode(
    b"RIFF" + struct.pack("<I", 44) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    + b"data" + struct.pack("<I", 8) + b"\x80" * 8
).decode()  # fmt: skip
FILE = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
SOUND = {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}
DOCUMENTS: dict[str, Any] = {
    "chat": {"type": "file", "file": FILE},
    "responses": {"type": "input_file", **FILE},
    "messages": {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
    "gemini": {"inlineData": {"mimeType": "application/pdf", "data": PDF}},
}
SOUNDS: dict[str, Any] = {
    "chat": SOUND, "responses": SOUND, "gemini": {"inlineData": {"mimeType": "audio/wav", "data": WAV}},
}  # fmt: skip


def ask(house: House, protocol: str, provider: str, part: dict[str, Any], stream: bool = False) -> Reply:
    content: Any
    match protocol:
        case "gemini":
            content = {"contents": [{"role": "user", "parts": [{"text": "what is it?"}, part]}]}
        case "responses":
            content = {"input": [{"role": "user", "content": [{"type": "input_text", "text": "what is it?"}, part]}]}
        case _:
            content = {"messages": [{"role": "user", "content": [{"type": "text", "text": "what is it?"}, part]}]}
    client = Client(house.gateway.port)
    return client.ask(protocol, model=MODELS[provider], stream=stream, headers={"x-api-key": KEY}, **content)


@streams
@providers
@pytest.mark.parametrize("protocol", DOCUMENTS)
def test_a_pdf(house: House, protocol: str, provider: str, stream: bool) -> None:
    reply = ask(house, protocol, provider, DOCUMENTS[protocol], stream)
    assert (reply.status, reply.told.text) == (200, "ok")
    assert "x-gateway-lossy" not in reply.headers
    sent = house.request.raw.decode()
    assert sent.count(PDF) == 1 and "application/pdf" in sent and sent.index("what is it?") < sent.index(PDF)


@providers
@pytest.mark.parametrize("protocol", SOUNDS)
def test_sound(house: House, protocol: str, provider: str) -> None:
    """Anthropic takes none: that is said."""
    reply = ask(house, protocol, provider, SOUNDS[protocol])
    assert (reply.status, reply.told.text) == (200, "ok")
    if provider == "anthropic":
        assert reply.headers["x-gateway-lossy"] and WAV not in house.request.raw.decode()
    else:
        assert "x-gateway-lossy" not in reply.headers
        assert house.request.raw.decode().count(WAV) == 1
