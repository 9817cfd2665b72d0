"""Anthropic's routes: what they refuse by themselves."""

from __future__ import annotations

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.script import Script, failing
from tests.scripted.upstream import ScriptedUpstream
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


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", ["anthropic", "chat"])
def test_the_request_has_a_name_where_anthropics_sdks_look_for_it(dialect: str, stream: bool) -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, dialect))) as gateway:
        headers = gateway.ask("messages", stream=stream).headers
        assert headers["request-id"] == headers["x-request-id"] != ""
        up.play(Script(headers={"request-id": "req_of_the_provider"}))
        headers = gateway.ask("messages", stream=stream).headers
        passed = dialect == "anthropic"
        assert headers["request-id"] == ("req_of_the_provider" if passed else headers["x-request-id"])
        up.play(failing(400))
        reply = gateway.ask("messages", stream=stream)
        assert reply.headers["request-id"] == reply.json["request_id"] != ""
        reply = gateway.post("/v1/messages/count_tokens", b"{}").reply()
        assert reply.headers["request-id"] == reply.json["request_id"] != ""
        assert "request-id" not in gateway.ask("chat").headers
