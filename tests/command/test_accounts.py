"""`dragoman accounts ...` against a scripted provider, as a person at the keyboard runs it."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from gateway.command.main import command
from gateway.upstreams.cli.slots import runs_folder
from tests.assist_house import MODEL, assist_toml, project, read_tokens, write_tokens
from tests.scripted.assist import Reply, ScriptedAssist, limited
from tests.upstreams.cli.house import toml

Run = Callable[..., Result]


@pytest.fixture
def up() -> Iterator[ScriptedAssist]:
    with ScriptedAssist() as scripted:
        yield scripted


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tokens.json"


@pytest.fixture
def run(up: ScriptedAssist, tokens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    tokens.parent.mkdir()
    config = tmp_path / "dragoman.toml"
    config.write_text(assist_toml(up, tokens))
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(config))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tokens.parent))
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DRAGOMAN_OVERRIDES"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*words: str, **more: Any) -> Result:
        return CliRunner().invoke(command, ["accounts", *words], **more)

    return invoke


def test_list_tells_state_uses_cooldown_quota_and_why(run: Run, up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(
        tokens,
        project("r1", up.account("r1", access=True)),
        project("r2", up.account("r2", access=True)),
        project("r3", enabled=False, disabled_reason="old trouble"),
    )
    up.play("generateContent", limited("300s"), refresh="r2")
    assert run("test", "r1@example.com", "--model", MODEL).exit_code == 0
    assert run("test", "r2@example.com", "--model", MODEL).exit_code == 1
    assert "50%" in run("quota", "r1@example.com").output
    rows = {row["account"]: row for row in json.loads(run("list", "--json").output)}
    assert [rows[f"r{n}@example.com"]["state"] for n in (1, 2, 3)] == ["usable", "cooling", "disabled"]
    assert rows["r1@example.com"]["uses"] == 1 and rows["r1@example.com"]["quota"] == {MODEL: 0.5}
    assert 290 < rows["r2@example.com"]["cooldown_s"][""] <= 300 and "429" in rows["r2@example.com"]["why"]
    assert rows["r3@example.com"]["why"] == "old trouble"
    table = run("list").output
    assert "old trouble" in table and "access-" not in table and "client-secret" not in table


def test_reset_disable_and_enable(run: Run, up: ScriptedAssist, tokens: Path) -> None:
    """AM-E14: limits are looked at and ended by hand."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.play("generateContent", limited("300s"))
    assert run("test", "r1@example.com").exit_code == 1
    assert run("reset", "all").exit_code == 0
    assert json.loads(run("list", "--json").output)[0]["state"] == "usable"
    assert run("disable", "r1@example.com").exit_code == 0
    assert read_tokens(tokens)[0]["enabled"] is False
    assert "operator" in json.loads(run("list", "--json").output)[0]["why"]
    assert run("enable", "r1@example.com").exit_code == 0
    assert read_tokens(tokens)[0]["enabled"] is True
    unknown = run("enable", "nobody")
    assert unknown.exit_code == 1 and "r1@example.com" in unknown.output


def test_keys_are_added_without_showing_up_anywhere(run: Run, tokens: Path) -> None:
    write_tokens(tokens)
    assert run("add-key", "gemini", "--label", "mine", input="AIzaSecretKey123\n").exit_code == 0
    assert json.loads(tokens.read_text())["keys"] == [
        {"upstream": "gemini", "label": "mine", "api_key": "AIzaSecretKey123"}
    ]
    listed = run("list")
    assert "mine" in listed.output and "AIzaSecretKey123" not in listed.output
    assert run("disable", "mine").exit_code == 0
    assert json.loads(run("list", "--json").output)[0]["state"] == "disabled"
    assert run("enable", "mine").exit_code == 0
    assert json.loads(run("list", "--json").output)[0]["state"] == "usable"
    assert run("add-key", "gemini", input="your-key\n").exit_code == 1


def test_import_and_export(run: Run, tokens: Path, tmp_path: Path) -> None:
    """AM-T2: the predecessors' files."""
    write_tokens(tokens, project("r1", mine="kept"))
    theirs = tmp_path / "theirs.json"
    theirs.write_text(
        json.dumps({"projects": [project("r1", project_id="p-new"), project("r2"), {"refresh_token": "..."}]})
    )
    account = tmp_path / "account.json"
    account.write_text(json.dumps({"email": "am@example.com", "token": {"refresh_token": "r9", "project_id": "p9"}}))
    said = run("import", str(theirs), str(account)).output
    assert "1 new accounts, 1 known" in said
    entries = read_tokens(tokens)
    assert [each["refresh_token"] for each in entries] == ["r1", "r2", "r9"]
    assert (entries[0]["project_id"], entries[0]["mine"], entries[2]["email"]) == ("p-new", "kept", "am@example.com")
    assert run("export", str(tmp_path / "out.json")).exit_code == 0
    assert read_tokens(tmp_path / "out.json") == entries and (tmp_path / "out.json").stat().st_mode & 0o777 == 0o600


def test_an_import_revives_nobody(run: Run, tokens: Path, tmp_path: Path) -> None:
    """What is out of use here, or in the file, stays so; a token that is known keeps what it has fetched since."""
    out = {"enabled": False, "disabled_reason": "by me"}
    write_tokens(tokens, project("r1", **out), project("r2", "newer"))
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps([project("r1"), project("r2", "older"), project("r3", **out)]))
    said = run("import", str(theirs)).output
    assert "1 new accounts, 2 known" in said and "2 of them out of use" in said
    entries = read_tokens(tokens)
    assert [each["enabled"] for each in entries] == [False, True, False]
    assert [each["disabled_reason"] for each in entries] == ["by me", None, "by me"]
    assert entries[1]["access_token"] == "newer"


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        (("import",), "[upstreams]", "is not JSON"),
        (("import",), '{"projects": []}', "has no account"),
        (("add-key", "nosuch"), "sk-1234567890", "gemini, openai, anthropic"),
        (("add-key", "assist"), "sk-1234567890", "takes a key"),
        (("export", "/no-such-folder/x.json"), "", "no folder /no-such-folder"),
        (("test", "r1@example.com"), "", "dragoman accounts enable r1@example.com"),
        (("quota", "nobody"), "", "known: r1@example.com"),
    ],
)
def test_errors_say_what_to_do(words: tuple[str, ...], text: str, told: str, run: Run, tokens: Path) -> None:
    write_tokens(tokens, project("r1", enabled=False))
    file = tokens.with_name("file")
    file.write_text(text)
    said = run(*words, *([str(file)] if words == ("import",) else []), input=f"{text}\n")
    assert said.exit_code == 1 and told in said.output, said.output
    assert "Traceback" not in said.output and len(read_tokens(tokens)) == 1


def test_scripts_get_json(run: Run, up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(tokens, project("r1", up.account("r1", access=True)), project("gone"))
    up.quotas = {MODEL: {"remainingFraction": 0.5, "resetTime": "2026-11-22T00:00:00Z"}, "gemini-2.5-pro": {}}
    first, second = json.loads(run("quota", "--json").stdout)
    assert first["models"][MODEL] == {"left": 0.5, "resets_at": 1795305600.0}
    assert first["models"]["gemini-2.5-pro"] == {"left": 0.0, "resets_at": None} and first["error"] is None
    assert second["models"] == {} and "invalid_grant" in second["error"]
    tried = run("test", "r1@example.com", "--json")
    assert (tried.exit_code, json.loads(tried.stdout)["ok"]) == (0, True)
    up.play("generateContent", limited("300s"))
    tried = run("test", "r1@example.com", "--json")
    assert (tried.exit_code, json.loads(tried.stdout)["status"]) == (1, 429)


def _browser(answer: Callable[[str, str], str]) -> Callable[[str], bool]:
    """A browser that goes to the link and comes back with what `answer(code, state)` gives."""

    def come_back(link: str) -> bool:
        query = parse_qs(urlsplit(link).query)
        address = f"{query['redirect_uri'][0]}?{answer('new-person', query['state'][0])}"

        def visit() -> None:
            try:
                urllib.request.urlopen(address, timeout=60).read()
            except OSError:
                pass

        # The browser is back before webbrowser.open has returned, as one in the terminal is.
        thread = threading.Thread(target=visit, daemon=True)
        thread.start()
        thread.join(60)
        return True

    return come_back


def test_login_by_callback(run: Run, up: ScriptedAssist, tokens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AM-U18, A2-T11: a port of its own, a link that is printed, a project that is real."""
    write_tokens(tokens)
    up.account("new-person", project="found-project")
    monkeypatch.setattr("webbrowser.open", _browser(lambda code, state: f"code={code}&state={state}"))
    said = run("login", "--email", "new@example.com", "--timeout", "60")
    assert said.exit_code == 0, said.output
    assert "found-project" in said.output and "7 days" in said.output
    entry = read_tokens(tokens)[0]
    assert (entry["refresh_token"], entry["email"], entry["oauth_client"]) == (
        "new-person",
        "new@example.com",
        "client-1",
    )
    asked = up.asked("token")[0].body
    assert asked["grant_type"] == "authorization_code" and len(asked["code_verifier"]) >= 43
    link = next(word for word in said.output.split() if "code_challenge" in word)
    assert (
        "code_challenge_method=S256" in link and "access_type=offline" in link and "client-secret-1" not in said.output
    )
    query = parse_qs(urlsplit(link).query)
    assert query["redirect_uri"][0].endswith("/oauth-callback") and query["prompt"] == ["consent"]
    assert {each.rpartition("/")[2] for each in query["scope"][0].split()} == {
        "openid", "userinfo.email", "userinfo.profile", "cloud-platform",
    }  # fmt: skip


def test_login_by_paste(run: Run, up: ScriptedAssist, tokens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a machine without a browser; a state that is not this login's is refused."""
    write_tokens(tokens, project("old", enabled=False, disabled_reason="gone", email="new@example.com"))
    up.account("new-person")
    states: list[str] = []
    from gateway.accounts.login import Login

    link = Login.link
    monkeypatch.setattr(Login, "link", lambda self: (states.append(self.state), link(self))[1])
    monkeypatch.setattr(
        "gateway.command.accounts._pasted",
        lambda: f"http://127.0.0.1:1/oauth-callback?code=new-person&state={states[-1]}",
    )
    said = run("login", "--no-browser", "--email", "new@example.com")
    assert said.exit_code == 0, said.output
    [entry] = read_tokens(tokens)
    assert (entry["refresh_token"], entry["enabled"]) == ("new-person", True)
    monkeypatch.setattr("gateway.command.accounts._pasted", lambda: "http://127.0.0.1:1/x?code=new-person&state=other")
    refused = run("login", "--no-browser")
    assert refused.exit_code == 1 and "state" in refused.output


def test_login_without_a_refresh_token_is_an_error(
    run: Run, up: ScriptedAssist, tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AM-U19."""
    write_tokens(tokens)
    up.play("token", Reply(200, {"access_token": "a", "expires_in": 3600}))
    monkeypatch.setattr("webbrowser.open", _browser(lambda code, state: f"code={code}&state={state}"))
    said = run("login", "--timeout", "60")
    assert said.exit_code == 1 and "no refresh token" in said.output and read_tokens(tokens) == []


def test_a_callback_of_somebody_else_is_not_obeyed(
    run: Run, up: ScriptedAssist, tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tokens(tokens)
    monkeypatch.setattr("webbrowser.open", _browser(lambda code, state: f"code={code}&state=guessed"))
    began = time.monotonic()
    said = run("login", "--timeout", "1")
    assert said.exit_code == 1 and time.monotonic() - began >= 0.9 and up.refreshes == 0
    assert re.search(r"nobody came back", said.output)


def test_a_tool_that_is_not_installed_is_named_in_the_list_of_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = '[[upstreams]]\nname = "codex-cli"\nkind = "cli"\ntool = "codex"\ncommand = "no-such-program"\n'
    (tmp_path / "dragoman.toml").write_text(tool)
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "dragoman.toml"))
    result = CliRunner().invoke(command, ["accounts", "list"])
    assert (
        result.exit_code == 0 and "unavailable" in result.output and "'no-such-program' was not found" in result.output
    )


def test_a_tool_is_tried_with_its_own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tmp_path / "notes"
    (tmp_path / "dragoman.toml").write_text(toml(tmp_path))
    paths = {"DRAGOMAN_DATA": tmp_path, "DRAGOMAN_CONFIG": tmp_path / "dragoman.toml", "FAKE_NOTES": notes}
    for name, value in paths.items():
        monkeypatch.setenv(name, str(value))
    result = CliRunner().invoke(command, ["accounts", "test", "claude-cli"])
    shutil.rmtree(runs_folder(tmp_path), ignore_errors=True)
    assert result.exit_code == 0 and "answered with claude" in result.output
    assert "--model" not in notes.read_text()


def test_before_the_first_start_there_is_no_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "dragoman.toml"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    (tmp_path / "dragoman.toml").write_text("")
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DRAGOMAN_OVERRIDES"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(command, ["accounts", "reset", "all"])
    assert done.exit_code == 0 and "no cooldown is left" in done.output
    listed = CliRunner().invoke(command, ["accounts", "list"]).output
    assert "demonstration model is not running" in listed and "start one" in listed
    asked = CliRunner().invoke(command, ["accounts", "test", "embedded"]).output
    assert "demonstration model is not running" in asked and "no address yet" not in asked
