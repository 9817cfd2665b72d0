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


@pytest.mark.parametrize("text", ["", "[1]", '{"messages": [], "model": 4}', '{"messages": [{}], "model": "gpt-4o"}'])
def test_a_request_the_gateway_would_refuse(tmp_path: Path, text: str) -> None:
    (tmp_path / "request.json").write_text(text)
    found = run("explain", "--request", str(tmp_path / "request.json"))
    assert found.exit_code == 1 and "400: " in found.output and "Traceback" not in found.output


def test_what_is_missing_is_said() -> None:
    assert "cannot be read" in run("explain", "--request", "nowhere.json").output
    assert run("explain").exit_code == 2
    assert "no agent 'x'" in run("explain", "m", "--agent", "x").output
