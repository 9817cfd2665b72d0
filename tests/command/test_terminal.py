from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.command.main import command
from gateway.command.terminal import shown
from gateway.monitoring.bodies import Bodies
from gateway.monitoring.record import Record
from tests.web.admin.past import keep

EVIL = "\x1b[31mred\x1b]0;owned\x07 \x9b2J \u202e \r\x7f \U000e0041 \u2028"


def test_what_people_read_stays() -> None:
    text = 'a "line"\n\tмодель 模型 é 🎉'
    assert shown(text) == text


@pytest.mark.parametrize("mark", EVIL)
def test_no_mark_is_obeyed_and_json_stays_json(mark: str) -> None:
    text = json.dumps({"said": f"a{mark}é\n"}, ensure_ascii=False, indent=2)
    assert all(each.isprintable() or each == "\n" for each in shown(text))
    assert json.loads(shown(text)) == json.loads(text)


@pytest.mark.parametrize(
    "words", [("logs",), ("logs", "--json"), ("logs", "--id", "req-1"), ("usage", "--by", "model")]
)
def test_what_clients_and_providers_said_is_only_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    record = Record(1e9, "req-1", "POST", f"/v1/{EVIL}", "", "", 400, 0.1, asked=EVIL, mapped=EVIL, error=EVIL)
    record.attempts = [EVIL, EVIL]
    body = EVIL.encode()
    keep([record], tmp_path, bodies=[Bodies("req-1", 1e9, body, len(body), body, len(body))])
    environment = {"DRAGOMAN_DATA": str(tmp_path), "DRAGOMAN_CONFIG": str(tmp_path / "dragoman.toml")}
    (tmp_path / "dragoman.toml").write_text("")
    since = ("--since", "5200w") if words[0] == "usage" else ()
    result = CliRunner(env=environment).invoke(command, [*words, *since])
    assert result.exit_code == 0 and "red" in result.output, result.output
    assert all(each.isprintable() or each in "\n\t" for each in result.output), result.output
