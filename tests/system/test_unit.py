"""deploy/dragoman.service, and what docs/command-line-assistants.md adds to it, as systemd reads them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "/opt/dragoman/.venv/bin/dragoman"


def complaints(folder: Path, more: str = "") -> str:
    """What `systemd-analyze verify` says of the unit with the lines of that page and `more`; its exit code is 0 even
    for keys it does not know."""
    unit = (ROOT / "deploy" / "dragoman.service").read_text(encoding="utf-8")
    (lines,) = re.findall(
        r"```ini\n(.*?)```", (ROOT / "docs" / "command-line-assistants.md").read_text(encoding="utf-8"), re.S
    )
    assert unit.count(PROGRAM) == 2
    (folder / "dragoman.service").write_text(unit.replace(PROGRAM, "/bin/true"))
    edits = folder / "dragoman.service.d"
    edits.mkdir()
    (edits / "override.conf").write_text(lines + more)
    command = ["systemd-analyze", "verify", "--man=no", str(folder / "dragoman.service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return f"{done.stdout}{done.stderr}" + (f"exit code {done.returncode}" if done.returncode else "")


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    assert complaints(tmp_path) == ""


def test_it_would_say_if_it_did_not(tmp_path: Path) -> None:
    assert "Unknown key" in complaints(tmp_path, "NoSuchKey=yes\n")
