from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.command.main import command

TOML = """
[server]
port = 9001
[[upstreams]]
name = "o"
kind = "openai"
[[agents]]
id = "support"
model = "gpt-4o"
upstream = "o"
tokens = ["agent-secret-1"]
"""


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, *arguments: str) -> str:
    file = tmp_path / "dragoman.toml"
    file.write_text(toml)
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(file))
    result = CliRunner().invoke(command, ["agents", "list", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_base_url_and_curl_of_each_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = run(tmp_path, monkeypatch, TOML)
    assert "support (o/gpt-4o, private, 1 token)" in output
    assert "curl http://127.0.0.1:9001/agents/support/v1/chat/completions" in output
    assert "agent-secret" not in output


def test_as_json_under_a_public_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = run(tmp_path, monkeypatch, TOML, "--json", "--url", "https://llm.example/")
    assert '"base_url": "https://llm.example/agents/support/v1"' in output and "agent-secret" not in output


def test_no_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[[agents]]" in run(tmp_path, monkeypatch, "")
