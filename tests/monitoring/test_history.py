from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from gateway.config.model import Records
from gateway.monitoring.archive import Archive
from gateway.monitoring.history import History, Used
from tests.monitoring.test_archive import record

NOW = time.time()
TOLD = [
    record(1, key="anna", mapped="big", account="a1", input_tokens=100, output_tokens=50, cached_tokens=40,
           source="provider", cost_usd=0.5, at=NOW - 50),
    record(2, key="anna", mapped="small", account="a1", input_tokens=10, output_tokens=5, source="counted",
           at=NOW - 40),
    record(3, key="ben", mapped="big", account="a2", status=429, error="rate_limit_exceeded", at=NOW - 30),
    record(4, key="ben", mapped="big", account="a2", ended="cut", input_tokens=1, output_tokens=1, source="provider",
           cost_usd=0.25, at=NOW - 20),
    record(5, key="old", at=NOW - 5000),
    record(6, key="ben", asked="", mapped="", path="/v1/models", at=NOW - 10),
]  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> History:
    archive = Archive(Records(), tmp_path)
    archive.put(TOLD)
    archive.close()
    return History(Records(), tmp_path)


def test_by_key(history: History) -> None:
    assert history.usage("key", NOW - 100) == [
        Used("anna", 2, 0, 110, 40, 55, 0.5, 1),
        Used("ben", 2, 2, 1, 0, 1, 0.25, 0),
    ]


def test_by_model_and_account(history: History) -> None:
    assert [(each.name, each.requests, each.cost_usd) for each in history.usage("model", NOW - 100)] == [
        ("big", 3, 0.75),
        ("small", 1, 0.0),
    ]
    assert [(each.name, each.requests) for each in history.usage("account", NOW - 100)] == [("a1", 2), ("a2", 2)]
    assert history.usage("key", NOW - 15) == []


def test_the_latest_and_what_follows(history: History) -> None:
    assert [each.id for _, each in history.latest(2)] == ["req_5", "req_6"]
    assert [each.id for _, each in history.latest(9, errors=True)] == ["req_3", "req_4"]
    assert [each.id for _, each in history.after(4)] == ["req_5", "req_6"]
    assert [each for _, each in history.after(2, errors=True)] == TOLD[2:4]


def test_nothing_yet(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no records"):
        History(Records(), tmp_path)


def test_without_the_driver_of_postgresql_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LookupError, match=r"-m pip install 'psycopg\[binary\]'"):
        History(Records(url="postgresql://u:p@127.0.0.1:1/d"), tmp_path)
