"""`dragoman config check` and a server that does not answer; one that does is in tests/system."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.command.state_check import reached
from tests.running import free_port


def test_the_configuration_check_says_whether_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    file = tmp_path / "dragoman.toml"
    file.write_text("")
    assert reached(str(file)) == []
    file.write_text(f'[state]\nurl = "redis://:s3cret@127.0.0.1:{free_port()}/0"\n')
    (line,) = reached(str(file))
    assert line.startswith("warning: state.url: Redis at redis://127.0.0.1") and "s3cret" not in line


def test_a_missing_driver_is_said_before_the_first_record_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    file = tmp_path / "dragoman.toml"
    file.write_text('[records]\nurl = "postgresql://u:s3cret@127.0.0.1/d"\n')
    assert reached(str(file)) == []
    monkeypatch.setattr("gateway.command.state_check.find_spec", lambda name: None)
    (line,) = reached(str(file))
    assert line.startswith("warning: records.url") and "-m pip install 'psycopg[binary]'" in line
    assert "s3cret" not in line


def test_a_proxy_that_needs_a_package_is_said_before_the_first_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    file = tmp_path / "dragoman.toml"
    upstream = '[[upstreams]]\nname = "o"\nkind = "openai"\nbase_urls = ["http://127.0.0.1:1/v1"]\n'
    account = '[[upstreams.accounts]]\napi_key = "k-0123456789"\nproxy = "socks5h://u:s3cret@h:1"\n'
    monkeypatch.setattr("gateway.command.state_check.find_spec", lambda name: None)
    file.write_text(upstream + 'proxy = "http://h:1"\n')
    assert reached(str(file)) == []
    for toml in (upstream + account, upstream + 'proxy = "SOCKS5://h:1"\n'):
        file.write_text(toml)
        (line,) = reached(str(file))
        assert "upstreams.o" in line and "pip install 'requests[socks]'" in line and "s3cret" not in line


def test_a_data_folder_that_cannot_be_used_is_said_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder made by a check as root would lock the gateway's own user out."""
    file = tmp_path / "dragoman.toml"
    file.write_text("")
    monkeypatch.setenv("DRAGOMAN_DATA", str(file))
    (line,) = reached(str(file))
    assert line.startswith(f"warning: the data folder {file}: cannot be written") and "DRAGOMAN_DATA" in line
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "not-yet"))
    assert reached(str(file)) == [] and not (tmp_path / "not-yet").exists()


def test_a_typo_in_a_models_name_and_a_tool_that_is_missing_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "none"))
    file = tmp_path / "dragoman.toml"
    file.write_text(
        """
[models.map]
"gpt-4o" = "gemini-2.5-flash"
"claude-*" = ["gemnii-2.5-pro"]
"odd" = "nowhere/model"
[[agents]]
id = "support"
model = "no-such-model"
tokens = ["agent-token-1"]
[[upstreams]]
name = "gemini"
kind = "gemini"
models = ["gemini-*"]
[[upstreams.accounts]]
api_key = "AIza-0123456789"
[[upstreams]]
name = "tool"
kind = "cli"
tool = "codex"
command = "/nowhere/codex"
"""
    )
    tool, model, agent = reached(str(file))
    assert tool == "warning: upstream \"tool\": the program '/nowhere/codex' was not found"
    assert model.startswith('warning: models.map."claude-*": ') and "gemnii-2.5-pro" in model
    assert agent.startswith("warning: agents[0].model: The model 'no-such-model' is served by no configured upstream")
    assert not (tmp_path / "none").exists()


def test_a_provider_that_is_asked_for_its_models_is_not_asked_by_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "none"))
    file = tmp_path / "dragoman.toml"
    lan = '[[upstreams]]\nname = "lan"\nkind = "openai"\nbase_urls = ["http://127.0.0.1:9/v1"]\n'
    file.write_text(f'[models.map]\n"a" = "whatever-it-has"\n{lan}')
    assert reached(str(file)) == []
