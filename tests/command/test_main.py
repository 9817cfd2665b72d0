from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway import __version__
from gateway.command.main import command

GOOD = """
[models.map]
"gpt-4o" = ["gemini/gemini-2.5-flash", "claude-sonnet-4-5"]
[[upstreams]]
name = "gemini"
kind = "gemini"
models = ["gemini-*"]
[[upstreams.accounts]]
email = "me@example.com"
api_key = "AIza-canary-0123456789"
[[upstreams]]
name = "anthropic"
kind = "anthropic"
models = ["claude-*"]
[[upstreams.accounts]]
api_key = "sk-ant-canary-0123456789"
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder and an environment of its own; what a command sets is gone afterwards."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if (
            name.endswith("_API_KEY")
            or name.startswith("DRAGOMAN_")
            or name in ("API_KEYS", "HOST", "PORT", "PROJECTS")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "dragoman.toml"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("DRAGOMAN_OVERRIDES", raising=False)
    (tmp_path / "dragoman.toml").write_text(GOOD)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_help_and_version() -> None:
    told = run("--help").output
    for name in ("serve", "config", "explain", "health", "reload", "--config", "--version"):
        assert name in told
    assert run("-h").output == told
    assert run("--version").output.strip().endswith(__version__)
    for name in ("serve", "config", "explain", "health", "reload"):
        assert run(name, "--help").exit_code == 0


def test_what_is_not_a_command() -> None:
    found = run("explian")
    assert found.exit_code == 2 and "explian" in found.output


def test_config_check_of_a_good_file(tmp_path: Path) -> None:
    found = run("config", "check")
    assert found.exit_code == 0 and "gemini" in found.output and "canary" not in found.output
    assert run("config", "check", str(tmp_path / "dragoman.toml")).output == found.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprt = 1\n", ("server.prt", "port")),
        ("[server]\nport = 'x'\n", ("server.port",)),
        ("[[upstreams]]\nname = 'a'\nkind = 'gemnii'\n", ("upstreams[0].kind", "gemini")),
        ("[server\n", ("line 1",)),
        ("[models]\nmap = 5\n", ("models.map",)),
    ],
)
def test_config_check_of_a_bad_file(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    (tmp_path / "bad.toml").write_text(text)
    found = run("config", "check", str(tmp_path / "bad.toml"))
    assert found.exit_code == 1 and "would not start" in found.output
    assert all(word in found.output for word in said), found.output


def test_other_commands_refuse_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text("[server]\nprt = 1\n")
    for arguments in (["explain", "m"], ["health"], ["reload"]):
        found = run(*arguments)
        assert found.exit_code == 1 and "server.prt" in found.output and "Traceback" not in found.output


def test_the_option_names_another_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(GOOD.replace("gemini-2.5-flash", "gemini-3-pro"))
    assert "gemini-3-pro" in run("--config", str(tmp_path / "other.toml"), "explain", "gpt-4o").output


def test_explain() -> None:
    found = run("explain", "gpt-4o")
    assert found.exit_code == 0 and "canary" not in found.output
    assert found.output.splitlines()[:3] == [
        "gpt-4o (openai): exact map 'gpt-4o'",
        "  1. gemini -> gemini-2.5-flash (translated; accounts: me@example.com)",
        "  2. anthropic -> claude-sonnet-4-5 (translated; accounts: anthropic-1)",
    ]
    assert "because" in found.output


def test_explain_as_json_and_for_another_protocol() -> None:
    found = json.loads(run("explain", "claude-opus-4-6", "--protocol", "anthropic", "--json").output)
    assert found["served"] and found["tiers"][0][0]["mode"] == "passthrough"
    assert found["tiers"][0][0]["upstream"] == "anthropic" and found["tiers"][0][0]["model"] == "claude-opus-4-6"


def test_explain_what_nobody_serves() -> None:
    found = run("explain", "mystery")
    assert found.exit_code == 1 and "nobody serves it" in found.output and "[models.map]" in found.output
    assert json.loads(run("explain", "mystery", "--json").output)["served"] is False


def test_explain_makes_no_key(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text("[server]\nallow_lan_access = true\n" + GOOD)
    assert run("explain", "gpt-4o").exit_code == 0
    assert not (tmp_path / "data").exists()


def test_health_of_nothing() -> None:
    for url in ("http://127.0.0.1:9", "127.0.0.1:9", "http://127.0.0.1:port", "http://[::1"):
        found = run("health", "--url", url)
        assert found.exit_code == 1 and "Traceback" not in found.output and found.output.strip(), url


def test_reload_of_nothing(tmp_path: Path) -> None:
    found = run("reload")
    assert found.exit_code == 1 and "no gateway runs" in found.output and str(tmp_path / "data") in found.output


@pytest.mark.parametrize("words", [("explain", "gpt-4o"), ("accounts", "list")])
def test_an_account_whose_key_is_not_set_is_named_where_one_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    (tmp_path / "dragoman.toml").write_text(GOOD.replace("AIza-canary-0123456789", "${NOT_THERE}"))
    found = run(*words)
    assert (
        "hint: upstreams[0].accounts[0].api_key: skipped, the environment variable NOT_THERE is not set" in found.stderr
    )
    assert "hint" not in found.stdout


def test_words_complete_as_the_guide_says(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert "_DRAGOMAN_COMPLETE=bash_source dragoman" in guide
    for name, value in {"_DRAGOMAN_COMPLETE": "bash_complete", "COMP_WORDS": "dragoman acc", "COMP_CWORD": "1"}.items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(command, prog_name="dragoman", env=dict(os.environ)).output == "plain,accounts\n"
