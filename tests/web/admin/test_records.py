from __future__ import annotations

from pathlib import Path

from gateway.config.model import Config, Records
from gateway.web.admin.records import RecordsDesk
from tests.web.admin.past import week


def test_none_yet_and_then_some(tmp_path: Path) -> None:
    desk = RecordsDesk(Config(data_dir=tmp_path))
    found, why = desk.ask(lambda records: records.totals(0))
    assert found is None and "no records" in why
    week(tmp_path, 5)
    found, why = desk.ask(lambda records: records.totals(0))
    assert found is not None and found.requests == 5 and why == ""


def test_a_broken_database_is_said_without_its_address(tmp_path: Path) -> None:
    week(tmp_path, 1)
    desk = RecordsDesk(Config(data_dir=tmp_path))
    assert desk.ask(lambda records: records.totals(0))[0] is not None
    (tmp_path / "records.db").write_bytes(b"this is no database" * 500)
    for each in tmp_path.glob("records.db-*"):
        each.unlink()
    found, why = desk.ask(lambda records: records.totals(0))
    assert found is None and "cannot be read" in why
    (tmp_path / "records.db").unlink()
    week(tmp_path, 2)
    found, _ = desk.ask(lambda records: records.totals(0))
    assert found is not None and found.requests == 2


def test_an_unreachable_server(tmp_path: Path) -> None:
    url = "postgresql://someone:a-canary-password@127.0.0.1:1/records"
    found, why = RecordsDesk(Config(records=Records(url=url), data_dir=tmp_path)).ask(lambda records: records.totals(0))
    assert found is None and "cannot be read" in why and "canary" not in why
