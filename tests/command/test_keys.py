from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.command import pid_file
from gateway.command.main import command
from tests.running import free_port

CONFIG = """
[[auth.keys]]
name = "fixed"
key_hash = "sha256:{}"
rpm = 7
""".format("a" * 64)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dragoman.toml").write_text(CONFIG)
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "dragoman.toml"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("DRAGOMAN_OVERRIDES", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(command, ["keys", *words])


def test_a_key_is_shown_once_and_only_its_hash_is_kept(folder: Path) -> None:
    done = run("add", "anna", "--model", "gpt-*", "--rpm", "3", "--monthly-usd", "2.5", "--expires", "2099-01-31")
    secret = done.stdout.strip()
    assert done.exit_code == 0 and secret.startswith("sk-dragoman-") and "only now" in done.stderr
    listed = run("list").output
    for word in ("anna", "expires 2099-01-31", "gpt-*", "3 requests/min", "2.5 USD/month", "fixed", "7 requests/min"):
        assert word in listed
    assert secret not in listed
    assert all(secret.encode() not in path.read_bytes() for path in (folder / "data").iterdir())


def test_a_key_in_a_folder_no_gateway_uses_is_said(folder: Path) -> None:
    assert f"No gateway runs with the data folder {folder / 'data'}" in run("add", "anna").stderr
    held = pid_file.hold(folder / "data")
    assert held is not None
    try:
        assert "No gateway" not in run("rotate", "anna").stderr
    finally:
        pid_file.let_go(folder / "data", held)


def test_names_are_taken_once(folder: Path) -> None:
    assert run("add", "anna").exit_code == 0
    again = run("add", "anna")
    assert again.exit_code != 0 and "rotate anna" in again.output
    assert run("add", "fixed").exit_code != 0, "the configuration has it"
    assert run("add", "an na").exit_code != 0 and run("add", "x" * 65).exit_code != 0


def test_turned_and_revoked() -> None:
    first = run("add", "anna").stdout
    second = run("rotate", "anna", "--grace", "24h")
    assert second.exit_code == 0 and second.stdout != first
    assert run("revoke", "anna").exit_code == 0 and "anna" not in run("list").output
    assert run("revoke", "anna").exit_code != 0 and run("rotate", "anna").exit_code != 0


def test_keys_of_the_configuration_are_changed_there(folder: Path) -> None:
    revoked, turned = run("revoke", "fixed"), run("rotate", "fixed")
    assert revoked.exit_code != 0 and "dragoman.toml" in revoked.output
    assert turned.exit_code != 0 and 'key_hash = "sha256:' in turned.output


@pytest.mark.parametrize("expires", ["tomorrow", "2020-01-01", "2027-13-01"])
def test_dates_that_are_none(expires: str) -> None:
    assert run("add", "anna", "--expires", expires).exit_code != 0
    assert "anna" not in run("list").output


def test_nothing_yet(folder: Path) -> None:
    (folder / "dragoman.toml").write_text("")
    assert "dragoman keys add NAME" in run("list").output


def test_keys_that_cannot_be_read_are_not_said_to_be_none(folder: Path) -> None:
    (folder / "dragoman.toml").write_text(f'[state]\nurl = "redis://:s3cret@127.0.0.1:{free_port()}/0"\n')
    done = run("list")
    assert done.exit_code == 1 and "no keys" not in done.output and "s3cret" not in done.output
    assert done.output.count("Redis at redis://127.0.0.1") == 1


def test_a_broken_configuration_is_said(folder: Path) -> None:
    (folder / "dragoman.toml").write_text("[auth]\nmodus = 1\n")
    done = run("list")
    assert done.exit_code != 0 and "modus" in done.output


def test_the_list_as_json(folder: Path) -> None:
    secret = run("add", "anna", "--model", "gpt-*", "--rpm", "3", "--expires", "2099-01-31").stdout.strip()
    told = run("list", "--json")
    anna, fixed = json.loads(told.output)
    assert anna == {
        "name": "anna",
        "where": "data folder",
        "models": ["gpt-*"],
        "rpm": 3,
        "tpm": 0,
        "daily_tokens": 0,
        "monthly_usd": 0,
        "max_concurrency": 0,
        "expires": "2099-01-31",
        "expired": False,
        "used": {"tokens_today": 0, "usd_this_month": 0},
    }
    assert (fixed["name"], fixed["where"], fixed["rpm"]) == ("fixed", "configuration", 7)
    assert secret not in told.output and "sha256" not in told.output


def test_no_keys_are_an_empty_list_in_json(folder: Path) -> None:
    (folder / "dragoman.toml").write_text("")
    assert json.loads(run("list", "--json").stdout) == []


def test_no_keys_in_a_folder_no_gateway_uses_is_said_and_no_folder_is_made(folder: Path) -> None:
    """From another folder than the gateway's: "no keys yet" would be believed."""
    (folder / "dragoman.toml").write_text("")
    done = run("list")
    assert "no keys for people yet" in done.stdout
    assert f"No gateway runs with the data folder {folder / 'data'}" in done.stderr
    assert not (folder / "data").exists()
    assert f"there is no key named anna in {folder / 'data'}" in run("revoke", "anna").output
    assert f"there is no key named anna in {folder / 'data'}" in run("rotate", "anna").output
