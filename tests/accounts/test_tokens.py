"""tokens.json while several write it and somebody edits it (A2-T1, T10, detail 22)."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from gateway.accounts import atomic_file
from gateway.accounts.project import disabling
from gateway.accounts.tokens import TokensFile
from tests.assist_house import project, read_tokens, write_tokens


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def test_only_the_keys_it_is_about_are_written(path: Path) -> None:
    """A2-T1, A2-T10: unknown keys stay, mode 0600."""
    write_tokens(path, project("r1", mine=[1]), project("r2"), oauth_config={"client_id": "x"}, note="n")
    TokensFile(path).record("r2", {"access_token": "new"})
    document = json.loads(path.read_text())
    assert document["note"] == "n" and document["projects"][0] == project("r1", mine=[1])
    assert document["projects"][1] == {**project("r2"), "access_token": "new"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_hand_edit_is_picked_up_and_not_overwritten(path: Path) -> None:
    """Detail 22."""
    write_tokens(path, project("r1"), project("r2"))
    tokens = TokensFile(path)
    assert [each.refresh_token for each in tokens.projects()] == ["r1", "r2"]
    write_tokens(path, project("r1"), project("other"))
    tokens.record("r2", {"access_token": "for a token that is gone"})
    assert [each.refresh_token for each in tokens.projects()] == ["r1", "other"]
    assert read_tokens(path) == [project("r1"), project("other")]


def test_an_edit_between_reading_and_moving_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tokens(path, project("r1"))
    tokens = TokensFile(path)
    real, edits = atomic_file._encoded, iter([True])

    def edit_first(document: object) -> bytes:
        if next(edits, False):
            write_tokens(path, project("r1", note="by hand"))
        return real(document)

    monkeypatch.setattr(atomic_file, "_encoded", edit_first)
    tokens.record("r1", {"access_token": "new"})
    assert read_tokens(path) == [{**project("r1"), "note": "by hand", "access_token": "new"}]


def test_json_that_is_being_typed_is_left_alone_and_served_from_memory(path: Path) -> None:
    write_tokens(path, project("r1"))
    tokens = TokensFile(path)
    assert tokens.projects()
    path.write_text('{"projects": [{"refresh')
    tokens.record("r1", {"refresh_token": "r1-new", "access_token": "a"})
    assert path.read_text() == '{"projects": [{"refresh' and tokens.problem
    assert tokens.projects()[0].refresh_token == "r1-new"
    write_tokens(path, project("r1"))
    tokens._retry_at = 0.0
    assert tokens.flush() and tokens.problem is None
    assert read_tokens(path)[0]["refresh_token"] == "r1-new"


def test_a_disk_that_cannot_be_written_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tokens(path, project("r1"))
    tokens = TokensFile(path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.accounts.tokens.write_json", full)
        tokens.record("r1", {"access_token": "a", "refresh_token": "r2"})
        assert tokens.projects()[0].access_token == "a" and "No space" in (tokens.problem or "")
        tokens.record("r2", {"access_token": "b"})
        assert (tokens.projects()[0].refresh_token, tokens.projects()[0].access_token) == ("r2", "b")
    tokens._retry_at = 0.0
    assert tokens.flush() and read_tokens(path)[0]["access_token"] == "b"


def test_placeholders_are_skipped(path: Path) -> None:
    write_tokens(path, project("your-refresh-token"), project(""), project("real", project_id="your-project-id"))
    [found] = TokensFile(path).projects()
    assert (found.refresh_token, found.project_id) == ("real", "")


def test_a_disablement_belongs_to_one_refresh_token(path: Path) -> None:
    write_tokens(path, project("r1"))
    tokens = TokensFile(path)
    tokens.record("r1", disabling("invalid_grant", "r1"))
    assert tokens.projects()[0].disabled_reason == "invalid_grant"
    write_tokens(path, {**read_tokens(path)[0], "refresh_token": "r2"})
    assert tokens.projects()[0].disabled_reason is None


def test_a_disablement_that_was_outlived_goes_with_the_next_write(path: Path) -> None:
    """Whoever looks into the file sees what holds; one by hand, or for this very token, stays."""
    by_hand = {**project("r3"), "enabled": False, "disabled_reason": "mine"}
    write_tokens(
        path, project("r2", **disabling("revoked", "r1")), project("r4", **disabling("revoked", "r4")), by_hand
    )
    tokens = TokensFile(path)
    for token in ("r2", "r3", "r4"):
        tokens.record(token, {"access_token": "new"})
    new, same, hand = read_tokens(path)
    assert (new["enabled"], new["disabled_reason"]) == (True, None) and not new.get("disabled_credential")
    assert [(each["enabled"], each["disabled_reason"]) for each in (same, hand)] == [
        (False, "revoked"),
        (False, "mine"),
    ]


def test_many_writers_lose_nothing(path: Path) -> None:
    """A2-T10, detail 22."""
    names = [f"r{number}" for number in range(8)]
    write_tokens(path, *(project(name) for name in names))
    files = [TokensFile(path) for _ in names]

    def write(tokens: TokensFile, name: str) -> None:
        for number in range(5):
            tokens.record(name, {"access_token": f"{name}-{number}"})

    threads = [threading.Thread(target=write, args=each) for each in zip(files, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [each["access_token"] for each in read_tokens(path)] == [f"{name}-4" for name in names]
    assert not [name for name in os.listdir(path.parent) if name.endswith(".new")]
