"""What leaves for v1internal and what does not, and whose turn it is (AM-U*, AM-T25, A2-T7, AM-E23)."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from tests.assist_house import MODEL, house, project, read_tokens, write_tokens
from tests.scripted.assist import Reply, ScriptedAssist, limited, refusing, status_error

ROTATING = "[routing]\nsession_affinity = false\nrotation_count = {}"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def test_nothing_is_sent_that_nobody_asked_for(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U6, AM-U8, AM-U9, AM-U11, AM-U12, AM-U13: no requestType, labels, safety settings or extra headers of a
    product; one spelling of toolConfig; a length that is told."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL, tools=[TOOL], tool_choice="required")
        assert reply.status == 200
    (asked,) = up.asked("generateContent")
    assert asked.body.keys() == {"model", "project", "user_prompt_id", "requestId", "request"}
    inner = asked.body["request"]
    assert inner.keys() <= {"contents", "generationConfig", "tools", "toolConfig", "session_id"}
    assert inner["toolConfig"]["functionCallingConfig"]["mode"] == "ANY"
    assert asked.headers["authorization"] == "Bearer access-r1-1"
    assert asked.headers["content-type"] == "application/json" and int(asked.headers["content-length"]) > 0
    names = {"x-goog-user-project", "anthropic-beta", "transfer-encoding", "x-goog-api-key", "cookie"}
    assert not names & asked.headers.keys()


def test_what_the_operator_sets_is_sent(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U8, AM-U14: headers and metadata are settings."""
    write_tokens(tokens, project("r1", up.account("r1", project="found", access=True), project_id=""))
    more = 'headers = { "x-goog-user-project" = "mine" }\nmetadata = { ideType = "OTHER", pluginType = "GEMINI" }'
    with house(up, tokens, more=more) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 200
    assert up.asked("generateContent")[0].headers["x-goog-user-project"] == "mine"
    assert up.asked("loadCodeAssist")[0].body == {"metadata": {"ideType": "OTHER", "pluginType": "GEMINI"}}


@pytest.mark.parametrize("status", [404, 408, 500, 503])
def test_the_second_host_is_asked_within_the_attempt(status: int, up: ScriptedAssist, tokens: Path) -> None:
    """AM-U3: on 404, 408 and 5xx; the last answer stands."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with ScriptedAssist() as first:
        first.account("r1", access=True)
        first.play("generateContent", status_error(status, "not here"))
        with house(up, tokens, bases=(first.url, up.url)) as gateway:
            assert gateway.ask("chat", model=MODEL).status == 200
            assert len(gateway.records[0].attempts) == 1
        assert len(first.asked("generateContent")) == len(up.asked("generateContent")) == 1


def test_a_project_is_asked_for_once_by_many(up: ScriptedAssist, tokens: Path) -> None:
    """AM-T25."""
    write_tokens(tokens, project("r1", up.account("r1", project="found", access=True), project_id=""))
    up.play("loadCodeAssist", Reply(200, {"cloudaicompanionProject": "found"}, hang=0.3))
    with house(up, tokens) as gateway:
        threads = [threading.Thread(target=gateway.ask, args=("chat",), kwargs={"model": MODEL}) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(up.asked("loadCodeAssist")) == 1 and len(up.asked("generateContent")) == 20
    assert {each.body["project"] for each in up.asked("generateContent")} == {"found"}


def test_every_account_has_its_turns(up: ScriptedAssist, tokens: Path) -> None:
    """A2-T2, A2-T7: so many uses each; one that is disabled in the middle leaves its successor a full turn."""
    write_tokens(tokens, *(project(name, up.account(name, access=True)) for name in ("r1", "r2", "r3")))
    with house(up, tokens, tables=ROTATING.format(3)) as gateway:

        def turn() -> str:
            return gateway.ask("chat", model=MODEL).headers["x-account-email"][:2]

        assert [turn() for _ in range(5)] == ["r1", "r1", "r1", "r2", "r2"]
        edited = read_tokens(tokens)
        edited[1]["enabled"] = False
        write_tokens(tokens, *edited)
        time.sleep(0.6)
        assert [turn() for _ in range(5)] == ["r3", "r3", "r3", "r1", "r1"]
        assert {each["enabled"] for each in read_tokens(tokens)} == {True, False}


def test_a_disabled_account_is_not_used_even_at_once(up: ScriptedAssist, tokens: Path) -> None:
    """AM-T20, AM-T8: the file decides just before use; another refresh token brings the account back."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 200
        entry = read_tokens(tokens)[0]
        write_tokens(tokens, {**entry, "enabled": False, "disabled_reason": "by me"})
        assert gateway.ask("chat", model=MODEL).status == 503
        assert len(up.asked("generateContent")) == 1
        tokens.write_text("{ half")
        assert gateway.ask("chat", model=MODEL).status == 503
        write_tokens(tokens, {**entry, "access_token": up.account("r1", access=True)})
        until = time.monotonic() + 5
        while (status := gateway.ask("chat", model=MODEL).status) != 200 and time.monotonic() < until:
            time.sleep(0.05)
        assert status == 200


def test_no_secret_reaches_a_log_or_a_client(
    up: ScriptedAssist, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """AM-E23, AM-T7: whatever fails."""
    caplog.set_level(logging.DEBUG)
    canary = "1//refresh-canary"
    write_tokens(tokens, project(canary, email="somebody@example.com", project_id="p"))
    up.account(canary)
    told = b""
    echo = f"Bearer access-{canary}-1 is bad {'x' * 5000}"
    with house(up, tokens, tables="[server]\nlog_level = 'debug'\n[routing]\ncooldown_max_s = 0.01") as gateway:
        for token, answer in (
            (refusing("invalid_scope"), Reply()),
            (Reply(500, b"<html>" + canary.encode()), Reply()),
            (Reply(), limited("30s")),
            (Reply(), status_error(403, "not in your country")),
            (Reply(), status_error(401, echo)),
        ):
            up.play("token", token)
            up.play("generateContent", answer)
            told += gateway.ask("chat", model=MODEL).body
        told += str(gateway.records).replace("somebody@example.com", "").encode()
    assert read_tokens(tokens)[0]["enabled"] is False
    for secret in ("canary", "client-secret-1"):
        assert secret.encode() not in told and secret not in caplog.text
    assert b"somebody@" not in told and "somebody@" not in caplog.text
    assert "xxxxx" not in caplog.text
