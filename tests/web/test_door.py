from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses as mocked

from tests.web.answers import CHAT, CHAT_ASKS, DOORS, GEMINI_ASKS, kind
from tests.web.served import BASES, SECRET, Served, served, shared, upstream

URL = BASES["openai"] + "/chat/completions"


@pytest.fixture
def provider() -> Iterator[mocked.RequestsMock]:
    with mocked.RequestsMock(assert_all_requests_are_fired=False) as playing:
        playing.post(URL, json=CHAT)
        yield playing


def house(**more: Any) -> Served:
    return served(upstream("openai"), **more) if more else shared().rested()


BAD: dict[str, bytes] = {
    "truncated": b'{"model":"m","messages":[',
    "array": b"[]",
    "null": b"null",
    "string": b'"x"',
    "number": b"7",
    "empty": b"",
    "blank": b"  \n",
    "nan": b'{"model":"m","temperature":NaN}',
    "infinite": b'{"temperature":1e999}',
    "not utf-8": b'{"model":"\xff"}',
    "lone surrogate": b'{"model":"\\ud800"}',
    "trailing": b"{} x",
    "bom": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
@pytest.mark.parametrize("door", DOORS)
def test_a_body_that_is_no_json_object(provider: mocked.RequestsMock, door: str, raw: bytes) -> None:
    found = house()
    reply = found.client.post(DOORS[door][0], data=raw, content_type="application/json")
    assert reply.status_code == 400
    assert kind(reply.get_json()) == {"messages": "messages", "gemini": "gemini"}.get(door, "openai")
    assert not provider.calls and len(found.notes.records) == 1


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("chat", {"model": None}, "model"),
    ("chat", {"model": ""}, "model"),
    ("chat", {"model": 7}, "model"),
    ("chat", {"messages": 5}, "messages"),
    ("chat", {"messages": None}, "messages"),
    ("chat", {"messages": []}, "messages"),
    ("chat", {"temperature": "hot"}, "temperature"),
    ("chat", {"temperature": True}, "temperature"),
    ("chat", {"max_tokens": "lots"}, "max_tokens"),
    ("chat", {"max_tokens": 1.5}, "max_tokens"),
    ("chat", {"stream": "yes"}, "stream"),
    ("chat", {"tools": {}}, "tools"),
    ("chat", {"stream_options": []}, "stream_options"),
    ("chat", {"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "martian", "content": "x"}]}, "messages[0].role"),
    ("messages", {"messages": 5}, "messages"),
    ("messages", {"messages": []}, "messages"),
    ("messages", {"metadata": 3}, "metadata"),
    ("messages", {"max_tokens": "lots"}, "max_tokens"),
    ("messages", {"stop_sequences": "x"}, "stop_sequences"),
    ("messages", {"stream": 1}, "stream"),
    ("messages", {"temperature": []}, "temperature"),
    ("responses", {"input": 5}, "input"),
    ("responses", {"reasoning": "high"}, "reasoning"),
    ("responses", {"stream": "no"}, "stream"),
    ("responses", {"max_output_tokens": "lots"}, "max_output_tokens"),
    ("responses", {"previous_response_id": 7}, "previous_response_id"),
    ("gemini", {"contents": 5}, "contents"),
    ("gemini", {"generationConfig": 5}, "generationConfig"),
    ("gemini", {"generation_config": []}, "generation_config"),
    ("gemini", {"contents": []}, "contents"),
    ("completions", {"max_tokens": "x"}, "max_tokens"),
    ("completions", {"model": []}, "model"),
]


@pytest.mark.parametrize(("door", "change", "where"), WRONG)
def test_the_field_at_fault_is_named_and_nothing_is_forwarded(
    provider: mocked.RequestsMock, door: str, change: dict[str, Any], where: str
) -> None:
    path, body = DOORS[door]
    reply = house().client.post(path, json={**body, **change})
    error = reply.get_json()["error"]
    assert reply.status_code == 400 and where in f"{error['message']} {error.get('param')}"
    if "param" in error:
        assert error["param"] == where
    assert not provider.calls


@pytest.mark.parametrize("door", DOORS)
def test_unknown_fields_and_nulls_are_no_fault(provider: mocked.RequestsMock, door: str) -> None:
    path, body = DOORS[door]
    more = {"an_unknown_field": {"x": [1]}, "temperature": None, "tools": None, "stream": None}
    assert house().client.post(path, json={**body, **more}).status_code == 200


def test_the_last_of_equal_keys_wins(provider: mocked.RequestsMock) -> None:
    found = served(upstream("openai", models=("b",)), models={"builtin": False})
    raw = b'{"model":"a","messages":[{"role":"user","content":"hi"}],"model":"b"}'
    assert found.client.post("/v1/chat/completions", data=raw).status_code == 200


def test_control_characters_are_carried(provider: mocked.RequestsMock) -> None:
    text = "nul \x00 bell \x07 line\u2028 end"
    house().client.post("/v1/messages", json={**DOORS["messages"][1], "messages": [{"role": "user", "content": text}]})
    sent = json.loads(provider.calls[0].request.body or b"")
    assert sent["messages"][0]["content"] == text


def test_passthrough_keeps_the_bytes(provider: mocked.RequestsMock) -> None:
    raw = b'{ "model":"m", "messages":[{"role":"user","content":"\\u00e9"}], "temperature": 0.50, "unknown":{"a":1.0} }'
    reply = house().client.post("/v1/chat/completions", data=raw)
    assert provider.calls[0].request.body == raw and reply.get_json() == CHAT
    assert reply.headers["X-Gateway-Mode"] == "passthrough"


@pytest.mark.parametrize(
    "header", ["Authorization", "x-api-key", "x-goog-api-key", "Cookie", "X-Forwarded-For", "Proxy-Authorization"]
)
def test_the_clients_credentials_stay_here(provider: mocked.RequestsMock, header: str) -> None:
    house(auth={"mode": "off"}).client.post(
        "/v1/chat/completions", json=CHAT_ASKS, headers={header: "canary-0123456789"}
    )
    sent = provider.calls[0].request
    assert "canary" not in str(sent.headers) and sent.headers["Authorization"] == f"Bearer {SECRET}-0"


def test_nothing_in_a_request_changes_where_it_goes(provider: mocked.RequestsMock) -> None:
    body = {**CHAT_ASKS, "api_base": "http://evil.test", "base_url": "http://evil.test"}
    reply = house(auth={"mode": "off"}).client.post(
        "/v1/chat/completions?api_base=http://evil.test",
        json=body,
        headers={"X-Base-Url": "http://evil.test", "Host": "evil.test"},
    )
    assert reply.status_code == 200 and [call.request.url for call in provider.calls] == [URL]


def test_one_record_tells_what_happened(provider: mocked.RequestsMock) -> None:
    found = served(upstream("openai"), models={"map": {"asked": ("target",)}})
    found.client.post(
        "/v1/messages?beta=true", json={**DOORS["messages"][1], "model": "asked"}, headers={"X-Request-Id": "id-1"}
    )
    (record,) = found.notes.records
    assert (record.id, record.status, record.path, record.asked, record.mapped) == (
        "id-1",
        200,
        "/v1/messages",
        "asked",
        "target",
    )
    assert (record.upstream, record.account, record.mode) == ("openai", "openai-0@example.com", "translated")
    assert (record.input_tokens, record.output_tokens, record.ended, record.finish) == (3, 2, "complete", "stop")
    assert SECRET not in repr(record)


@pytest.mark.parametrize(("alt", "kind_of_stream"), [("?alt=sse", "text/event-stream"), ("", "application/json")])
def test_gemini_streams_as_events_or_as_an_array(provider: mocked.RequestsMock, alt: str, kind_of_stream: str) -> None:
    reply = house().client.post(f"/v1beta/models/m:streamGenerateContent{alt}", json=GEMINI_ASKS)
    assert reply.status_code == 200 and reply.content_type.startswith(kind_of_stream)
    raw = reply.get_data()
    documents = (
        json.loads(raw)
        if not alt
        else [json.loads(line[6:]) for line in raw.splitlines() if line.startswith(b"data: ")]
    )
    text = "".join(
        part.get("text", "") for each in documents for part in each["candidates"][0]["content"].get("parts", [])
    )
    assert text == "said"


def test_streams_are_not_buffered_by_proxies(provider: mocked.RequestsMock) -> None:
    reply = house().client.post("/v1/chat/completions", json={**CHAT_ASKS, "stream": True})
    assert reply.headers["Cache-Control"] == "no-cache" and reply.headers["X-Accel-Buffering"] == "no"
    assert reply.content_type.startswith("text/event-stream") and "Connection" not in reply.headers


def test_counting_without_a_provider_that_counts_is_an_estimate() -> None:
    found = house()
    reply = found.client.post(
        "/v1/messages/count_tokens", json={"model": "m", "messages": [{"role": "user", "content": "hello " * 50}]}
    )
    assert reply.status_code == 200 and 30 < reply.get_json()["input_tokens"] < 120
    assert reply.headers["X-Token-Count"] == "estimate" and reply.headers["X-Mapped-Model"] == "m"
    reply = found.client.post("/v1beta/models/m:countTokens", json=GEMINI_ASKS)
    assert reply.status_code == 200 and reply.get_json()["totalTokens"] > 0


def test_counting_at_a_provider_that_counts() -> None:
    with mocked.RequestsMock() as playing:
        playing.post(BASES["anthropic"] + "/v1/messages/count_tokens", json={"input_tokens": 77})
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        reply = served(upstream("anthropic")).client.post("/v1/messages/count_tokens", json=body)
    assert reply.get_json() == {"input_tokens": 77} and reply.headers["X-Token-Count"] == "exact"


def test_a_bug_of_ours_is_a_native_500_without_details(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = house()

    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(found.gateway.relay), "whole", broken)
    reply = found.client.post("/v1/messages", json=DOORS["messages"][1])
    assert reply.status_code == 500 and reply.get_json()["error"]["type"] == "api_error"
    assert "secret detail" not in reply.get_data(as_text=True) and reply.headers["X-Request-Id"] in caplog.text


def test_counting_what_is_nested_too_deeply() -> None:
    deep = '{"a":' * 400 + "1" + "}" * 400
    raw = '{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":' + deep + "}]}"
    for kind_of_upstream in ("openai", "anthropic", "gemini"):
        reply = shared(kind_of_upstream).rested().client.post("/v1/messages/count_tokens", data=raw)
        assert reply.status_code in (200, 400), reply.get_data()[:300]


@pytest.mark.parametrize(
    "sent", ["text/plain", "text/plain; a=json", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_web_page_cannot_ask_in_passing(provider: mocked.RequestsMock, sent: str) -> None:
    headers = {"Origin": "https://page.example", **({"Content-Type": sent} if sent else {})}
    raw = json.dumps(CHAT_ASKS).encode()
    assert house().client.post("/v1/chat/completions", data=raw, headers=headers).status_code == 415
    assert not provider.calls
    headers.pop("Origin")
    assert house().client.post("/v1/chat/completions", data=raw, headers=headers).status_code == 200
