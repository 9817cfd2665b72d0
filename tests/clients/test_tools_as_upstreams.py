"""The real claude, codex and gemini as upstreams of kind cli, each pointed at a scripted provider on loopback."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.process import MODULES, NODE
from tests.gateways import InProcess, Reply
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script, failing
from tests.scripted.upstream import ScriptedUpstream

pytestmark = pytest.mark.clients

TOOLS = ("claude", "codex", "gemini")
PROTOCOLS = ("chat", "messages", "responses", "gemini")
MODEL = {"claude": "claude-sonnet-4-5", "codex": "gpt-5.5", "gemini": "gemini-2.5-flash"}
PROGRAM = {
    "claude": [str(MODULES / "@anthropic-ai/claude-code-linux-x64/claude")],
    "codex": [str(MODULES / "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex")],
    "gemini": [str(NODE), str(MODULES / "@google/gemini-cli/bundle/gemini.js")],
}
QUIET_GEMINI = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False, "maxAttempts": 1},
    "telemetry": {"enabled": False},
    "privacy": {"usageStatisticsEnabled": False},
}


@dataclass
class House:
    """One tool behind a gateway; `up` is the provider the tool itself asks, `home` the tool's."""

    tool: str
    gateway: InProcess
    up: ScriptedUpstream
    home: Path

    def ask(self, text: str, protocol: str = "chat", stream: bool = False, **more: Any) -> Reply:
        self.gateway.revive()
        return self.gateway.ask(protocol, model=self.tool, stream=stream, text=text, **more)

    def processes(self) -> list[int]:
        """Those that live in this home."""
        mark = f"HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    environment = (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                found += [int(entry.name)] if mark in environment else []
        return found

    def alone(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.processes():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture(scope="module", params=TOOLS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(request.param, tmp_path_factory.mktemp(request.param), timeout_s=60) as house:
        yield house


@contextmanager
def opened(
    tool: str, home: Path, timeout_s: float, under: tuple[str | Path, ...] = (), login: bool = True
) -> Iterator[House]:
    """`under` is a command that runs the tool. Nothing of the tool is left when it closes."""
    with ScriptedUpstream() as up, pytest.MonkeyPatch.context() as patch:
        names = _log_in(tool, home, up, patch)
        if not login:
            (home / ".gemini" / "settings.json").unlink(missing_ok=True)
            names = []
        program = home / "program"
        program.write_text("#!/bin/sh\nexec " + " ".join(map(str, (*under, *PROGRAM[tool]))) + ' "$@"\n')
        program.chmod(0o755)
        table = {
            "name": f"{tool}-cli", "kind": "cli", "tool": tool, "command": str(program), "model": MODEL[tool],
            "timeout_s": timeout_s, "env": ["PATH", "HOME", *names],
        }  # fmt: skip
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
        with InProcess("[[upstreams]]\n" + lines) as gateway:
            house = House(tool, gateway, up, home)
            yield house
            assert house.alone(8)


def _log_in(tool: str, home: Path, up: ScriptedUpstream, patch: pytest.MonkeyPatch) -> list[str]:
    """Writes the tool's own configuration; the names of the variables it needs."""
    env = {"HOME": str(home), "PATH": f"{NODE.parent}:/usr/bin:/bin"}
    match tool:
        case "claude":
            more = {"ANTHROPIC_BASE_URL": up.root_url, "ANTHROPIC_API_KEY": "sk-x", "CLAUDE_CODE_MAX_RETRIES": "1"}
        case "codex":
            (home / ".codex").mkdir()
            (home / ".codex" / "config.toml").write_text(
                f'model_provider = "gw"\n[model_providers.gw]\nname = "gw"\nbase_url = "{up.base_url}"\n'
                'env_key = "K"\nwire_api = "responses"\nrequest_max_retries = 1\nstream_max_retries = 1\n'
            )
            more = {"K": "sk-x"}
        case _:
            (home / ".gemini").mkdir()
            (home / ".gemini" / "settings.json").write_text(json.dumps(QUIET_GEMINI))
            more = {"GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": up.root_url}
    for name, value in {**env, **more}.items():
        patch.setenv(name, value)
    return list(more)


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    if "house" in request.fixturenames:
        house: House = request.getfixturevalue("house")
        house.up.requests.clear()
        house.up.play(Script(answer=Answer(spoken("hello big world"))))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_answer_through_every_protocol(house: House, protocol: str, stream: bool) -> None:
    reply = house.ask("--help $(touch pwned) say hi", protocol, stream)
    assert reply.status == 200, reply.body
    assert reply.told.text == "hello big world" and ((protocol == "chat" and stream) or sum(reply.told.usage or ()) > 0)
    asked = house.up.asked()[-1]
    assert asked.model == MODEL[house.tool] and "--help $(touch pwned) say hi" in asked.raw.decode()


def test_the_system_text_reaches_the_provider(house: House) -> None:
    """CL-P2."""
    turns = [{"role": "system", "content": "Speak like a dragoman."}, {"role": "user", "content": "hi"}]
    assert house.ask("", messages=turns).status == 200
    assert "Speak like a dragoman." in house.up.asked()[-1].raw.decode()


def test_a_prompt_that_looks_like_a_command_is_a_prompt(house: House) -> None:
    assert house.ask("/help me").told.text == "hello big world"
    assert "/help me" in house.up.asked()[-1].raw.decode()


def test_thinking_is_shown_as_reasoning_and_never_as_text(house: House) -> None:
    house.up.play(Script(answer=Answer(spoken("so"), thinking=("hmm ", "well"))))
    told = house.ask("hi", stream=True).told
    assert told.text == "so" and (house.tool == "gemini" or "hmm well" in told.thinking)


def test_nothing_is_changed_by_a_model_that_wants_to(house: House, tmp_path: Path) -> None:
    file = tmp_path / "written"
    name, arguments = {
        "claude": ("Bash", {"command": f"touch {file}", "description": "x"}),
        "codex": ("exec_command", {"cmd": f"sleep 1; touch {file}"}),
        "gemini": ("run_shell_command", {"command": f"touch {file}", "description": "x"}),
    }[house.tool]
    calling = Answer(spoken("let me see"), tools=(ToolUse(name, json.dumps(arguments)),))
    house.up.play(Script(answer=calling), Script(answer=Answer(spoken("done now"))))
    reply = house.ask("write it")
    assert reply.status == 200 and reply.told.text == "let me see\n\ndone now"
    assert f"[{'command' if house.tool == 'codex' else name}]" in reply.told.thinking, "its activity is shown"
    assert len(house.up.asked()) == 2 and not file.exists()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("status", "expected"), [(400, 400), (401, 503), (429, 429), (500, 500)])
def test_a_provider_that_refuses(house: House, status: int, expected: int, stream: bool) -> None:
    """A native error, whatever the tool makes of it (CL-R14)."""
    house.up.play(failing(status, "scripted refusal"))
    reply = house.ask("hi", stream=stream)
    if house.tool == "codex" and status >= 429:  # it puts words of its own in place of the provider's
        said, expected = ("429" if status == 429 else "high demand"), (429 if status == 429 else 502)
    else:
        said = "scripted refusal"
    assert reply.status == expected and house.alone(8), reply.body
    assert said in reply.json["error"]["message"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_provider_that_fails_is_told_in_every_protocol(house: House, protocol: str) -> None:
    house.up.play(failing(400, "scripted refusal"))
    reply = house.ask("hi", protocol)
    assert reply.status == 400 and reply.told.error is not None and "scripted refusal" in reply.body.decode()


@pytest.mark.parametrize("tool", ["claude", "gemini"])
def test_a_tool_that_is_not_logged_in(tool: str, tmp_path: Path) -> None:
    """Codex, which asks its provider all the same, is told by that one's 401."""
    with opened(tool, tmp_path, 60, login=False) as house:
        reply = house.ask("hi")
        error = reply.json["error"]
        assert reply.status == 503 and error["code"] == "upstream_auth", reply.body
        assert "the operator has to log the tool in" in error["message"] and not house.up.asked()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_provider_that_hangs(tool: str, tmp_path: Path) -> None:
    """The run is over after timeout_s, whole and streamed, and its processes are gone (CL-X11)."""
    with opened(tool, tmp_path, timeout_s=8) as house:
        house.up.play(Script(answer=Answer(spoken("never")), first_delay=40))
        for stream in (False, True):
            reply = house.ask("hi", stream=stream)
            assert reply.status == 504 and "within 8 s" in reply.json["error"]["message"], reply.body
            assert house.up.asked() and reply.seconds < 30 and house.alone(8)


def test_a_client_that_leaves_leaves_no_process(house: House) -> None:
    """CL-X11."""
    house.up.play(Script(answer=Answer(spoken("one two three")), first_delay=30))
    opened = house.gateway.open("chat", model=house.tool, stream=True, text="hi")
    assert house.up.wait_for(lambda: bool(house.up.asked()), 20) and house.processes()
    opened.leave()
    assert house.alone(8)


def test_a_run_leaves_no_session(house: House) -> None:
    """CL-P5."""
    assert house.ask("remember the word xylophone").status == 200 and house.alone(8)
    time.sleep(0.1)
    texts = [path for path in house.home.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl")]
    assert [path for path in texts if "xylophone" in path.read_text(errors="replace")] == []
