from __future__ import annotations

from typing import Any

import pytest

from gateway.protocols.media_fields import media_urls

URL = "https://a.example/b.png"
PARTS: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": URL}}, {"type": "image_url", "image_url": URL},
    {"type": "input_image", "image_url": URL}, {"type": "input_file", "file_url": URL},
    {"type": "audio_url", "audio_url": {"url": URL}}, {"type": "video_url", "video_url": {"url": URL}},
    {"type": "file", "file": {"file_data": URL}},
    {"type": "image", "source": {"type": "url", "url": URL}},
    {"type": "document", "source": {"type": "url", "url": URL}},
    {"fileData": {"fileUri": URL}}, {"file_data": {"file_uri": URL}},
    {"type": "tool_result", "content": [{"type": "image", "source": {"type": "url", "url": URL}}]},
    {"functionResponse": {"name": "f", "response": {}, "parts": [{"fileData": {"fileUri": URL}}]}},
]  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_where_media_are(part: dict[str, Any]) -> None:
    for body in (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, part]}]},
        {"contents": [{"parts": [part]}]},
        {"input": [{"type": "message", "content": [part]}]},
        {"input": [{"type": "function_call_output", "output": [part]}]},
        {"systemInstruction": {"parts": [part]}},
    ):
        assert (media_urls(body)) == [URL]


def test_a_screenshot() -> None:
    shot = {"type": "computer_screenshot", "image_url": URL}
    assert (media_urls({"input": [{"type": "computer_call_output", "output": shot}]})) == [URL]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": URL}, {"type": "tool_use", "name": "f", "input": {"image_url": URL}},
        {"type": "search_result", "source": URL}, {"functionCall": {"name": "f", "args": {"fileUri": URL}}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}},
        {"type": "image_url", "image_url": 5},
        {"type": "image", "source": {"type": "base64", "data": "http"}}, {"type": "image_url"},
    ],
)  # fmt: skip
def test_what_nobody_fetches(part: dict[str, Any]) -> None:
    assert (media_urls({"messages": [{"role": "user", "content": [part]}]})) == []


@pytest.mark.parametrize("body", [{}, {"messages": URL}, {"messages": [URL, 5]}, {"input": URL}, {"contents": {}}])
def test_odd_bodies(body: dict[str, Any]) -> None:
    assert (media_urls(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [{"type": "function", "name": "f"}, {"type": "mcp", "server_url": URL}]},
        {"mcp_servers": [{"type": "url", "url": URL, "name": "x"}]},
        {"generateContentRequest": {"contents": [{"parts": [{"fileData": {"fileUri": URL}}]}]}},
        {"content": {"parts": [{"fileData": {"fileUri": URL}}]}},
        {"requests": [{"model": "m", "content": {"parts": [{"file_data": {"file_uri": URL}}]}}]},
    ],
)
def test_addresses_beside_the_conversation(body: dict[str, Any]) -> None:
    assert media_urls(body) == [URL]
