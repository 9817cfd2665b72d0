"""Two workers, one token (A2-T8, failures 43 and 67)."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from gateway.accounts.tokens import TokensFile
from tests.assist_house import MODEL, assist_toml, project, read_tokens, write_tokens
from tests.gateways import Client
from tests.running import ROOT, RunningGateway
from tests.scripted.assist import ScriptedAssist

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def test_a_hundred_requests_over_two_workers_refresh_once(tmp_path: Path) -> None:
    """Failures 43, A2-T8, detail 22."""
    tokens = tmp_path / "tokens.json"
    with ScriptedAssist(token_delay=0.3) as up:
        write_tokens(tokens, project("r1", up.account("r1", access=True), lasts_s=-10))
        with RunningGateway(assist_toml(up, tokens), workers=2) as gateway:
            client, statuses = Client(gateway.port), Counter[int]()

            def ask() -> None:
                statuses[client.ask("chat", model=MODEL).status] += 1

            threads = [threading.Thread(target=ask) for _ in range(100)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert statuses == {200: 100}
            assert up.refreshes == 1
            # Revoked before its time: again exactly one, keyed on what was rejected.
            up.revoke("r1")
            threads = [threading.Thread(target=ask) for _ in range(50)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert statuses == {200: 150} and up.refreshes == 2
    assert read_tokens(tokens)[0]["enabled"] is True


_WRITER = """
import sys, time
from functools import partial
from pathlib import Path
from gateway.accounts.oauth import Client, Refused, Unavailable
from gateway.accounts.oauth_credential import OAuthCredential
from gateway.accounts.tokens import TokensFile

tokens = TokensFile(Path(sys.argv[1]))
number = 0
def post(url, headers, body, timeout):
    global number
    number += 1
    return 200, b'{"access_token": "%s-%d", "expires_in": 3600}' % (sys.argv[2].encode(), number)
credential = OAuthCredential("a", tokens, sys.argv[2], lambda own: [Client("c", "", "http://x/")], post)
held = ""
while True:
    held = credential.renewed(held, time.monotonic() + 10)
    print(held, flush=True)
"""


def test_kill_9_in_a_loop_loses_no_token_and_tears_no_file(tmp_path: Path) -> None:
    """Failures 67, A2-T10."""
    path = tmp_path / "tokens.json"
    names = ["r1", "r2"]
    write_tokens(path, *(project(name, note="x" * 20_000) for name in names))
    for round_number in range(8):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(path), name],
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            for name in names
        ]
        for writer in writers:
            assert writer.stdout is not None and writer.stdout.readline()
        until = time.monotonic() + 0.05 + 0.02 * round_number
        while time.monotonic() < until:
            assert len(json.loads(path.read_text())["projects"]) == 2
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            writer.wait(10)
            assert writer.stdout is not None
            writer.stdout.close()
        entries = read_tokens(path)
        assert [each["refresh_token"] for each in entries] == names
        assert all(each["access_token"].startswith(each["refresh_token"]) for each in entries)
        assert all(len(each["note"]) == 20_000 for each in entries)


def test_neither_a_lock_nor_a_token_endpoint_holds_up_other_requests(tmp_path: Path) -> None:
    """A2-T8, detail 22: one worker; another process holds the file's lock, the endpoint is silent."""
    tokens = tmp_path / "tokens.json"
    with ScriptedAssist(token_delay=2.0) as up:
        write_tokens(tokens, project("r1", up.account("r1", access=True)), project("r2", up.account("r2", access=True)))
        up.revoke("r1")
        with (
            RunningGateway(assist_toml(up, tokens), workers=1) as gateway,
            TokensFile(tokens).lock_path().open("w") as lock,
        ):
            client, answered = Client(gateway.port), list[float]()
            fcntl.flock(lock, fcntl.LOCK_EX)
            began = time.monotonic()

            def ask() -> None:
                assert client.ask("chat", model=MODEL).status == 200
                answered.append(time.monotonic() - began)

            thread = threading.Thread(target=ask)
            thread.start()
            slowest = 0.0
            while thread.is_alive() and time.monotonic() - began < 30:
                if time.monotonic() - began > 3:
                    fcntl.flock(lock, fcntl.LOCK_UN)
                slowest = max(slowest, client.post("/healthz", b"", method="GET").reply().seconds)
                time.sleep(0.02)
            thread.join(30)
    assert answered and answered[0] >= 2.9 and slowest < 1.0


def test_kill_9_of_the_gateway_while_it_refreshes_loses_nothing(tmp_path: Path) -> None:
    """Failures 67, detail 22: whatever it was doing, the file is whole and the next start answers."""
    tokens = tmp_path / "tokens.json"
    names = ("r1", "r2")
    with ScriptedAssist(token_delay=0.02) as up:
        write_tokens(tokens, *(project(name, up.account(name, access=True), note="x" * 9000) for name in names))
        with RunningGateway(assist_toml(up, tokens), workers=2) as gateway:
            for _ in range(2):
                client, over = Client(gateway.port), threading.Event()

                def ask(client: Client = client, over: threading.Event = over) -> None:
                    while not over.is_set():
                        for name in names:
                            up.revoke(name)  # every request refreshes and writes
                        with contextlib.suppress(OSError, http.client.HTTPException):
                            client.ask("chat", model=MODEL)

                threads = [threading.Thread(target=ask) for _ in range(4)]
                for thread in threads:
                    thread.start()
                written = tokens.stat().st_mtime_ns
                until = time.monotonic() + 10
                while tokens.stat().st_mtime_ns == written and time.monotonic() < until:
                    json.loads(tokens.read_text())
                over.set()  # those under way stay under way
                gateway.kill_and_restart()
                for thread in threads:
                    thread.join(60)
                entries = read_tokens(tokens)
                assert [each["refresh_token"] for each in entries] == list(names)
                assert all(each["enabled"] and len(each["note"]) == 9000 for each in entries)
            client = Client(gateway.port)
            assert [client.ask("chat", model=MODEL).status for _ in range(4)] == [200] * 4
    assert not list(tmp_path.glob(".tokens.json.*.new")), "what was half written has been swept"


def degraded(client: Client) -> str:
    reply = client.post("/readyz", b"", method="GET").reply()
    assert reply.status == 200
    return str(reply.json.get("degraded", ""))


def until(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_a_file_that_somebody_is_typing_is_left_alone_and_readiness_says_so(tmp_path: Path) -> None:
    """Failures 67, detail 22."""
    tokens = tmp_path / "kept" / "tokens.json"
    tokens.parent.mkdir()
    with ScriptedAssist() as up:
        up.account("r1")
        write_tokens(tokens, project("r1"))
        with RunningGateway(assist_toml(up, tokens), workers=1) as gateway:
            client = Client(gateway.port)
            tokens.write_text("{ half")
            for _ in range(3):
                assert client.ask("chat", model=MODEL).status == 200
            assert until(lambda: "tokens.json" in degraded(client))
            assert tokens.read_text() == "{ half" and up.refreshes == 1


def test_a_full_disk_is_served_from_memory_and_readiness_says_so(tmp_path: Path) -> None:
    """Failures 67: no write succeeds, the log's included; afterwards what was kept in memory is written."""
    tokens = tmp_path / "tokens.json"
    with ScriptedAssist() as up:
        write_tokens(tokens, project("r1", up.account("r1", access=True)))
        up.rotate = True
        with RunningGateway(assist_toml(up, tokens), workers=1) as gateway:
            client = Client(gateway.port)
            assert client.ask("chat", model=MODEL).status == 200
            (worker,) = gateway.workers()
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            up.revoke("r1")
            for protocol in ("chat", "responses", "messages", "gemini"):
                assert client.ask(protocol, model=MODEL).status == 200
            assert up.refreshes == 1 and read_tokens(tokens)[0]["refresh_token"] == "r1"
            assert "tokens.json" in degraded(client)
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert until(
                lambda: client.ask("chat", model=MODEL).status == 200 and "tokens.json" not in degraded(client)
            )
            assert read_tokens(tokens)[0]["refresh_token"] == "r1-r" and up.refreshes == 1
            assert "r1-r" not in gateway.log() and "access-" not in gateway.log()


def bound_by_modes(work: Callable[[], None]) -> None:
    """Runs `work` in a thread whose children may not write where they have no permission, though they are root's:
    capabilities(7), CAP_DAC_OVERRIDE leaves the thread's bounding set."""
    errors: list[BaseException] = []

    def run() -> None:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(120)
    if errors:
        raise errors[0]


def test_a_read_only_folder_is_served_from_memory_and_readiness_says_so(tmp_path: Path) -> None:
    """Failures 67: the data folder and the one of tokens.json, while it runs (it does not start over such a one)."""
    tokens, data, done = tmp_path / "tokens.json", tmp_path / "data", []
    data.mkdir()

    def run() -> None:
        with RunningGateway(assist_toml(up, tokens), env={"DRAGOMAN_DATA": str(data)}) as gateway:
            for folder in (data, tmp_path):
                folder.chmod(0o555)
            client = Client(gateway.port)
            for protocol in ("chat", "responses", "messages", "gemini"):
                assert client.ask(protocol, model=MODEL).status == 200
            assert up.refreshes == 1
            up.revoke("r1")
            replies = [client.ask("chat", model=MODEL) for _ in range(3)]
            assert [reply.status for reply in replies] == [200] * 3
            assert max(reply.seconds for reply in replies) < 3, "nobody waits for a lock that cannot be had"
            assert up.refreshes == 2 and tokens.read_text() == before
            assert "tokens.json" in degraded(client)
            done.append(True)

    with ScriptedAssist() as up:
        write_tokens(tokens, project("r1", up.account("r1", access=True), lasts_s=-10))
        before = tokens.read_text()
        try:
            bound_by_modes(run)
        finally:
            for folder in (tmp_path, data):
                folder.chmod(0o755)
    assert done
