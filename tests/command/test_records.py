from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.command import records as room
from gateway.command.main import command
from gateway.config.model import Records
from gateway.monitoring.archive import Archive
from tests.monitoring.test_archive import record


def store(folder: Path, *records: Any) -> None:
    archive = Archive(Records(), folder)
    archive.put(records)
    archive.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "dragoman.toml"))
    (tmp_path / "dragoman.toml").write_text("")
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    monkeypatch.delenv("DRAGOMAN_OVERRIDES", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(command, list(words))


def test_usage(folder: Path) -> None:
    store(
        folder,
        record(1, input_tokens=1200, output_tokens=34, cost_usd=1.5, source="provider"),
        record(2, key="ben", input_tokens=5, output_tokens=6, source="counted"),
    )
    told = run("usage", "--since", "1h").output.splitlines()
    assert told[0].split() == ["key", "requests", "errors", "input", "cached", "output", "USD"]
    assert told[1].split() == ["anna", "1", "0", "1200", "0", "34", "1.5000"] and "1 without a price" in told[2]
    document = json.loads(run("usage", "--by", "model", "--json").output)
    assert document[0]["name"] == "m1" and document[0]["requests"] == 2
    assert run("usage", "--since", "yesterday").exit_code != 0


def test_logs(folder: Path) -> None:
    store(folder, record(1), record(2, status=503, error="upstream_auth"), record(3))
    lines = run("logs").output.splitlines()
    assert len(lines) == 3 and "req_1" in lines[0] and "anna" in lines[0] and "/v1/messages" in lines[0]
    errors = run("logs", "--errors", "--json").output.splitlines()
    assert [json.loads(each)["error"] for each in errors] == ["upstream_auth"]
    assert "req_3" in run("logs", "-n", "1").output and "req_2" not in run("logs", "-n", "1").output


def test_logs_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(folder, record(1))
    naps = []

    def sleep(_: float) -> None:
        naps.append(1)
        if len(naps) == 1:
            store(folder, record(2), record(3, status=500, error="x"))
        elif len(naps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(room.time, "sleep", sleep)
    done = run("logs", "--follow")
    output = done.output
    assert done.exit_code == 0 and "Aborted" not in output, "Ctrl-C is how one ends it"
    assert [f"req_{n}" in output for n in (1, 2, 3)] == [True, True, True] and output.count("req_2") == 1


def test_nothing_yet() -> None:
    done = run("usage")
    assert done.exit_code != 0 and "no records" in done.output
