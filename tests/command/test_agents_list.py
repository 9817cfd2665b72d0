"""What `dragoman agents list` prints, run as it stands there: on the demonstration model, on a tool, on a provider."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.upstreams.cli.slots import runs_folder
from tests.gateways import Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream
from tests.upstreams.cli.house import toml

TOKEN = "agent-token-0123456789"


def agent(id: str, **more: Any) -> str:
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in more.items())
    return f'[[agents]]\nid = "{id}"\ntokens = ["{TOKEN}"]\n{lines}'


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        up.play(Script())
        yield up


def listed(running: RunningGateway, *arguments: str) -> str:
    """What the command prints with the configuration of a running gateway."""
    env = {**os.environ, "DRAGOMAN_CONFIG": str(running.config_file), "DRAGOMAN_DATA": str(running.data)}
    if running.port:
        env["PORT"] = str(running.port)
    command = [str(Path(sys.executable).parent / "dragoman"), "agents", "list", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and TOKEN not in done.stdout, done.stderr
    return done.stdout


def run(curl: str) -> dict[str, Any]:
    env = {**os.environ, "TOKEN": TOKEN}
    done = subprocess.run(["bash", "-euc", curl], env=env, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def curls(printed: str) -> list[str]:
    return [f"curl {block.split(chr(10) * 2)[0]}" for block in printed.split("\n  curl ")[1:]]


def test_each_curl_works_as_printed(up: ScriptedUpstream, tmp_path: Path) -> None:
    agents = [
        agent("support", model="real-model", upstream="chat", system_prompt="You answer for the shop."),
        agent("coder", model="claude", system_prompt="Be brief."),
        agent("opus", model="claude/opus"),
    ]
    config = config_for(Provider(up, "chat", models=("real-model",))) + "\n" + toml(tmp_path) + "".join(agents)
    notes = tmp_path / "notes"
    with RunningGateway(config, env={"FAKE_NOTES": str(notes)}) as running:
        commands = curls(listed(running))
        assert len(commands) == 3
        answers = [run(command) for command in commands]
        shutil.rmtree(runs_folder(running.data), ignore_errors=True)
    assert [each["model"] for each in answers] == ["real-model", "claude", "opus"]
    assert [each["choices"][0]["message"]["content"] for each in answers] == ["ok", "hello there", "hello there"]
    assert up.asked()[-1].body["messages"][0]["content"] == "You answer for the shop."
    began = [json.loads(line) for line in notes.read_text().splitlines() if '"began"' in line]
    assert began[0]["system"] == ["Be brief."] and "--model=opus" in began[1]["argv"]


def test_the_demonstration_model_as_an_agent() -> None:
    with RunningGateway(agent("demo", model="anything", system_prompt="You are brief.", max_tokens=8)) as running:
        (command,) = curls(listed(running))
        answer = run(command)
    assert answer["choices"][0]["message"]["content"] and answer["usage"]["completion_tokens"] <= 8


def test_a_gateway_on_a_unix_socket(up: ScriptedUpstream) -> None:
    config = config_for(Provider(up, "chat", models=("real-model",))) + agent("support", model="real-model")
    with RunningGateway(config, unix=True) as running:
        running.configure(f'[server]\nbind = "unix:{running.socket_path}"\n{config}')
        (command,) = curls(listed(running))
        assert "--unix-socket" in command
        assert run(command)["choices"][0]["message"]["content"] == "ok"
        (found,) = json.loads(listed(running, "--json", "--url", "https://llm.example/"))
        assert "--unix-socket" not in found["curl"] and "https://llm.example/agents/support/v1/" in found["curl"]
