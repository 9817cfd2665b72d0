""".ci/run, with a make that only pretends: what it counts, says and returns."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CASES = {
    "pass": '<testcase name="a"/>',
    "fail": '<testcase name="b"><failure/></testcase>',
    "error": '<testcase name="c"><error/></testcase>',
    "skip": '<testcase name="d"><skipped/></testcase>',
}


def ran(folder: Path, targets: dict[str, tuple[str, int]], marks: str = "") -> tuple[int, list[str]]:
    """(exit code, lines). `targets` is make target -> (words of CASES, or nothing for no report; exit code)."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_marked.py").write_text(marks)
    rules = []
    for target, (words, status) in targets.items():
        report = f"<testsuites><testsuite>{''.join(CASES[word] for word in words.split())}</testsuite></testsuites>"
        (folder / f"{target}.xml").write_text(report)
        copy = f"@cp {target}.xml $(patsubst --junitxml=%,%,$(filter --junitxml=%,$(PYTEST_ARGS)))" if words else "@:"
        rules.append(f"{target}:\n\t{copy}\n\t@echo made {target}\n\t@exit {status}\n")
    (folder / "Makefile").write_text("\n".join(rules))
    environment = {**os.environ, "CI": "true"}
    environment.pop("MAKEFLAGS", None)
    ended = subprocess.run(
        ["bash", ".ci/run"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout.splitlines()


BOTH = "pytestmark = pytest.mark.system\n"


def test_all_is_well(tmp_path: Path) -> None:
    code, lines = ran(tmp_path, {"test": ("pass pass", 0), "test-system": ("pass", 0)}, BOTH)
    assert (code, lines[-1]) == (0, "3 passed, 0 failed")


def test_targets_without_a_test_are_left_out(tmp_path: Path) -> None:
    code, lines = ran(tmp_path, {"test": ("pass", 0), "test-system": ("fail", 2), "test-clients": ("fail", 2)})
    assert (code, lines[-1]) == (0, "1 passed, 0 failed") and "made test-system" not in lines


def test_client_tests_are_run_once_there_are_some(tmp_path: Path) -> None:
    code, lines = ran(tmp_path, {"test": ("pass", 0), "test-clients": ("pass", 0)}, "@pytest.mark.clients\n")
    assert (code, lines[-1]) == (0, "2 passed, 0 failed") and "made test-clients" in lines


@pytest.mark.parametrize(
    ("targets", "last"),
    [
        ({"test": ("pass fail error", 1), "test-system": ("pass", 0)}, "2 passed, 2 failed"),
        ({"test": ("pass", 0), "test-system": ("fail", 1)}, "1 passed, 1 failed"),
        ({"test": ("pass skip", 0), "test-system": ("pass", 0)}, "2 passed, 0 failed, 1 skipped"),
        ({"test": ("pass", 2), "test-system": ("pass", 0)}, "2 passed, 1 failed"),
        ({"test": ("", 2), "test-system": ("pass", 0)}, "1 passed, 1 failed"),
        ({"test": ("", 0), "test-system": ("pass", 0)}, "1 passed, 1 failed"),
        ({"test": ("pass", 0)}, "1 passed, 1 failed"),
    ],
)
def test_what_did_not_run_and_pass_is_a_failure(tmp_path: Path, targets: dict[str, tuple[str, int]], last: str) -> None:
    code, lines = ran(tmp_path, targets, BOTH)
    assert code == 1 and lines[-1] == last
