"""The real tools inside what deploy/dragoman.service allows: its filters of system calls, namespaces and addresses.

Its mounts (ProtectSystem and the like) are not made here; they want a running systemd.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.clients.test_tools_as_upstreams import TOOLS, opened
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "dragoman.service"
CONFINED = Path(__file__).with_name("systemd") / "confined.py"


def under(*units: Path) -> tuple[str | Path, ...]:
    return (sys.executable, CONFINED, *units, "--")


@pytest.mark.parametrize("tool", TOOLS)
def test_an_answer_inside_the_unit(tool: str, tmp_path: Path) -> None:
    with opened(tool, tmp_path, 60, under(UNIT)) as house:
        house.up.play(Script(answer=Answer(spoken("hello big world"))))
        assert house.ask("hi", "messages", stream=True).told.text == "hello big world"


@pytest.mark.parametrize("edited", [False, True])
def test_codex_runs_commands_only_with_the_lines_of_the_page(tmp_path: Path, edited: bool) -> None:
    (lines,) = re.findall(
        r"```ini\n(.*?)```", (ROOT / "docs" / "command-line-assistants.md").read_text(encoding="utf-8"), re.S
    )
    edit = tmp_path / "override.conf"
    edit.write_text(lines if edited else "")
    calling = ToolUse("exec_command", json.dumps({"cmd": f"sleep 1; echo $((6 * 7)); touch {tmp_path}/forbidden"}))
    with opened("codex", tmp_path, 60, under(UNIT, edit)) as house:
        house.up.play(Script(answer=Answer(spoken("let me see"), tools=(calling,))), Script())
        reply = house.ask("look")
        assert reply.status == 200 and reply.told.text == "let me see\n\nok"
        assert ("[result] 42" in reply.told.thinking) == edited, reply.told.thinking
        assert not edited or "Read-only file system" in reply.told.thinking
