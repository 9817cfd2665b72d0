"""Two workers, one token (A2-T8, failures 43 and 67)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from tests.assist_house import MODEL, assist_toml, project, read_tokens, write_tokens
from tests.gateways import Client
from tests.running import ROOT, RunningGateway
from tests.scripted.assist import ScriptedAssist


def test_a_hundred_requests_over_two_workers_refresh_once(tmp_path: Path) -> None:
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


def test_a_file_that_cannot_be_written_now_is_served_from_memory_and_readiness_says_so(tmp_path: Path) -> None:
    tokens = tmp_path / "kept" / "tokens.json"
    tokens.parent.mkdir()
    with ScriptedAssist() as up:
        up.account("r1")
        write_tokens(tokens, project("r1"))
        with RunningGateway(assist_toml(up, tokens), workers=1) as gateway:
            client = Client(gateway.port)
            tokens.write_text("{ half")  # somebody is typing: it must not be overwritten
            for _ in range(3):
                assert client.ask("chat", model=MODEL).status == 200
            ready = client.post("/readyz", b"", method="GET").reply()
            assert ready.status == 200 and "tokens.json" in ready.json["degraded"]
            assert tokens.read_text() == "{ half" and up.refreshes == 1
