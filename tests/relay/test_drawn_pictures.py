"""A picture a model has drawn comes back in the form of the client's own protocol (behaviours AM-I2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.gateways import InProcess, Provider, Reply, config_for
from tests.pictures import PNG
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

MARKDOWN = f"![image](data:image/png;base64,{PNG})"
GEMINI = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"text": "Here: "}, {"inlineData": {"mimeType": "image/png", "data": PNG}}],
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9, "totalTokenCount": 12},
}
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
CHAT = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Here: ", "images": [PICTURE]},
            "finish_reason": "stop",
        }
    ],
}
RESPONSES = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Here: ", "annotations": []}],
        },
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG, "output_format": "png"},
    ],
}
WHOLE = {"gemini": GEMINI, "chat": CHAT, "responses": RESPONSES}
CHUNK = {
    "id": "x",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Here: ", "images": [PICTURE]}, "finish_reason": None}],
}
END = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
STREAMED = {
    "gemini": b"data: " + json.dumps(GEMINI).encode() + b"\n\n",
    "chat": b"data: " + json.dumps(CHUNK).encode() + b"\n\ndata: " + json.dumps(END).encode() + b"\n\ndata: [DONE]\n\n",
}
CLIENTS = ("chat", "responses", "messages", "gemini")


def pairs(providers: Iterable[str]) -> list[tuple[str, str]]:
    """Translated ones."""
    return [(client, provider) for client in CLIENTS for provider in providers if client != provider]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ScriptedUpstream, InProcess]]:
    with ScriptedUpstream() as up:
        providers = [Provider(up, dialect, models=(f"to-{dialect}",)) for dialect in WHOLE]
        with InProcess(config_for(*providers)) as gateway:
            yield up, gateway


def drawn(protocol: str, reply: Reply) -> tuple[str, str]:
    """(the words, the picture as base64) as a client of `protocol` finds them."""
    assert reply.status == 200 and reply.told.ended
    text = reply.told.text
    if protocol in ("chat", "messages"):
        assert text.endswith(MARKDOWN)
        return text.removesuffix(MARKDOWN), PNG
    documents = [json.loads(data) for _, data in reply.events] if reply.streamed else [reply.json]
    if protocol == "responses":
        response: Any = documents[-1]["response"] if reply.streamed else documents[0]
        (item,) = [item for item in response["output"] if item["type"] == "image_generation_call"]
        assert (item["status"], item["output_format"]) == ("completed", "png")
        if reply.streamed:
            done = [each["item"] for each in documents if each["type"] == "response.output_item.done"]
            assert item in done
        return text, item["result"]
    parts = [part for document in documents for part in document["candidates"][0].get("content", {}).get("parts", ())]
    (picture,) = [part["inlineData"] for part in parts if "inlineData" in part]
    assert picture["mimeType"] == "image/png"
    return text, picture["data"]


@pytest.mark.parametrize(("client", "provider"), pairs(WHOLE))
def test_whole(running: tuple[ScriptedUpstream, InProcess], client: str, provider: str) -> None:
    up, gateway = running
    up.play(Script(body=json.dumps(WHOLE[provider]).encode(), content_type="application/json"))
    assert drawn(client, gateway.ask(client, model=f"to-{provider}")) == ("Here: ", PNG)


@pytest.mark.parametrize(("client", "provider"), pairs(STREAMED))
def test_streamed(running: tuple[ScriptedUpstream, InProcess], client: str, provider: str) -> None:
    up, gateway = running
    up.play(Script(body=STREAMED[provider], content_type="text/event-stream"))
    assert drawn(client, gateway.ask(client, model=f"to-{provider}", stream=True)) == ("Here: ", PNG)


def test_a_chat_clients_wish_reaches_the_model() -> None:
    with ScriptedUpstream() as up:
        config = config_for(Provider(up, "gemini"), chain={"draw": ["gemini-3-pro-image"]})
        with InProcess(config) as gateway:
            up.play(Script(body=json.dumps(GEMINI).encode(), content_type="application/json"))
            reply = gateway.ask("chat", model="draw", size="1792x1024", quality="hd")
            assert drawn("chat", reply) == ("Here: ", PNG)
            assert "x-gateway-lossy" not in reply.headers
            sent = up.requests[-1].body["generationConfig"]["imageConfig"]
            assert sent == {"aspectRatio": "16:9", "imageSize": "4K"}
            lossy = gateway.ask("chat", model="gemini-2.5-pro", size="1792x1024")
            assert "size" in lossy.headers["x-gateway-lossy"]


@pytest.mark.parametrize("protocol", ["chat", "messages", "responses", "gemini"])
def test_am_i4_the_asked_name_may_say_what_it_should_be_like(protocol: str) -> None:
    with ScriptedUpstream() as up:
        up.play(Script(body=json.dumps(GEMINI).encode()))
        provider = Provider(up, "gemini", models=("gemini-*",))
        with InProcess(config_for(provider)) as gateway:
            reply = gateway.ask(protocol, model="gemini-3-pro-image-16x9-4k")
        (asked,) = up.asked()
    assert (reply.status, reply.headers["x-mapped-model"]) == (200, "gemini-3-pro-image")
    assert asked.model == "gemini-3-pro-image"
    assert asked.body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "4K"}
