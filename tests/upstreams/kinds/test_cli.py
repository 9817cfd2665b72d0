"""Which tool runs, with what, and who may have it run. The document it all came from: tests/seeds/test_seed_002.py."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.upstreams.cli.house import Tools, toml, tools

AGENT = """
[[agents]]
id = "coder"
model = "claude"
system_prompt = "Be brief."
temperature = 0.5
tokens = ["agent-secret-1"]
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    folder, other = tmp_path_factory.mktemp("tools"), tmp_path_factory.mktemp("other")
    codex = toml(other, name="codex-cli", tool="codex", model="gpt-x")
    with pytest.MonkeyPatch.context() as patch, tools(folder, patch, codex, AGENT, default=True) as house:
        yield house


@pytest.fixture(autouse=True)
def fresh(house: Tools) -> None:
    house.fresh()


HELLO = [{"role": "user", "content": "Hello!"}]


@pytest.mark.parametrize(
    ("model", "mapped", "told"),
    [
        ("claude", "claude", None),
        ("my-claude", "claude", None),
        ("anything", "claude", None),
        ("claude/opus", "opus", "opus"),
        ("claude/--yolo", "--yolo", "--yolo"),
    ],
)
def test_which_tool_and_which_model(house: Tools, model: str, mapped: str, told: str | None) -> None:
    """A name is a model's only after `tool/` (CL-P3); as the value of one argument it cannot be a flag (CL-X7)."""
    reply = house.post({"model": model, "messages": HELLO})
    assert reply.status_code == 200 and reply.headers["X-Mapped-Model"] == mapped
    argv = house.notes()[0]["argv"]
    assert [each for each in argv if each.startswith("--model")] == ([f"--model={told}"] if told else [])


def test_dry_run_tells_the_command_line_and_runs_nothing(house: Tools) -> None:
    """Without the prompt (CL-X6)."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "a secret"}], "dry_run": True}
    said = house.post(body).json()["choices"][0]["message"]["content"]
    assert said.startswith("Would execute: ") and "exec --json" in said and "--model=gpt-x" in said
    assert "a secret" not in said and "--sandbox=read-only" in said
    streamed = house.post({**body, "stream": True})
    assert "Would execute" in streamed.text and streamed.text.endswith("data: [DONE]\n\n")
    message = house.post({**body, "model": "claude", "max_tokens": 9}, "/anthropic/v1/messages").json()
    assert "--print" in message["content"][0]["text"] and house.notes() == []


def test_history_is_told_once(house: Tools) -> None:
    """Every system text, every turn (CL-P1)."""
    turns = [
        {"role": "system", "content": "one"},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4"},
        {"role": "developer", "content": "two"},
        {"role": "user", "content": "times 3?"},
    ]
    house.post({"model": "claude", "messages": turns})
    (note,) = house.notes()
    assert note["system"] == ["one\n\ntwo"]
    assert note["prompt"].count("2+2?") == note["prompt"].count("times 3?") == 1
    assert note["prompt"].endswith("<user>\ntimes 3?\n</user>") and "<assistant>\n4\n</assistant>" in note["prompt"]


def test_no_message_of_a_user_is_a_400(house: Tools) -> None:
    """CL-P1."""
    assert house.post({"model": "claude", "messages": [{"role": "system", "content": "x"}]}).status_code == 400
    assert house.notes() == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_page_runs_nothing(house: Tools, origin: str) -> None:
    for stream in (False, True):
        reply = house.post({"model": "claude", "messages": HELLO, "stream": stream}, Origin=origin)
        assert reply.status_code == 403 and reply.json()["error"]["code"] == "origin_not_allowed"
    assert house.notes() == []


@pytest.mark.parametrize(("mode", "status"), [("auto", 401), ("off", 403)])
def test_a_page_whose_name_leads_here_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, status: int
) -> None:
    """DNS rebinding: its origin is the host it asks. It needs a key, and where none is asked its name tells."""
    with tools(tmp_path, monkeypatch, f'[auth]\nmode = "{mode}"') as house:
        page = {"Origin": "http://rebound.example:8045", "Host": "rebound.example:8045"}
        reply = house.post({"model": "claude", "messages": HELLO}, **page)
        assert reply.status_code == status and house.notes() == []


@pytest.mark.parametrize(
    "path",
    [
        *("v1/chat/completions", "v1/completions", "v1/responses", "v1/messages"),
        *("v1beta/models/claude:generateContent", "agents/coder/v1/chat/completions"),
    ],
)
def test_a_foreign_page_runs_nothing_by_any_door(house: Tools, path: str) -> None:
    """With a good key too, since a browser may hold one; and whatever content type saves the page a preflight."""
    body = {"model": "claude", "messages": HELLO, "input": "Hello!", "prompt": "Hello!", "max_tokens": 9,
            "contents": [{"parts": [{"text": "Hello!"}]}]}  # fmt: skip
    for kind in ("application/json", "text/plain"):
        headers = {"Origin": "https://evil.example", "Authorization": "Bearer agent-secret-1", "Content-Type": kind}
        reply = requests.post(f"{house.gateway.url}/{path}", json.dumps(body), headers=headers, timeout=20)
        assert reply.status_code in (403, 415), reply.text
    assert house.notes() == []


def test_pages_of_named_origins_and_our_own_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tools(tmp_path, monkeypatch, '[server]\ncors_origins = ["https://mine.example"]') as house:
        for origin in ("https://mine.example", house.gateway.url):
            assert house.post({"model": "claude", "messages": HELLO}, Origin=origin).status_code == 200
        assert house.post({"model": "claude", "messages": HELLO}, Origin="https://evil.example").status_code == 403


def test_an_agent_on_a_tool(house: Tools) -> None:
    path = "/agents/coder/v1/chat/completions"
    document = house.post({"messages": HELLO}, path, Authorization="Bearer agent-secret-1").json()
    assert document["model"] == "claude" and house.notes()[0]["system"] == ["Be brief."]


def test_the_clients_wishes_never_reach_the_command_line(house: Tools) -> None:
    """Sandbox, approval, folder, environment and flags are the operator's (CL-X5, CL-X7)."""
    body = {
        "model": "claude",
        "messages": HELLO,
        "sandbox": "danger-full-access",
        "sandbox_mode": "full",
        "workdir": "/",
    }
    assert house.post({**body, "approval_mode": "auto", "extra": ["--yolo"], "env": {"A": "b"}}).status_code == 200
    (note,) = house.notes()
    line = json.dumps(note["argv"])
    assert "danger" not in line and "yolo" not in line and "bypass" not in line and "A" not in note["env"]


def test_a_configured_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, there, links resolved, none of the system's (CL-X8)."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "kept").touch()
    with tools(tmp_path, monkeypatch, workdir=str(work)) as house:
        assert house.post({"model": "claude", "messages": HELLO}).status_code == 200
        assert house.notes()[0]["cwd"] == str(work.resolve()) and house.all_gone() and (work / "kept").exists()
    link = tmp_path / "link"
    link.symlink_to("/etc")
    for wrong in ("/", "/etc", "/usr/bin", "/proc/self", str(link), str(tmp_path / "nowhere"), f"{work}/../link"):
        with tools(tmp_path, monkeypatch, workdir=wrong) as house:
            assert house.post({"model": "claude", "messages": HELLO}).status_code == 502


def test_readiness_names_what_is_missing(house: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert requests.get(house.gateway.url + "/readyz", timeout=5).json() == {"status": "ready", "version": "0.1.0"}
    other = '[[upstreams]]\nname = "codex-cli"\nkind = "cli"\ntool = "codex"\ncommand = "no-such-program"\n'
    with tools(tmp_path, monkeypatch, other) as house:
        document = requests.get(house.gateway.url + "/readyz", timeout=5).json()
        assert document["status"] == "ready" and "not found" in document["unavailable"]["codex-cli"]


def test_whether_a_program_is_there_is_looked_up_anew_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for every request, and without a restart (CL-X9)."""
    with tools(tmp_path, monkeypatch) as house:
        upstream = house.gateway.gateway.upstreams["claude-cli"]
        program = tmp_path / "fake-claude"
        assert upstream.available() is None
        program.rename(tmp_path / "away")
        assert upstream.available() is None, "it was there a moment ago"
        assert house.post({"model": "claude", "messages": HELLO}).status_code == 502
        monkeypatch.setattr("gateway.upstreams.kinds.cli.AVAILABLE_FOR_S", 0.0)
        assert "was not found" in str(upstream.available())
        (tmp_path / "away").rename(program)
        house.gateway.revive()
        assert house.post({"model": "claude", "messages": HELLO}).status_code == 200


def test_a_tool_that_tells_no_usage(house: Tools) -> None:
    """The answer makes no number up; the record estimates and says so (CL-R16)."""
    house.gateway.records.clear()
    reply = house.post({"model": "claude", "messages": [{"role": "user", "content": "do:uncounted"}]})
    assert reply.json()["choices"][0]["message"]["content"] == "words without numbers"
    assert "usage" not in reply.json() and house.gateway.alive()
    (record,) = house.gateway.records
    assert record.source == "counted" and (record.input_tokens or 0) > 0 and (record.output_tokens or 0) > 0


def test_each_run_has_a_system_text_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the upstream is called."""
    with tools(tmp_path, monkeypatch, name="claude.cli", max_processes=4) as house:

        def ask(number: int) -> None:
            turns = [
                {"role": "system", "content": f"text {number}"},
                {"role": "user", "content": f"do:sleep 0.3\n{number}"},
            ]
            statuses.append(house.post({"model": "claude", "messages": turns}).status_code)

        statuses: list[int] = []
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert statuses == [200] * 4
        told = [(note["system"][0].split()[1], note["prompt"].split("\n")[1]) for note in house.notes()]
        assert sorted(told) == [(str(number), str(number)) for number in range(4)]


def test_a_command_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is relative to where the gateway was started, not to the folder of the run."""
    monkeypatch.chdir(tmp_path)
    with tools(tmp_path, monkeypatch, command="./fake-claude") as house:
        assert house.post({"model": "claude", "messages": HELLO}).status_code == 200


def test_a_login_in_dotenv_reaches_the_tool_and_nothing_else_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv = "CLAUDE_CODE_OAUTH_TOKEN=from-the-file\nFAKE_NOTES=elsewhere\nOTHER=secret\n"
    env = ["PATH", "FAKE_NOTES", "CLAUDE_CODE_OAUTH_TOKEN"]
    with tools(tmp_path, monkeypatch, dotenv=dotenv, env=env) as house:
        assert house.post({"model": "claude", "messages": HELLO}).status_code == 200
        (note,) = house.notes()
        assert note["env"]["CLAUDE_CODE_OAUTH_TOKEN"] == "from-the-file" and "OTHER" not in note["env"]
