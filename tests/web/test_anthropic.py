"""Anthropic's routes: what they refuse by themselves."""

from __future__ import annotations

from tests.web.served import served


def test_a_server_held_thread_is_refused_so_that_the_sdk_sends_the_whole_history() -> None:
    body = {"model": "m", "max_tokens": 5, "thread": {"type": "create"}, "messages": [{"role": "user", "content": "x"}]}
    reply = served().client.post("/v1/messages", json=body)
    assert reply.status_code == 400
    error = reply.json["error"]
    assert error["type"] == "invalid_request_error" and error["details"] == {
        "error_code": "thread_unsupported_request",
        "unsupported": ["thread"],
    }
