"""What Claude Code demands of a gateway, row by row (CC-1 to CC-15).

Where Claude Code itself shows the row it is run, else the request is its own, sent by hand.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.clients import claude_code
from tests.clients.claude_code import MODEL
from tests.clients.house import ALIAS, KEY, House
from tests.gateways import Client
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script, failing, json_body

pytestmark = pytest.mark.clients

native = pytest.mark.parametrize("house", ["anthropic"], indirect=True)
foreign = pytest.mark.parametrize("house", ["chat", "responses", "gemini"], indirect=True)
MESSAGES = "/v1/messages?beta=true"
BILLING = "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-cli;"
MARK = {"cache_control": {"type": "ephemeral"}}
AGENT = {"x_claude_code_agent_id": "agent-7", "x_claude_code_parent_agent_id": "agent-1"}


def body(**more: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}], **more}


def test_cc_01_the_beta_query_changes_nothing(house: House) -> None:
    for stream in (False, True):
        reply = house.post(MESSAGES, body(stream=stream))
        assert reply.status == 200 and reply.told.text == "ok" and reply.told.finish == "end_turn"


@native
def test_cc_02_betas_and_unknown_fields_reach_anthropic(house: House, home: Path) -> None:
    claude_code.ask(house.url, home, "hi", env={"ANTHROPIC_CUSTOM_HEADERS": "anthropic-yet-unknown: kept"})
    headers = house.asked[-1].headers
    assert headers["anthropic-version"] == "2023-06-01" and headers["anthropic-yet-unknown"] == "kept"
    assert "claude-code-" in headers["anthropic-beta"] and "context_management" in house.asked[-1].body
    sent = body(yet_unknown={"a": [1, None]}, context_management={"edits": [{"type": "of_tomorrow"}]})
    house.post(MESSAGES, sent, anthropic_version="2026-10-21", anthropic_beta="of-tomorrow-2027-01-01,other")
    request = house.asked[-1]
    assert request.body == sent
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert request.headers["anthropic-beta"] == "of-tomorrow-2027-01-01,other"


@native
def test_cc_03_system_stays_a_list_in_its_order(house: House, home: Path) -> None:
    claude_code.ask(house.url, home, "hi", "--append-system-prompt", "be very brief")
    system = house.asked[-1].body["system"]
    assert isinstance(system, list) and len(system) >= 2
    assert system[0]["text"].startswith("x-anthropic-billing-header:") and "be very brief" in system[-1]["text"]


@foreign
def test_cc_03_the_attribution_block_is_not_prompt(house: House, home: Path) -> None:
    claude_code.ask(house.url, home, "hi", "--append-system-prompt", "be very brief")
    assert "be very brief" in "".join(house.seen().instructions)
    blocks = [{"type": "text", "text": BILLING}, {"type": "text", "text": "be brief"}]
    assert house.post(MESSAGES, body(system=blocks)).status == 200
    assert house.seen().instructions == ["be brief"]
    assert all(b"x-anthropic-billing-header" not in request.raw for request in house.asked)


@native
def test_cc_04_cache_control_is_kept_everywhere(house: House, home: Path) -> None:
    house.calls(ToolUse("Bash", '{"command": "echo hi"}'), then="ok")
    claude_code.ask(house.url, home, "hi")
    assert all(request.raw.count(b'"cache_control"') >= 2 for request in house.asked)
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "7", **MARK}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "hi", **MARK}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, **MARK}]},
        {"role": "user", "content": [result]},
        {"role": "system", "content": [{"type": "text", "text": "carefully now", **MARK}]},
    ]
    tools = [{"name": "f", "input_schema": {"type": "object"}, **MARK}]
    sent = body(messages=messages, tools=tools, system=[{"type": "text", "text": "s", **MARK}])
    assert house.post(MESSAGES, sent).status == 200 and house.asked[-1].body == sent


@foreign
def test_cc_04_a_system_message_inside_the_conversation(house: House) -> None:
    later = {"role": "system", "content": [{"type": "text", "text": "carefully now", **MARK}]}
    messages = [{"role": "user", "content": "hi"}, later, {"role": "user", "content": "go"}]
    assert house.post(MESSAGES, body(messages=messages)).status == 200
    assert b"carefully now" in house.asked[-1].raw


def test_cc_05_silent_gaps_are_filled_with_pings(house: House, home: Path) -> None:
    house.says("after a while", first_delay=2.2)
    reply = house.post(MESSAGES, body(stream=True))
    assert [name for name, _ in reply.events][:1] in (["ping"], ["message_start"])
    assert sum(name == "ping" for name, _ in reply.events) >= 2 and reply.told.text == "after a while"
    house.says("one two three", stall_after=1, stall=2.2)
    reply = house.post(MESSAGES, body(stream=True))
    assert sum(name == "ping" for name, _ in reply.events) >= 2 and reply.told.text == "one two three"
    if house.dialect == "chat":
        assert claude_code.ask(house.url, home, "hi").text == "one two three"


@native
def test_cc_06_hello(house: House) -> None:
    client = Client(house.gateway.port)
    reply = client.post("/api/hello", b"", method="HEAD").reply()
    assert reply.status == 200 and reply.seconds < 2 and not house.up.requests


@native
@pytest.mark.parametrize("path", ["/api/event_logging/batch", "/v1/api/event_logging/batch", "/api/event_logging"])
def test_cc_07_telemetry_is_taken_and_goes_nowhere(house: House, path: str) -> None:
    assert house.post(path, {"events": [{"event_type": "ClaudeCodeInternalEvent"}]}).status == 200
    assert not house.up.requests


def test_cc_08_count_tokens(house: House, home: Path) -> None:
    """Asked for before a file is shown that may be too long. The provider's own count where it has one."""
    (home / "work" / "long.txt").write_text("".join(f"line {n} is of no interest to anybody\n" for n in range(1990)))
    read = ToolUse("Read", json.dumps({"file_path": str(home / "work" / "long.txt")}))
    house.calls(read, then="read")
    assert claude_code.ask(house.url, home, "read it").text == "read"
    house.up.play(json_body({"input_tokens": 1234, "totalTokens": 1234}))
    reply = house.post(
        "/v1/messages/count_tokens?beta=true", body(messages=[{"role": "user", "content": "hello " * 50}])
    )
    assert reply.status == 200
    if house.dialect in ("anthropic", "gemini", "responses"):
        assert reply.json["input_tokens"] == 1234 and reply.headers["x-token-count"] == "exact"
    else:
        assert 45 <= reply.json["input_tokens"] <= 70 and reply.headers["x-token-count"] == "estimate"


def test_cc_09_the_model_list(house: House, home: Path) -> None:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    reply = Client(house.gateway.port).post("/v1/models?limit=1000", b"", headers, method="GET").reply()
    assert reply.status == 200 and reply.seconds < 3 and "has_more" in reply.json
    listed = {model["id"]: model for model in reply.json["data"]}
    assert listed["claude-of-the-house"]["display_name"] and listed["claude-of-the-house"]["type"] == "model"
    assert all(model["id"] and model["display_name"] and model["description"] for model in listed.values())
    assert listed[ALIAS]["description"] == "answered by another-model"
    env = {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}
    for model, asked in (("claude-of-the-house", "claude-of-the-house"), (ALIAS, "another-model")):
        said = claude_code.ask(house.url, home, "hi", model=model, env=env)
        assert said.text == "ok" and house.asked[-1].model == asked


@native
def test_cc_10_session_and_agent_reach_anthropic(house: House, home: Path) -> None:
    session = str(uuid.uuid4())
    claude_code.ask(house.url, home, "hi", "--session-id", session)
    assert house.asked[-1].headers["x-claude-code-session-id"] == session
    house.post(MESSAGES, body(), **AGENT)
    headers = house.asked[-1].headers
    assert (headers["x-claude-code-agent-id"], headers["x-claude-code-parent-agent-id"]) == ("agent-7", "agent-1")


def test_cc_10_a_session_stays_with_its_account(house: House, home: Path) -> None:
    """The house's accounts change with every request; a session's do not, nor do those of its agents."""
    session = {"x_claude_code_session_id": str(uuid.uuid4())}
    replies = [house.post(MESSAGES, body(), **session, **agent) for agent in ({}, {}, AGENT, AGENT)]
    assert [reply.headers["x-gateway-affinity"] for reply in replies][:2] == ["new", "kept"]
    keys = [request.key for request in house.asked]
    assert len(set(keys[:2])) == 1 and len(set(keys[2:])) == 1
    known = str(uuid.uuid4())
    first = claude_code.ask(house.url, home, "one", "--session-id", known)
    asked = house.asked[-1].key
    assert first.text == "ok"
    assert claude_code.ask(house.url, home, "two", "--resume", known).text == "ok" and house.asked[-1].key == asked


def test_cc_11_fields_that_other_providers_lack(house: House) -> None:
    tools = [
        {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}, "strict": True},
        {"name": "later", "input_schema": {"type": "object", "properties": {}}, "defer_loading": True},
        {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
    ]
    found = [{"type": "tool_reference", "tool_name": "later"}]
    messages = [
        {"role": "user", "content": "find it"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": found}]},
    ]
    for display in ("omitted", "updates", "of_tomorrow"):
        more = {
            "thinking": {"type": "adaptive", "display": display},
            "output_config": {"effort": "xhigh", "of_tomorrow": 1},
            "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
            "metadata": {"user_id": '{"device_id": "d", "session_id": "s"}'},
        }
        for stream in (False, True):
            reply = house.post(MESSAGES, body(messages=messages, tools=tools, stream=stream, **more))
            assert reply.status == 200 and reply.told.text == "ok", reply.body[:500]
    if house.dialect != "anthropic":
        house.seen()


WORDINGS = [
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "messages.3.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    "role 'system' is not supported on this model",
]


@native
@pytest.mark.parametrize("wording", WORDINGS)
def test_cc_12_a_refusal_keeps_its_words(house: House, wording: str) -> None:
    house.up.play(failing(400, wording))
    for stream in (False, True):
        reply = house.post(MESSAGES, body(stream=stream))
        assert reply.status == 400 and reply.json["error"] == {"type": "invalid_request_error", "message": wording}


def test_cc_12_claude_code_shows_them(house: House, home: Path) -> None:
    house.up.play(failing(400, "prompt is too long: 210000 tokens > 200000 maximum"))
    said = claude_code.ask(house.url, home, "hi")
    assert said.failed and "prompt is too long" in said.result["result"].lower()


def test_cc_13_the_first_word_is_not_held_back(house: House) -> None:
    """The provider goes on only once the client has seen its first word."""
    gate = threading.Event()
    house.says("one two three", gate=gate)
    raw = json.dumps(body(stream=True)).encode()
    opened = Client(house.gateway.port).post(MESSAGES, raw, {"x-api-key": KEY}, protocol="messages")
    seen = b""
    try:
        for chunk in opened.chunks():
            seen += chunk
            if b'"text":"one"' in seen.replace(b": ", b":"):
                break
        late = time.monotonic() - house.asked[-1].sent[-1]
        assert not gate.is_set() and late < 1.0
    finally:
        gate.set()
    rest = b"".join(opened.chunks())
    opened.leave()
    assert b"message_stop" in rest


@pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_cc_14_both_credentials(house: House, home: Path, variable: str) -> None:
    assert claude_code.ask(house.url, home, "hi", env={variable: KEY}).text == "ok"
    both = {"x_api_key": "sk-somebody-elses", "authorization": f"Bearer {KEY}"}
    assert house.post(MESSAGES, body(), **both).status == 200
    assert house.post(MESSAGES, body(), x_api_key="sk-wrong").status == 401
    assert all(KEY not in str(request.headers) for request in house.up.requests)


def test_cc_15_usage_stands_at_both_ends(house: House) -> None:
    house.up.play(Script(answer=Answer(spoken("one two"), prompt_tokens=321, completion_tokens=45)))
    reply = house.post(MESSAGES, body(stream=True, messages=[{"role": "user", "content": "hello " * 200}]))
    events = [json.loads(data) for _, data in reply.events]
    start = next(event for event in events if event["type"] == "message_start")
    (delta,) = (event for event in events if event["type"] == "message_delta")
    assert start["message"]["usage"]["input_tokens"] > 0
    assert delta["usage"]["output_tokens"] == 45
    if house.dialect != "anthropic":
        assert delta["usage"]["input_tokens"] == 321
        assert {"cache_creation_input_tokens", "cache_read_input_tokens"} <= set(delta["usage"])
