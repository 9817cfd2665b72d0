import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config.generated_key import FILE_NAME, load_or_create
from gateway.config.placeholders import is_sample_key


def test_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    key, created = load_or_create(folder)
    assert created and key.startswith("sk-dragoman-") and len(key) >= 50 and not is_sample_key(key)
    assert load_or_create(folder) == (key, False)
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    assert [entry.name for entry in folder.iterdir()] == [FILE_NAME]


def test_every_folder_has_its_own(tmp_path: Path) -> None:
    assert load_or_create(tmp_path / "a")[0] != load_or_create(tmp_path / "b")[0]


def test_an_operators_own_key_is_used_and_protected(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("  chosen-by-hand\n")
    path.chmod(0o644)
    assert load_or_create(tmp_path) == ("chosen-by-hand", False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("\n")
    key, created = load_or_create(tmp_path)
    assert created and load_or_create(tmp_path) == (key, False)


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    key, created = load_or_create(tmp_path)
    assert created and load_or_create(tmp_path) == (key, False)


def test_another_process_was_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(source: str, target: Path) -> None:
        target.write_text("key-of-the-other\n")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert load_or_create(tmp_path) == ("key-of-the-other", False)


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gateway.config.generated_key import load_or_create; "
        "print(*load_or_create(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(4)]
    answers = [process.communicate(timeout=30)[0].split() for process in started]
    assert len({key for key, _ in answers}) == 1
    assert [created for _, created in answers].count("True") == 1
