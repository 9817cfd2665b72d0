"""Codex's tools at providers that know functions only: free-form tools, patches, shells and namespaces come back to the
client as the items it knows, and their outputs reach the provider as results of the calls it made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from openai.types.responses import Response

from tests.contract.cases import streams
from tests.contract.doors import Doors
from tests.gateways import Reply
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script

PROVIDERS = pytest.mark.parametrize("provider", ["chat", "anthropic", "gemini"])
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'}
PATCH = '*** Begin Patch\n*** Add File: a "b".txt\n+\u2028 🌍\n*** End Patch'
FUNCTION = {"type": "function", "name": "commit", "parameters": {"type": "object", "properties": {}}, "strict": False}


@dataclass(frozen=True)
class Case:
    """`tool` as Codex declares it; `named` what the provider knows it as; `arguments` of its call there; `item` what
    the client must get (besides its ids); `output` the client's answer, `said` what of it the provider must be told."""

    tool: dict[str, Any]
    named: str
    arguments: dict[str, Any]
    item: dict[str, Any]
    output: dict[str, Any]
    said: str = "it is done"


CASES = {
    "custom": Case(
        {"type": "custom", "name": "apply_patch", "description": "Patches.", "format": GRAMMAR},
        "apply_patch",
        {"input": PATCH},
        {"type": "custom_tool_call", "name": "apply_patch", "input": PATCH},
        {"type": "custom_tool_call_output", "output": "it is done"},
    ),
    "local shell": Case(
        {"type": "local_shell"},
        "local_shell",
        {"command": ["ls", "-l"], "timeout_ms": 5},
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls", "-l"], "timeout_ms": 5, "env": {}}},
        {"type": "local_shell_call_output", "output": "it is done"},
    ),
    "shell": Case(
        {"type": "shell"},
        "shell",
        {"commands": ["ls"]},
        {"type": "shell_call", "action": {"commands": ["ls"]}},
        {
            "type": "shell_call_output",
            "output": [{"stdout": "it is done", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
    ),
    "patch": Case(
        {"type": "apply_patch"},
        "apply_patch",
        {"type": "update_file", "path": "a", "diff": "+x"},
        {"type": "apply_patch_call", "operation": {"type": "update_file", "path": "a", "diff": "+x"}},
        {"type": "apply_patch_call_output", "status": "completed", "output": "it is done"},
    ),
    "namespace": Case(
        {"type": "namespace", "name": "git", "description": "git", "tools": [FUNCTION]},
        "git__commit",
        {"n": 1},
        {"type": "function_call", "namespace": "git", "name": "commit", "arguments": '{"n": 1}'},
        {"type": "function_call_output", "output": "it is done"},
    ),
}


def output_of(reply: Reply) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.body
    document = json.loads(reply.events[-1][1])["response"] if reply.streamed else reply.json
    Response.model_validate(document)
    found: list[dict[str, Any]] = document["output"]
    return found


@streams
@PROVIDERS
@pytest.mark.parametrize("name", CASES)
def test_a_round_of_a_tool(doors: Doors, provider: str, stream: bool, name: str) -> None:
    case = CASES[name]
    hello = {"role": "user", "content": "go"}
    body: dict[str, Any] = {"input": [hello], "tools": [case.tool], "store": False}
    call = ToolUse(case.named, json.dumps(case.arguments, ensure_ascii=False))
    doors.up.play(Script(answer=Answer(tools=(call,))), Script())
    reply = doors.ask("responses", provider, dict(body), stream=stream)
    assert list(doors.seen.tools) == [case.named]
    (item,) = output_of(reply)
    assert _plain(case.item).items() <= _plain(item).items()

    answered = {**case.output, "call_id": item["call_id"], "id": item["id"]}
    if name != "local shell":
        del answered["id"]
    body["input"] = [hello, item, answered]
    assert doors.ask("responses", provider, dict(body), stream=stream).status == 200
    seen = doors.seen
    assert [(use.name, use.args) for use in seen.uses] == [(case.named, case.arguments)]
    assert [each.id for each in seen.results] == [use.id for use in seen.uses]
    assert case.said in seen.results[0].text


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Arguments as what they say, absent values left out."""
    said = {**item, "arguments": json.loads(item["arguments"])} if "arguments" in item else dict(item)
    if isinstance(said.get("action"), dict):
        said["action"] = {key: value for key, value in said["action"].items() if value not in (None, {})}
    return said


@PROVIDERS
def test_a_grammar_is_told_in_words(doors: Doors, provider: str) -> None:
    doors.ask("responses", provider, {"input": "go", "tools": [CASES["custom"].tool]})
    sent = json.dumps(doors.request.body)
    assert "Patches." in sent and "lark grammar" in sent and "*** Begin Patch" in sent


@PROVIDERS
def test_two_tools_of_one_name_in_two_namespaces(doors: Doors, provider: str) -> None:
    namespaces = [{"type": "namespace", "name": each, "description": each, "tools": [FUNCTION]} for each in ("a", "b")]
    uses = (ToolUse("b__commit", "{}", "c1"), ToolUse("a__commit", "{}", "c2"))
    doors.up.play(Script(answer=Answer(tools=uses)))
    found = output_of(doors.ask("responses", provider, {"input": "go", "tools": [*namespaces, FUNCTION]}))
    assert list(doors.seen.tools) == ["a__commit", "b__commit", "commit"]
    assert [(item["namespace"], item["name"]) for item in found] == [("b", "commit"), ("a", "commit")]
