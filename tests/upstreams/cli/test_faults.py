from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.upstreams.cli import process
from tests.gateways import Reply
from tests.upstreams.cli.house import Tools, alive, tools

PROTOCOLS = ("chat", "messages", "responses", "gemini")
CHATS = [
    pytest.param(protocol, stream, id=f"{protocol}-{'stream' if stream else 'whole'}")
    for protocol in PROTOCOLS
    for stream in (False, True)
]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    with tools(tmp_path, monkeypatch, timeout_s=20, max_output_mb=16) as house:
        yield house


def ask(house: Tools, text: str, protocol: str = "chat", stream: bool = False) -> Reply:
    house.gateway.revive()
    return house.gateway.ask(protocol, model="claude", stream=stream, text=text)


@pytest.mark.parametrize(("protocol", "stream"), CHATS)
def test_an_answer_in_every_protocol(house: Tools, protocol: str, stream: bool) -> None:
    """Lines that are no JSON, or half of one, are noise and no text (CL-Y4, CL-Y6)."""
    reply = ask(house, "do:noise\ndo:thought", protocol, stream)
    assert reply.status == 200 and reply.told.text == "hello there", reply.body
    assert reply.headers["x-gateway-mode"] == "translated" and reply.headers["x-mapped-model"] == "claude"
    assert house.notes()[0]["prompt"] == "do:noise\ndo:thought" and house.all_gone()


@pytest.mark.parametrize(
    "prompt", ["--help", "-p --dangerously-skip-permissions", "$(touch pwned) `id` \"'; rm -rf x", "ünï\u2028cøde\n\n"]
)
def test_a_prompt_is_never_a_flag_nor_a_command(house: Tools, prompt: str) -> None:
    """It goes by stdin, whatever it is (CL-P4)."""
    assert ask(house, prompt).status == 200
    (note,) = house.notes()
    assert note["prompt"] == prompt and not any(prompt.strip()[:6] in each for each in note["argv"])


def test_a_prompt_that_no_argument_could_hold(house: Tools) -> None:
    """CL-P4."""
    prompt = "é" * 3_000_000
    assert ask(house, prompt).status == 200 and house.notes()[0]["prompt"] == prompt


def test_what_a_tool_is_given(house: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the environment what is allowed (CL-X13), and an empty folder that is gone afterwards (CL-X8)."""
    assert ask(house, "hi").status == 200
    (note,) = house.notes()
    allowed = {"PATH", "HOME", "FAKE_NOTES", "TMPDIR", "NO_COLOR", "LC_CTYPE", "PWD", "SHLVL", "_"}
    own = {name for name in note["env"] if name.startswith(("CLAUDE_", "DISABLE_"))}
    assert set(note["env"]) - own <= allowed and "sk-never-for-a-tool" not in str(note)
    cwd, scratch = Path(note["cwd"]), Path(note["env"]["TMPDIR"])
    assert note["files"] == [] and not scratch.is_relative_to(cwd), "its temporary files are not in its folder"
    assert house.all_gone() and eventually(lambda: not cwd.exists() and not scratch.exists())
    assert (
        "--permission-mode" in note["argv"] and note["argv"][note["argv"].index("--permission-mode") + 1] == "default"
    )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("order", "status", "words"),
    [
        ("exit 1", 502, "exit code 1: no credentials: sk-*** is wrong"),
        ("half", 502, "without telling its result"),
        ("long", 502, "longer than 10 MiB"),
        ("much", 502, "max_output_mb"),
        ("failed 400", 400, "the provider said no"),
        ("failed 429", 429, "the provider said no"),
        ("failed 401", 503, "has no login its provider accepts"),
        ("failed 500", 500, "the provider said no"),
    ],
)
def test_a_fault_before_the_first_word_is_a_native_error(
    house: Tools, order: str, status: int, words: str, stream: bool
) -> None:
    """Never a 200 with finish_reason "error" (CL-R14); of an exit code, the last line of stderr says why (CL-X10)."""
    reply = ask(house, f"do:{order}", stream=stream)
    assert reply.status == status and words in reply.json["error"]["message"], reply.body
    assert len(house.notes()) == 1, "a tool is not run again for the same request"
    assert "abcdefghijklmnop" not in reply.body.decode() and house.all_gone()


@pytest.mark.parametrize(("code", "status"), [(41, 503), (42, 502)])
def test_an_exit_code_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, status: int) -> None:
    """Gemini CLI without a login."""
    with tools(tmp_path, monkeypatch, tool="gemini") as house:
        error = house.gateway.ask("chat", model="gemini", text=f"do:exit {code}")
        assert error.status == status and f"exit code {code}" in error.json["error"]["message"]
        assert (error.json["error"]["code"] == "upstream_auth") == (status == 503)


@pytest.mark.parametrize(("protocol", "stream"), CHATS)
@pytest.mark.parametrize(("order", "status"), [("exit 1", 502), ("failed 429", 429)])
def test_a_fault_before_the_first_word_in_every_protocol(
    house: Tools, order: str, status: int, protocol: str, stream: bool
) -> None:
    """CL-R14."""
    reply = ask(house, f"do:{order}", protocol, stream)
    assert reply.status == status and not reply.streamed and reply.told.error is not None, reply.body


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_fault_after_words_is_the_protocols_error_event(house: Tools, protocol: str) -> None:
    """CL-R14."""
    reply = ask(house, "do:broken", protocol, stream=True)
    assert reply.status == 200 and reply.told.text.startswith("one")
    assert reply.told.error is not None and reply.told.finish in (None, "failed")


def test_a_hundred_megabytes_of_stderr(house: Tools) -> None:
    """It is read apart, so that it neither blocks nor gets into the answer (CL-X10)."""
    reply = ask(house, "do:stderr 100")
    assert reply.status == 200 and reply.told.text == "hello there"


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_that_hangs_is_ended_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    """With what it has started (CL-X11)."""
    with tools(tmp_path, monkeypatch, timeout_s=1) as house:
        reply = ask(house, "do:grandchild\ndo:hang", stream=stream)
        assert reply.status == 504 and "timeout_s" in reply.json["error"]["message"] and reply.seconds < 5
        assert len(house.notes()) == 1 and len(house.pids()) == 2 and house.all_gone()


@pytest.mark.parametrize("order", ["hang", "hang after"])
def test_a_client_that_leaves_takes_the_tool_with_it(house: Tools, order: str) -> None:
    opened = house.gateway.open("chat", model="claude", stream=True, text=f"do:grandchild\ndo:{order}")
    until = time.monotonic() + 5
    while len(house.pids()) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    if order == "hang after":
        assert b"one" in next(opened.chunks())
    assert all(map(alive, house.pids()))
    opened.leave()
    assert house.all_gone(2.0) and house.gateway.alive()


def test_a_tool_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 5 s, shortened here (CL-X11)."""
    assert process.KILL_AFTER_S == 5.0
    monkeypatch.setattr("gateway.upstreams.cli.process.KILL_AFTER_S", 0.3)
    with tools(tmp_path, monkeypatch, timeout_s=1) as house:
        assert ask(house, "do:stubborn").status == 504
        assert len(house.pids()) == 1 and house.all_gone(3.0)


def test_grandchildren_do_not_outlive_a_run(house: Tools) -> None:
    assert ask(house, "do:grandchild").status == 200
    assert len(house.pids()) == 2 and house.all_gone(4.0)


def test_a_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CL-X9."""
    with tools(tmp_path, monkeypatch, command=str(tmp_path / "nobody")) as house:
        reply = ask(house, "hi")
        assert reply.status == 502 and "was not found" in reply.json["error"]["message"]
        ready = house.gateway.post("/readyz", b"", method="GET").reply()
        assert ready.status == 503 and "was not found" in ready.json["reason"]


def test_never_more_processes_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CL-X12."""
    with tools(tmp_path, monkeypatch, max_processes=3, queue=50) as house:
        replies: list[Reply] = []
        threads = [threading.Thread(target=lambda: replies.append(ask_once(house, "do:sleep 0.1"))) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [reply.status for reply in replies] == [200] * 50
        assert house.all_gone()
        edges = [(note["at"], 1) for note in house.notes()] + [(note["at"], -1) for note in house.notes("ended")]
        running = most = 0
        for _, step in sorted(edges):
            running += step
            most = max(most, running)
        assert most == 3 and len(house.notes("ended")) == 50


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_while_it_waits_frees_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """At once, and nothing is run for it (CL-X11, CL-X12)."""
    with tools(tmp_path, monkeypatch, max_processes=1, queue=1) as house:
        running = house.gateway.open("chat", model="claude", text="do:hang")
        assert eventually(lambda: bool(house.notes()))
        waiting = house.gateway.open("chat", model="claude", stream=stream, text="left")
        assert eventually(lambda: len(house.gateway.gateway.running) == 2)
        assert ask_once(house, "too many").status == 429
        waiting.leave()
        assert eventually(lambda: len(house.gateway.gateway.running) == 1), "while the run before it goes on"
        following = house.gateway.open("chat", model="claude", text="the next")
        assert eventually(lambda: len(house.gateway.gateway.running) == 2) and house.pids() and alive(house.pids()[0])
        running.leave()
        assert following.reply().status == 200
        assert [note["prompt"] for note in house.notes()] == ["do:hang", "the next"]


@pytest.mark.parametrize(("protocol", "stream"), CHATS)
def test_a_tool_that_says_nothing(house: Tools, protocol: str, stream: bool) -> None:
    """No answer without a word is taken for one (CL-R12)."""
    reply = ask(house, "do:silence", protocol, stream)
    assert reply.status == 502 and "no content" in reply.body.decode()


def test_more_than_the_queue_holds_are_told_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CL-X12."""
    with tools(tmp_path, monkeypatch, max_processes=1, queue=1) as house:
        opened = [house.gateway.open("chat", model="claude", text="do:sleep 2") for _ in range(2)]
        until = time.monotonic() + 5
        while len(house.gateway.gateway.running) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        refused = ask_once(house, "hi")
        assert refused.status == 429 and int(refused.headers["retry-after"]) >= 1
        assert [each.reply().status for each in opened] == [200, 200]
        assert ask_once(house, "hi").status == 200


def eventually(true: Callable[[], bool], seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


def ask_once(house: Tools, text: str) -> Reply:
    return house.gateway.ask("chat", model="claude", text=text)
