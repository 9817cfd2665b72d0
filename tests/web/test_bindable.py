from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.web.bindable import inherited, refused
from tests.running import RunningGateway, free_port

ASK = {"model": "m", "messages": [{"role": "user", "content": "What is the capital of France?"}]}


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    listener = socket.create_server(("127.0.0.1", 0))
    yield listener
    listener.close()


def test_a_free_port_is_free_and_stays_so() -> None:
    address = ("127.0.0.1", free_port())
    assert refused([address]) is None
    assert refused([address, "/run/anything.sock"]) is None


def test_a_taken_port(taken: socket.socket) -> None:
    said = refused([taken.getsockname()], patience_s=0)
    assert said is not None and said.startswith(f"127.0.0.1:{taken.getsockname()[1]} cannot be listened on: another")
    assert "PORT" in said


def test_a_predecessor_that_is_just_ending_is_waited_for(taken: socket.socket) -> None:
    threading.Timer(0.3, taken.close).start()
    assert refused([taken.getsockname()], patience_s=10) is None


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_an_address_of_another_machine(host: str) -> None:
    assert "no such address" in (refused([(host, 8045)]) or "")


def test_sockets_that_others_have_opened_are_not_tried() -> None:
    assert inherited({"GUNICORN_PID": "1"}) and inherited({"LISTEN_PID": str(os.getpid())})
    assert not inherited({}) and not inherited({"LISTEN_PID": "1"})


def started(data: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:gateway.web.server", "--workers=1", "app:app"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DRAGOMAN_DATA": str(data), "DRAGOMAN_CONFIG": str(data / "none.toml"), "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_second_start_says_what_to_do_and_leaves_the_first_alone() -> None:
    """The first one's model and metrics are still there: both were lost once."""
    with RunningGateway('[auth]\nadmin_key = "an-admin-key-0123"\n') as gateway:
        assert requests.post(f"{gateway.url}/v1/chat/completions", json=ASK, timeout=60).status_code == 200
        (gateway.data / "none.toml").write_text("")
        second = started(gateway.data, gateway.port)
        said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"dragoman: 127.0.0.1:{gateway.port} cannot be listened on: another program listens there" in said
        assert f"A gateway with this data folder runs already (process {gateway.pid})" in said
        assert "local model" not in said and "Traceback" not in said

        port = free_port()
        third = started(gateway.data, port)
        begun = ""
        try:
            for line in third.stdout or []:
                begun += line
                if "Worker ready" in line:
                    break
            answer = requests.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=ASK, timeout=60)
            assert answer.status_code == 200, answer.text
        finally:
            third.terminate()
            third.communicate(timeout=30)
        assert f"another gateway uses {gateway.data}" in begun and "DRAGOMAN_DATA" in begun

        assert requests.post(f"{gateway.url}/v1/chat/completions", json=ASK, timeout=60).status_code == 200
        key = {"Authorization": "Bearer an-admin-key-0123"}
        metrics = requests.get(f"{gateway.url}/metrics", headers=key, timeout=10).text
        (count,) = re.findall(r"^dragoman_requests_total\{[^}]*chat/completions[^}]*\} ([\d.]+)", metrics, re.M)
        assert float(count) >= 2


def test_why_the_demonstration_model_answers_is_said_where_an_account_was_meant() -> None:
    """Else an unset variable looks like a very bad Gemini."""
    meant = '[[upstreams]]\nname = "gemini"\nkind = "gemini"\n[[upstreams.accounts]]\napi_key = "${NOT_SET_HERE}"\n'
    with RunningGateway(meant) as gateway:
        (line,) = [each for each in gateway.log().splitlines() if "demonstration model on this machine answers" in each]
    assert "WARNING" in line and "the environment variable NOT_SET_HERE is not set" in line
