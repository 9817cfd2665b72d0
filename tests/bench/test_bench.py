"""One tiny round of everything: every scenario is answered through every candidate. Says nothing about speed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.candidates import NAMES
from bench.scenarios import SCENARIOS


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("results")
    named = [word for each in SCENARIOS for word in ("--scenario", each.name)]
    assert main(["--rounds", "1", "--seconds", "0.05", *named, "--results", str(folder)]) == 0
    (written,) = folder.iterdir()
    return json.loads(written.read_text())


@pytest.mark.parametrize("scenario", [each.name for each in SCENARIOS])
def test_every_candidate_answers(result: dict[str, dict], scenario: str) -> None:
    row = result["figures"][scenario]
    assert set(row) == set(NAMES)
    for name, figures in row.items():
        assert figures["errors"] == 0, (name, figures["first_error"])
        assert figures["requests"] > 0 and figures["p50_ms"] > 0, name


def test_starting_is_measured(result: dict[str, dict]) -> None:
    for name in ("reference", "gateway"):
        assert result["started"][name]["start_s"] > 0 and result["started"][name]["idle_mb"] > 5


def test_only_what_is_asked_for_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rounds", "1", "--seconds", "0.02", "--scenario", "whole chat -> openai", "--candidate", "direct"]
    assert main([*arguments, "--results", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "whole chat -> openai" in shown and "gemini" not in shown


def test_a_word_no_scenario_has(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--scenario", "no such thing"])
    assert "nothing to measure" in capsys.readouterr().err
