from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Table

from gateway.monitoring import schema
from gateway.monitoring.database import SqliteFile
from gateway.monitoring.tables import BODY, REQUEST
from tests.running import ROOT

VERSION_1 = (
    schema.TABLES[0].partition(", affinity ")[0] + ")",
    schema.TABLES[1],
)
"""What the first version made."""


def columns(path: Path, table: str) -> dict[str, tuple[str, bool]]:
    """name -> (type, not null)."""
    with sqlite3.connect(path) as connection:
        found = {
            name: (kind, bool(full)) for _, name, kind, full, *_ in connection.execute(f"PRAGMA table_info({table})")
        }
    connection.close()
    return found


def indexes(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    connection.close()
    return found


def migrated(path: Path) -> Path:
    with SqliteFile(path).transaction() as session:
        schema.migrate(session)
    return path


@pytest.mark.parametrize("table", [REQUEST, BODY], ids=lambda table: table.name)
def test_questions_are_asked_of_the_same_tables(table: Table, tmp_path: Path) -> None:
    made = columns(migrated(tmp_path / "new.db"), table.name)
    assert list(made) == [column.name for column in table.columns]
    for column in table.columns:
        if not column.primary_key:
            assert made[column.name][1] is not column.nullable, column


def test_a_database_of_the_first_version_becomes_like_a_new_one(tmp_path: Path) -> None:
    old = SqliteFile(tmp_path / "old.db")
    with old.transaction() as session:
        for statement in (*VERSION_1, "CREATE TABLE record_version (version INTEGER NOT NULL)"):
            session.execute(statement.replace("{number}", session.number))
        session.execute("INSERT INTO record_version (version) VALUES (1)")
    migrated(tmp_path / "old.db")
    new = migrated(tmp_path / "new.db")
    for table in ("request", "body"):
        assert columns(tmp_path / "old.db", table) == columns(new, table)
    assert indexes(tmp_path / "old.db") == indexes(new) >= {"request_at", "request_id", "body_id"}


def test_every_version_that_was_in_use_becomes_like_a_new_one(tmp_path: Path) -> None:
    """A step that is changed after somebody has made it is never made there: `expected` is what each once was."""
    expected = [
        set(),
        {"affinity", "waited_s", "provider_request_id"},
        {"session"},
    ]
    added = [{word.split()[5] for word in step if " ADD COLUMN " in word} for step in schema.MIGRATIONS]
    assert added[: len(expected)] == expected, "add a step instead"


def test_writing_needs_no_sqlalchemy(tmp_path: Path) -> None:
    """It would cost every worker 20 MB."""
    code = (
        "import sys; from pathlib import Path; from gateway.config.model import Records\n"
        "from gateway.monitoring.archive import Archive; from gateway.monitoring.record import Record\n"
        "archive = Archive(Records(), Path(sys.argv[1]))\n"
        "archive.put([Record(1.0, 'r', 'POST', '/', '', '', 200, 0.1)]); archive.close()\n"
        "assert 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, timeout=30)
    assert "losses" in columns(tmp_path / schema.FILE_NAME, "request")


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = SqliteFile(migrated(tmp_path / "new.db"))
    with pytest.raises(ZeroDivisionError), file.transaction() as session:
        session.execute("DELETE FROM record_version")
        raise ZeroDivisionError
    with file.transaction() as session:
        assert session.execute("SELECT version FROM record_version") == [(len(schema.MIGRATIONS),)]
