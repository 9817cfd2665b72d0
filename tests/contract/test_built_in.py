"""Built-in tools: searches and code that the provider runs itself, asked for in one protocol and run in another. Their
answer is text with its sources; what ran at the provider is never taken for a call the client has to answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.cases import streams
from tests.contract.doors import PAIRS, Doors
from tests.contract.test_reasons import WORDS, hello
from tests.scripted.script import Script

FIXTURES = Path(__file__).parent.parent / "fixtures"
SEARCH: dict[str, dict[str, Any]] = {
    "chat": {"web_search_options": {}},
    "responses": {"tools": [{"type": "web_search"}]},
    "anthropic": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    "gemini": {"tools": [{"googleSearch": {}}]},
}
CODE: dict[str, dict[str, Any]] = {
    "responses": {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    "anthropic": {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
    "gemini": {"tools": [{"codeExecution": {}}]},
}


CASES = [
    pytest.param(protocol, provider, tool, id=f"{name}-{protocol}-{provider}")
    for name, tool in (("search", SEARCH), ("code", CODE))
    for protocol, provider in PAIRS
    if protocol in tool
]


@pytest.mark.parametrize(("protocol", "provider", "tool"), CASES)
def test_a_tool_both_sides_have_is_the_providers_own_else_it_is_reported(
    doors: Doors, protocol: str, provider: str, tool: dict[str, dict[str, Any]]
) -> None:
    """A search of Chat Completions is a matter of the model, not of the request: there it is reported."""
    reply = doors.ask(protocol, provider, {**hello(protocol), **tool[protocol]})
    assert reply.status == 200
    if provider == "chat":
        assert reply.headers["x-gateway-lossy"] == "tools[0]"
        assert "tools" not in doors.request.body
    else:
        assert doors.request.body["tools"] == tool[provider]["tools"]
        assert "x-gateway-lossy" not in reply.headers


@pytest.mark.parametrize("provider", ["chat", "anthropic", "gemini"])
def test_a_search_that_must_not_go_out_never_becomes_one_that_does(doors: Doors, provider: str) -> None:
    """Codex says so by default."""
    tools = [{"type": "web_search", "external_web_access": False}]
    reply = doors.ask("responses", provider, {"input": "hello", "tools": tools})
    assert "tools" not in doors.request.body
    assert "tools[0]" in reply.headers["x-gateway-lossy"]
    assert doors.ask("responses", "responses", {"input": "hello", "tools": tools}).status == 200
    assert doors.request.body["tools"] == tools


@streams
@pytest.mark.parametrize("protocol", ["chat", "responses", "gemini"])
def test_claudes_search_is_no_call_for_the_client(doors: Doors, protocol: str, stream: bool) -> None:
    name, kind = ("web-search.sse.txt", "text/event-stream") if stream else ("web-search.json.txt", "")
    raw = (FIXTURES / "anthropic" / name).read_bytes()
    doors.up.play(Script(body=raw, content_type=kind))
    reply = doors.ask(protocol, "anthropic", {**hello(protocol), **SEARCH[protocol]}, stream=stream)
    told = reply.told
    assert (told.text, told.tools, told.error) == ("I'll search.It is mild today.", [], None)
    assert told.finish == WORDS[protocol]["stop"]
    assert b"https://weather.example/nyc" in reply.body
