"""Tools OpenAI defines but the client runs: local_shell, shell and apply_patch.

Each has item types of its own on the wire; in the canon (and so toward every other provider) they are plain
functions.
https://platform.openai.com/docs/guides/tools-local-shell, .../tools-shell, .../tools-apply-patch
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.protocols.wire_json import JSONDecodeError, dumps, loads

_SHELL_WORDS = {"type": "array", "items": {"type": "string"}}


@dataclass(slots=True, frozen=True)
class ClientTool:
    """`body` is the field of the call item that holds what the model asks for, `id_prefix` begins its ids."""

    name: str
    call: str
    output: str
    body: str
    id_prefix: str
    description: str
    parameters: dict[str, Any]


CLIENT_TOOLS: dict[str, ClientTool] = {
    tool.name: tool
    for tool in (
        ClientTool(
            "local_shell",
            "local_shell_call",
            "local_shell_call_output",
            "action",
            "lsh_",
            "Runs a command on the user's machine and returns its output.",
            {
                "type": "object",
                "properties": {
                    "command": {**_SHELL_WORDS, "description": "The command and its arguments."},
                    "working_directory": {"type": "string"},
                    "timeout_ms": {"type": "integer"},
                    "env": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "required": ["command"],
            },
        ),
        ClientTool(
            "shell",
            "shell_call",
            "shell_call_output",
            "action",
            "sh_",
            "Runs shell commands on the user's machine and returns their output.",
            {
                "type": "object",
                "properties": {
                    "commands": {**_SHELL_WORDS, "description": "Command lines, run in order."},
                    "timeout_ms": {"type": "integer"},
                    "max_output_length": {"type": "integer"},
                },
                "required": ["commands"],
            },
        ),
        ClientTool(
            "apply_patch",
            "apply_patch_call",
            "apply_patch_call_output",
            "operation",
            "apc_",
            "Creates, updates or deletes a file with a V4A diff.",
            {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
                    "path": {"type": "string"},
                    "diff": {"type": "string", "description": "A V4A diff; not for delete_file."},
                },
                "required": ["type", "path"],
            },
        ),
    )
}
BY_CALL: dict[str, ClientTool] = {tool.call: tool for tool in CLIENT_TOOLS.values()}
BY_OUTPUT: dict[str, ClientTool] = {tool.output: tool for tool in CLIENT_TOOLS.values()}


def is_hosted(definition: dict[str, Any]) -> bool:
    """Whether a `shell` definition runs in OpenAI's container instead of at the client."""
    environment = definition.get("environment")
    return isinstance(environment, dict) and environment.get("type") in (
        "container_auto",
        "container_reference",
    )


def arguments_of(tool: ClientTool, item: dict[str, Any]) -> str:
    """The function arguments (JSON text) a call item stands for; an empty `env`, which the item must have, was not the
    model's word."""
    wanted = item.get(tool.body)
    if not isinstance(wanted, dict):
        return "{}"
    if tool.name == "local_shell":
        wanted = {key: value for key, value in wanted.items() if key != "type" and value not in (None, {})}
    return dumps(wanted).decode()


def call_item(tool: ClientTool, item_id: str, call_id: str, arguments: str, status: str) -> dict[str, Any]:
    """The call item for function arguments; models new to the tool may send the command as one text."""
    try:
        wanted = loads(arguments)
    except JSONDecodeError:
        wanted = None
    body: dict[str, Any] = dict(wanted) if isinstance(wanted, dict) else {}
    if tool.name == "local_shell":
        body = {"type": "exec", **body, "command": _words(body.get("command")), "env": body.get("env") or {}}
    elif tool.name == "shell":
        commands = body.get("commands") or body.get("command")
        body["commands"] = [str(line) for line in commands] if isinstance(commands, list) else _line(commands)
    else:
        body = {"type": "update_file", "path": "", **body}
        if body["type"] != "delete_file":
            body.setdefault("diff", "" if isinstance(wanted, dict) else arguments)
    item: dict[str, Any] = {
        "id": item_id,
        "type": tool.call,
        "status": status,
        "call_id": call_id,
        tool.body: body,
    }
    return item


def _words(command: Any) -> list[str]:
    if isinstance(command, list):
        return [str(word) for word in command]
    return ["bash", "-lc", command] if isinstance(command, str) and command else []


def _line(command: Any) -> list[str]:
    return [command] if isinstance(command, str) and command else []


def output_text(tool: ClientTool, item: dict[str, Any]) -> str:
    """What an output item says, as text for a function result."""
    output = item.get("output")
    if isinstance(output, str) and output:
        return output
    if isinstance(output, list):
        return dumps(output).decode()
    status = item.get("status")
    return status if isinstance(status, str) else ""


def output_item(tool: ClientTool, call_id: str, text: str, is_error: bool) -> dict[str, Any]:
    """The output item for a function result that came from another dialect."""
    if tool.name == "local_shell":
        return {"type": tool.output, "id": call_id, "call_id": call_id, "output": text}
    if tool.name == "apply_patch":
        status = "failed" if is_error else "completed"
        return {"type": tool.output, "call_id": call_id, "status": status, "output": text}
    try:
        chunks = loads(text)
    except JSONDecodeError:
        chunks = None
    if not (isinstance(chunks, list) and chunks and all(isinstance(c, dict) and "outcome" in c for c in chunks)):
        outcome = {"type": "exit", "exit_code": 1 if is_error else 0}
        chunks = [{"stdout": text, "stderr": "", "outcome": outcome}]
    return {"type": tool.output, "call_id": call_id, "output": chunks}
