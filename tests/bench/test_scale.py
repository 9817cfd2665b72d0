"""One tiny round with few and with some accounts and bindings. Says nothing about speed."""

from __future__ import annotations

from bench.scale import Scaled, Size, lines, scaled


def test_every_size_is_answered() -> None:
    (rows,) = scaled([(Size(1, 0, 1), Size(20, 500, 2))], rounds=1, seconds=0.01)
    assert [row.name for row in rows] == ["1 account", "20 accounts, 500 bindings"]
    for row in rows:
        assert row.errors == 0 and row.requests > 0 and row.cpu_request > 0, row.first_error
    assert rows[0].times == 1.0 and rows[1].times > 0


def test_what_is_not_flat_says_so() -> None:
    shown = "\n".join(lines([[Scaled("few", 100.0, 1.0, 9, 0, ""), Scaled("many", 112.0, 1.12, 9, 1, "status 500")]]))
    few, many, *rest = shown.splitlines()[-3:]
    assert "NOT FLAT" not in few and many.endswith("NOT FLAT") and rest == ["    status 500"]
