"""What the Dockerfile does, done without Docker: its steps in a folder, and the gateway that comes out of them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.dockerfile import ROOT, is_sent, stages
from tests.running import free_port
from tests.system.environment import bare

pytestmark = pytest.mark.system

KEY = "sk-dragoman-of-the-image-test"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with opt/venv, as the builder stage makes it. Debian's packages are taken as installed."""
    folder = tmp_path_factory.mktemp("image")
    builder = stages()[0]
    for instruction, argument in builder.steps:
        if instruction == "COPY":
            *sources, target = argument.split()
            for source in sources:
                copy(source, folder / target.strip("/"), into=argument.endswith("/"))
        elif instruction == "RUN" and "apt-get" not in argument:
            command = argument.replace("/opt/", f"{folder}/opt/").replace("/build", f"{folder}/build")
            words = command.split()
            words[0] = sys.executable if words[0] == "python" else words[0]
            subprocess.run(words, check=True, cwd=folder, env=bare(), stdin=subprocess.DEVNULL, timeout=300)
    return folder


def copy(source: str, target: Path, *, into: bool) -> None:
    """Only what .dockerignore lets through."""
    start = ROOT / source
    for file in [start] if start.is_file() else start.rglob("*"):
        relative = file.relative_to(ROOT)
        if file.is_file() and is_sent(relative.as_posix()):
            to = target / file.name if start.is_file() and into else target / file.relative_to(start)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to)


class Container:
    """CMD in WORKDIR with the ENV of the final stage, save for the port."""

    def __init__(self, image: Path, folder: Path) -> None:
        final = stages()[1]
        self._folder = folder
        self.port = free_port()
        path = f"{image}/opt/venv/bin:{os.environ['PATH']}"
        self._environment = bare(**{**final.environment(), "PATH": path, "PORT": str(self.port)})
        self._log = (folder / "log").open("wb")
        self.process = self._popen(json.loads(final.arguments("CMD")[0]))
        self.check = json.loads(final.arguments("HEALTHCHECK")[0].partition("CMD ")[2])

    def _popen(self, command: list[str]) -> subprocess.Popen[bytes]:
        found = shutil.which(command[0], path=self._environment["PATH"])
        assert found is not None
        return subprocess.Popen(
            [found, *command[1:]],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def healthy(self, within_s: float = 30.0) -> bool:
        """Whether the HEALTHCHECK succeeds in time."""
        until = time.monotonic() + within_s
        while self._popen(self.check).wait(30) != 0:
            if time.monotonic() > until or self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return True

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._log.close()
            print(self.log())


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def container(image: Path, app: Path) -> Iterator[Container]:
    running = Container(image, app)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def test_the_demonstration_model_answers_those_who_have_the_key(container: Container, app: Path) -> None:
    """HOST is 0.0.0.0 in a container, so a key is made, said in the log, and demanded."""
    assert container.healthy(), container.log()
    key = (app / "data" / "client_key").read_text().strip()
    assert key in container.log()
    body = json.dumps({"model": "any", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]})
    status, answer = 503, b""
    until = time.monotonic() + 60
    while status == 503 and time.monotonic() < until:
        time.sleep(0.2)
        status, answer = ask(container.port, body, key)
    assert status == 200 and json.loads(answer)["choices"][0]["message"]["content"]
    assert ask(container.port, body, "")[0] == 401
    assert container.stop() == 0


def test_its_healthcheck_works_in_strict_mode(image: Path, app: Path) -> None:
    (app / "dragoman.toml").write_text(f'[auth]\nmode = "strict"\napi_keys = ["{KEY}"]\n')
    container = Container(image, app)
    try:
        assert container.healthy(), container.log()
        assert ask(container.port, "{}", "")[0] == 401
    finally:
        container.stop()
    assert KEY not in container.log()


def test_the_c_parser_is_in_it(image: Path) -> None:
    command = [f"{image}/opt/venv/bin/python", "-c", "import gunicorn_h1c, gateway, app, schemas.config"]
    subprocess.run(command, check=True, cwd=image / "opt", env=bare(), timeout=60)


def ask(port: int, body: str, key: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    connection.request("POST", "/v1/chat/completions", body, headers)
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()
