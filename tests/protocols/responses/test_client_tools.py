from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.protocols.responses.client_tools import (
    BY_CALL,
    CLIENT_TOOLS,
    arguments_of,
    call_item,
    is_hosted,
    output_item,
    output_text,
)

CALLS: dict[str, dict[str, Any]] = {
    "local_shell": {"command": ["ls", "-l"], "env": {"A": "b"}, "timeout_ms": 5},
    "shell": {"commands": ["ls", "pwd"], "timeout_ms": 5},
    "apply_patch": {"type": "update_file", "path": "a", "diff": "+x"},
}


@pytest.mark.parametrize("name", CALLS)
def test_there_and_back(name: str) -> None:
    tool = CLIENT_TOOLS[name]
    item = call_item(tool, "id", "call", json.dumps(CALLS[name]), "completed")
    assert BY_CALL[item["type"]] is tool and item["call_id"] == "call"
    assert json.loads(arguments_of(tool, item)) == CALLS[name]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", '"x"', '{"command":5,"commands":5,"env":null}'])
def test_odd_arguments_still_make_a_call(name: str, arguments: str) -> None:
    tool = CLIENT_TOOLS[name]
    item = call_item(tool, "id", "call", arguments, "completed")
    assert isinstance(item[tool.body], dict)
    assert isinstance(item[tool.body].get("command", item[tool.body].get("commands", [])), list | int)


def test_a_bare_diff_is_a_patch() -> None:
    item = call_item(CLIENT_TOOLS["apply_patch"], "id", "call", "*** Begin", "completed")
    assert item["operation"] == {"type": "update_file", "path": "", "diff": "*** Begin"}


def test_outputs() -> None:
    shell = CLIENT_TOOLS["shell"]
    chunks = [{"stdout": "x", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
    assert output_item(shell, "c", json.dumps(chunks), False)["output"] == chunks
    assert output_item(shell, "c", "failed", True)["output"][0]["outcome"]["exit_code"] == 1
    assert json.loads(output_text(shell, {"output": chunks})) == chunks
    local = CLIENT_TOOLS["local_shell"]
    assert output_text(local, output_item(local, "c", "x", False)) == "x"
    patch = CLIENT_TOOLS["apply_patch"]
    assert output_item(patch, "c", "x", False)["status"] == "completed"
    assert output_text(patch, {"status": "failed", "output": None}) == "failed"
    assert output_text(patch, {}) == ""


def test_a_container_is_hosted() -> None:
    assert is_hosted({"type": "shell", "environment": {"type": "container_auto"}})
    assert not is_hosted({"type": "shell", "environment": {"type": "local"}})
    assert not is_hosted({"type": "shell"})
