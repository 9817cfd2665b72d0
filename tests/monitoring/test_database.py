from __future__ import annotations

import threading
from pathlib import Path

from gateway.monitoring.database import SqliteFile


def test_workers_that_make_the_file_at_the_same_time(tmp_path: Path) -> None:
    """Of those that change its journal's mode at once SQLite refuses one without waiting, about once in 25 files."""
    faults: list[Exception] = []

    def begin(path: Path) -> None:
        try:
            with SqliteFile(path).transaction() as session:
                session.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)")
        except Exception as fault:
            faults.append(fault)

    for number in range(100):
        threads = [threading.Thread(target=begin, args=(tmp_path / f"{number}.db",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
