from pathlib import Path

import pytest

from gateway.config.check import report


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_good_file(folder: Path) -> None:
    path = folder / "d.toml"
    path.write_text(
        """
[auth]
api_keys = ["client-secret-1"]
admin_key = "admin-secret-1"
[models]
default = "nowhere/model"
[[upstreams]]
name = "main"
kind = "openai"
  [[upstreams.accounts]]
  api_key = "upstream-secret-1"
  [[upstreams.accounts]]
  api_key = "your-key"
[[upstreams]]
name = "lan"
kind = "openai"
base_urls = ["http://10.0.0.2:8000/v1"]
[[upstreams]]
name = "tool"
kind = "cli"
tool = "codex"
[[upstreams]]
name = "assist"
kind = "code_assist"
[[agents]]
id = "support"
model = "m"
tokens = ["agent-secret-1"]
"""
    )
    ok, lines = report(path, environ={})
    text = "\n".join(lines)
    assert ok and "secret" not in text
    assert lines[0].startswith("warning: models.default") and lines[1].startswith("hint: upstreams[0].accounts[1]")
    for words in (
        "listens on:    127.0.0.1:8045",
        "auth:          auto, 1 client key, admin key set",
        "main (openai, 1 account) at https://api.openai.com/v1",
        "lan (openai, keyless) at http://10.0.0.2:8000/v1",
        "tool (cli, no account needed) at codex",
        "assist (code_assist, accounts from tokens file)",
        "support (m, private)",
    ):
        assert words in text


def test_a_bad_file(folder: Path) -> None:
    path = folder / "d.toml"
    path.write_text('[server]\nprot = 1\n[notify]\nurl = "x"\n')
    ok, lines = report(path, environ={})
    assert not ok
    assert lines[0] == "error: server.prot: is not a known key (did you mean port?)"
    assert lines[1].strip() == "Rename it to port or remove it."
    assert lines[2].startswith("error: notify.url") and lines[-1].startswith("2 errors")


def test_nothing_at_all() -> None:
    ok, lines = report(environ={})
    assert ok and any("upstreams:     none" in line for line in lines) and "configuration: defaults" in lines


def test_overrides_count() -> None:
    assert "listens on:    127.0.0.1:9" in report(environ={}, overrides={"server.port": 9})[1]
