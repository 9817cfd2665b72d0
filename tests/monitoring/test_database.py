from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from gateway.monitoring.database import SqliteFile
from tests.running import ROOT


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


WORKER = """
import sys
from pathlib import Path
from gateway.monitoring.database import SqliteFile
worker = SqliteFile(Path(sys.argv[1]))
for line in sys.stdin:
    with worker.transaction() as session:
        session.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)")
        session.execute("INSERT INTO t VALUES (?)", (int(line),))
    print(len(session.execute("SELECT a FROM t")), flush=True)
"""


def test_a_file_that_was_removed_alone_is_made_anew_for_all_workers(tmp_path: Path) -> None:
    """While one worker has the old one open, what SQLite keeps beside it made the new one unreadable."""
    path = tmp_path / "records.db"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        for _ in range(2)
    ]

    def write(worker: subprocess.Popen[bytes]) -> int:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(b"1\n")
        worker.stdin.flush()
        return int(worker.stdout.readline())

    try:
        assert [write(worker) for worker in workers] == [1, 2]
        path.unlink()
        assert write(workers[0]) == 1
        for rows in (1, 3):
            reader = sqlite3.connect(path)
            assert len(reader.execute("SELECT a FROM t").fetchall()) == rows
            reader.close()
            write(workers[1])
            write(workers[0])
    finally:
        for worker in workers:
            worker.communicate(timeout=20)
