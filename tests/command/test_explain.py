from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command.test_main import alone, run

__all__ = ["alone"]

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "logit_bias": {"1": 2}}


def test_a_request_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps(CHAT))
    found = run("explain", "--request", str(tmp_path / "request.json"))
    assert found.exit_code == 0 and "canary" not in found.output, found.output
    assert "first asked: gemini/me@example.com -> gemini-2.5-flash (translated)" in found.output
    assert "  left out: logit_bias (" in found.output and "x-goog-api-key: [redacted]" in found.output
    assert (
        "POST https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent" in found.output
    )


def test_a_request_as_json(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}))
    told = run("explain", "gemini-3-pro", "--request", str(tmp_path / "request.json"), "--stream", "--json").output
    found = json.loads(told)
    assert (found["protocol"], found["mode"], found["stream"]) == ("gemini", "passthrough", True)
    assert found["sending"]["url"].endswith("gemini-3-pro:streamGenerateContent?alt=sse") and "canary" not in told
    assert found["sending"]["body"]["contents"][0]["parts"] == [{"text": "Hi"}]


def test_headers_of_the_client_count(tmp_path: Path) -> None:
    turn = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    (tmp_path / "request.json").write_text(json.dumps(turn))
    (tmp_path / "headers").write_text("Anthropic-Version: 2023-06-01\n\nanthropic-beta: odd-2025-01-01\n")
    found = run("explain", "--request", "request.json", "--protocol", "anthropic", "--header", "@headers")
    assert "anthropic-beta: odd-2025-01-01" in found.output and found.exit_code == 0, found.output
    assert run("explain", "m", "--header", "nonsense").exit_code == 2


def test_where_the_conversation_belongs_is_said(tmp_path: Path) -> None:
    with (tmp_path / "dragoman.toml").open("a") as file:
        file.write('[[upstreams.accounts]]\nlabel = "second"\napi_key = "sk-ant-canary-0123456780"\n')
    turn = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello"}]}
    (tmp_path / "request.json").write_text(json.dumps(turn))
    assert "(translated, affinity new)" in run("explain", "--request", "request.json").output
    assert "affinity" not in run("explain", "claude-sonnet-4-5").output


@pytest.mark.parametrize("text", ["", "[1]", '{"messages": [], "model": 4}', '{"messages": [{}], "model": "gpt-4o"}'])
def test_a_request_the_gateway_would_refuse(tmp_path: Path, text: str) -> None:
    (tmp_path / "request.json").write_text(text)
    found = run("explain", "--request", str(tmp_path / "request.json"))
    assert found.exit_code == 1 and "400: " in found.output and "Traceback" not in found.output


def test_what_is_missing_is_said() -> None:
    assert "cannot be read" in run("explain", "--request", "nowhere.json").output
    assert run("explain").exit_code == 2
    assert "no agent 'x'" in run("explain", "m", "--agent", "x").output
