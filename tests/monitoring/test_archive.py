from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config.model import Records
from gateway.monitoring import archive as room
from gateway.monitoring.archive import Archive
from gateway.monitoring.history import History
from gateway.monitoring.record import Record
from gateway.monitoring.schema import FILE_NAME, MIGRATIONS, NewerRecords
from gateway.monitoring.tables import migrate, open_engine

SETTINGS = Records()


def record(number: int = 0, **more: Any) -> Record:
    fields: dict[str, Any] = {
        "at": time.time(), "id": f"req_{number}", "method": "POST", "path": "/v1/messages", "client": "127.0.0.1",
        "key": "anna", "status": 200, "seconds": 0.5, "asked": "m", "mapped": "m1", "attempts": ["up/a: answered"],
    }  # fmt: skip
    return Record(**(fields | more))


def archived(folder: Path, *batches: list[Record], settings: Records = SETTINGS) -> Archive:
    archive = Archive(settings, folder)
    for batch in batches:
        archive.put(batch)
    archive.close()
    return archive


def read(folder: Path, **more: Any) -> list[Record]:
    return [each for _, each in History(Records(), folder).latest(10_000, **more)]


def test_every_record_once_and_whole(tmp_path: Path) -> None:
    first = record(
        1, first_content_s=0.1, input_tokens=7, output_tokens=3, cached_tokens=2, source="provider", cost_usd=0.25,
        stream=True, ended="cut", error="upstream_error", losses=2, mode="translated", path="/x\u2028'\";--",
    )  # fmt: skip
    archived(tmp_path, [first], [record(n) for n in range(2, 1300)])
    found = read(tmp_path)
    assert found[0] == first and [each.id for each in found] == [f"req_{n}" for n in range(1, 1300)]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_workers_write_side_by_side(tmp_path: Path) -> None:
    archives = [Archive(Records(), tmp_path) for _ in range(3)]
    for n in range(300):
        archives[n % 3].put([record(n)])
    for each in archives:
        each.close()
    assert sorted(int(each.id[4:]) for each in read(tmp_path)) == list(range(300))


def comes(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def test_a_file_that_somebody_removed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RETRY_S", 0.05)
    archive = Archive(Records(), tmp_path)
    archive.put([record(1)])
    assert comes(lambda: (tmp_path / FILE_NAME).exists() and len(read(tmp_path)) == 1)
    (tmp_path / FILE_NAME).unlink()
    archive.put([record(2)])
    archive.close()
    assert [each.id for each in read(tmp_path)] == ["req_2"]


def test_the_file_is_let_go_when_nothing_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IDLE_S", 0.1)
    archive = Archive(Records(), tmp_path)
    for number in range(2):
        archive.put([record(number)])
        assert comes(lambda: (tmp_path / f"{FILE_NAME}-wal").exists())
        assert comes(lambda: not (tmp_path / f"{FILE_NAME}-wal").exists())
    archive.close()
    assert len(read(tmp_path)) == 2


def test_what_cannot_be_written_yet_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RETRY_S", 0.05)
    folder = tmp_path / "later"
    archive = Archive(Records(), folder)
    archive.put([record(1)])
    time.sleep(0.2)
    folder.mkdir()
    archive.put([record(2)])
    archive.close()
    assert [each.id for each in read(folder)] == ["req_1", "req_2"]


def test_no_more_is_kept_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEPT", 10)
    monkeypatch.setattr(room, "RETRY_S", 0.05)
    archive = Archive(Records(), tmp_path / "missing")
    for n in range(30):
        archive.put([record(n)])
    until = time.monotonic() + 5
    while archive.dropped < 20 and time.monotonic() < until:
        time.sleep(0.02)
    assert archive.dropped == 20
    archive.close()


def test_old_ones_go(tmp_path: Path) -> None:
    old = [record(n, at=time.time() - 31 * 86400) for n in range(5)]
    archived(tmp_path, [*old, record(9)])
    assert [each.id for each in read(tmp_path)] == ["req_9"]


def test_the_oldest_go_when_it_is_too_much(tmp_path: Path) -> None:
    archived(tmp_path, [record(n, error="x" * 2000) for n in range(2000)], settings=Records(max_mb=1))
    found = read(tmp_path)
    assert 100 < len(found) < 700 and found[-1].id == "req_1999"


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    archived(tmp_path, [record(1)])
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE record_version SET version = 99")
    connection.close()
    with pytest.raises(NewerRecords, match="update Dragoman"):
        migrate(open_engine("", tmp_path, writing=True))
    archived(tmp_path, [record(2)])
    with pytest.raises(LookupError, match="99"):
        History(Records(), tmp_path)


def test_an_older_file_becomes_a_newer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(tmp_path, [record(1)])
    monkeypatch.setattr(
        "gateway.monitoring.schema.MIGRATIONS", [*MIGRATIONS, ("ALTER TABLE request ADD moon INTEGER",)]
    )
    for _ in range(2):
        migrate(open_engine("", tmp_path, writing=True))
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        assert connection.execute("SELECT version FROM record_version").fetchall() == [(len(MIGRATIONS) + 1,)]
        assert connection.execute("SELECT moon FROM request").fetchall() == [(None,)]
    connection.close()


def test_the_first_version_becomes_this_one(tmp_path: Path) -> None:
    archived(tmp_path, [record(1)])
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        for column in ("affinity", "session", "waited_s", "provider_request_id"):
            connection.execute(f"ALTER TABLE request DROP COLUMN {column}")
        connection.execute("UPDATE record_version SET version = 1")
    connection.close()
    archived(tmp_path, [record(2, affinity="kept")])
    assert [each.affinity for each in read(tmp_path)] == ["", "kept"]
