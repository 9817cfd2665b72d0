"""The predecessor's README (seeds/003), its commands in their order, with this project's files."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways import Provider, config_for
from tests.running import free_port
from tests.scripted.upstream import ScriptedUpstream
from tests.system.environment import bare

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
ENV = """\
# API Keys（用于验证OpenAI客户端）
API_KEYS=["sk-custom-key-1","sk-custom-key-2"]

# 服务配置（可选）
HOST=0.0.0.0
PORT={port}

# Token 轮换配置（可选）
TOKEN_ROTATION_COUNT=3  # 每个 token 使用多少次后切换，默认 3
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1. pip install -r requirements.txt, in a venv of its own. Nothing else is installed, not even the project."""
    folder = tmp_path_factory.mktemp("clone")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("gateway", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / "data").mkdir()
    for name in ("app.py", "gunicorn.conf.py", "requirements.txt", ".env.example", "data/tokens.json.example"):
        shutil.copy(ROOT / name, folder / name)
    for command in (
        [sys.executable, "-m", "venv", ".venv"],
        [".venv/bin/python", "-m", "pip", "install", "--quiet", "-r", "requirements.txt"],
    ):
        subprocess.run(command, check=True, cwd=folder, env=bare(), stdin=subprocess.DEVNULL, timeout=300)
    return folder


@pytest.fixture
def port(clone: Path) -> Iterator[int]:
    """2. cp data/tokens.json.example data/tokens.json; 3. .env as printed (the port aside); 4. start."""
    shutil.copy(clone / "data/tokens.json.example", clone / "data/tokens.json")
    chosen = free_port()
    (clone / ".env").write_text(ENV.format(port=chosen))
    with (clone / "log").open("wb") as log:
        process = subprocess.Popen(
            [clone / ".venv/bin/python", "app.py"],
            cwd=clone,
            env=bare(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 30
        while ask(chosen, "GET", "/health")[0] != 200:
            assert process.poll() is None and time.monotonic() < until, (clone / "log").read_text()
            time.sleep(0.1)
        yield chosen
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        print((clone / "log").read_text(errors="replace"))
        (clone / "dragoman.toml").unlink(missing_ok=True)


def ask(port: int, method: str, path: str, body: str | None = None, key: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


CURL = json.dumps({"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "Hello!"}], "stream": True})


def test_with_nothing_but_placeholders_it_starts_and_says_what_is_missing(port: int, clone: Path) -> None:
    assert ask(port, "GET", "/v1/models", key="sk-custom-key-1")[0] == 200
    assert ask(port, "GET", "/v1/models")[0] == 401
    status, body = ask(port, "POST", "/v1/chat/completions", CURL, key="sk-custom-key-2")
    assert status in (502, 503) and "message" in json.loads(body)["error"]
    log = (clone / "log").read_text()
    assert "tokens.json: projects[0] is skipped" in log and "sk-custom-key" not in log


@pytest.fixture
def provider(clone: Path) -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        upstream.text("chat", "hello from upstream")
        (clone / "dragoman.toml").write_text(config_for(Provider(upstream)))
        yield upstream


def test_with_an_account_its_curl_streams_an_answer(provider: ScriptedUpstream, port: int) -> None:
    status, body = ask(port, "POST", "/v1/chat/completions", CURL, key="sk-custom-key-1")
    assert status == 200 and b'"hello"' in body and body.rstrip().endswith(b"data: [DONE]")
