from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.data_folder import unwritable

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def powerless() -> Iterator[None]:
    """Root may write anywhere, so for the test it is nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o500)
    return folder


def test_a_missing_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "data"
    assert unwritable(folder) is None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_there_keeps_its_mode_and_content(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "tokens.json").write_text("{}")
    assert unwritable(tmp_path) is None
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]


def test_somebody_elses_folder_is_said_with_the_remedy(locked: Path, powerless: None) -> None:
    problem = unwritable(locked)
    assert problem is not None
    said = str(problem)
    assert said.startswith(f"the data folder {locked}: cannot be written by user {os.geteuid()} (Permission denied)")
    assert f"chown -R {os.geteuid()}:{os.getegid()} {locked}" in said and "DRAGOMAN_DATA" in said
    assert "\n" not in said


def test_a_file_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    problem = unwritable(tmp_path / "data")
    assert problem is not None and "File exists" in problem.message


def test_the_start_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = "/proc/dragoman/data"  # not even root can make it
    (line,) = refused_start(tmp_path, folder)
    assert line.startswith(f"dragoman: the data folder {folder}: cannot be written by user {os.geteuid()} (")


def test_a_file_where_the_folder_should_be_is_said_to_be_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    (line,) = refused_start(tmp_path, str(tmp_path / "data"))
    assert line.startswith(f"dragoman: the data folder {tmp_path / 'data'}: cannot be written") and "tokens" not in line


def test_a_demonstration_model_that_cannot_be_started_is_said_in_one_line(tmp_path: Path) -> None:
    """As on a full disk: what it is to write cannot be written."""
    (tmp_path / "data" / "local-model.json").mkdir(parents=True)
    line = refused_start(tmp_path, str(tmp_path / "data"))[-1]
    assert line.startswith(f"dragoman: the demonstration model cannot be started in {tmp_path / 'data'} (")
    assert "Make room there" in line


def refused_start(folder: Path, data: str) -> list[str]:
    """What a start in `folder` says on standard error; it has no accounts and is refused."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "python:gateway.web.server", "--bind=127.0.0.1:0", "app:app"],
        cwd=folder,
        env={**environ, "DRAGOMAN_DATA": data, "PYTHONPATH": str(ROOT), "PORT": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1 and "Traceback" not in ended.stderr, ended.stderr
    return [line for line in ended.stderr.splitlines() if line]
