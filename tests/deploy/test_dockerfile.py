from __future__ import annotations

import json
import tomllib

import pytest

from tests.deploy.dockerfile import ROOT, is_sent, stages

BUILDER, FINAL = stages()


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    sources = [source for sources, _ in BUILDER.copies() for source in sources]
    assert "gateway" in sources and "requirements.lock" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert is_sent(source), source


def test_every_module_of_the_project_is_copied() -> None:
    sources = {source for sources, _ in BUILDER.copies() for source in sources}
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = {pattern.rstrip("*") for pattern in tool["packages"]["find"]["include"]}
    assert packages | {f"{module}.py" for module in tool["py-modules"]} <= sources
    for package in packages:
        for file in (ROOT / package).rglob("*.py"):
            assert is_sent(file.relative_to(ROOT).as_posix()), file


@pytest.mark.parametrize(
    "private",
    [
        *(".env", "dragoman.toml", "data/tokens.json", "data/client_key", ".venv/bin/python", ".git/config"),
        *("tests/test_walls.py", "gateway/__pycache__/wiring.cpython-313.pyc", "deploy/nginx.conf", "client_key"),
    ],
)
def test_nothing_private_or_useless_reaches_the_builder(private: str) -> None:
    assert not is_sent(private)


def test_it_runs_as_somebody_who_owns_only_the_data_folder() -> None:
    users = FINAL.arguments("USER")
    assert len(users) == 1 and users[0] not in ("root", "0")
    assert FINAL.arguments("WORKDIR") == ["/app"]
    made = [run for run in FINAL.arguments("RUN") if run.endswith("/app/data")]
    assert len(made) == 1 and f"-o {users[0]}" in made[0]
    order = [each for each, _ in FINAL.steps]
    assert order.index("USER") > max(index for index, each in enumerate(order) if each in ("RUN", "COPY"))


def test_it_listens_to_everybody_and_asks_itself_for_its_health() -> None:
    environment = FINAL.environment()
    assert environment["HOST"] == "0.0.0.0" and environment["PORT"] == "8045"
    options, _, command = FINAL.arguments("HEALTHCHECK")[0].partition("CMD ")
    assert json.loads(command) == ["dragoman", "health"] and "--interval=30s" in options
    assert json.loads(FINAL.arguments("CMD")[0]) == ["dragoman", "serve"]


def test_the_compiler_stays_in_the_builder() -> None:
    assert any("gcc" in run for run in BUILDER.arguments("RUN"))
    assert not any("gcc" in run or "pip" in run for run in FINAL.arguments("RUN"))
    assert FINAL.arguments("COPY") == [f"--from={BUILDER.name} /opt/venv /opt/venv"]
    assert BUILDER.image == FINAL.image, "the venv's interpreter must be the same in both"


def test_everything_installed_is_hashed() -> None:
    installs = [run for run in BUILDER.arguments("RUN") if "pip install" in run]
    assert len(installs) == 3
    assert all("--no-deps" in run for run in installs)
    assert all("--require-hashes" in run for run in installs if not run.endswith(" /build"))
