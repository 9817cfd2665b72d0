from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from gateway.monitoring.database import SqliteFile


def test_a_new_file_that_another_worker_is_writing_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE theirs (a INTEGER)")
    threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
    with SqliteFile(tmp_path / "records.db").transaction() as session:
        assert session.execute("SELECT name FROM sqlite_master") == [("theirs",)]
    other.close()
