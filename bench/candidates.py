"""What is compared: the gateway, the reference proxy, and nothing at all between client and upstream."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import socket
import tempfile
import time
from pathlib import Path

from bench.processes import Process, wait_until
from bench.scenarios import CLIENT_KEY, SCENARIOS

NAMES = ("direct", "reference", "gateway")
START_S = 30.0
SETTLE_S = 1.0

_UPSTREAM = """
[[upstreams]]
name = "{name}"
kind = "{name}"
base_urls = ["http://127.0.0.1:{port}{version}"]
models = ["{family}-*"]
"""
_ACCOUNT = """
  [[upstreams.accounts]]
  email = "bench-{number}@example.com"
  api_key = "bench-account-key"
"""
_AUTH = {
    "bare": '[auth]\nmode = "off"\n[metrics]\nenabled = false\n',
    "watched": (
        '[auth]\nmode = "strict"\nadmin_key = "bench-admin-key-0123456789"\n[[auth.keys]]\nname = "bench"\n'
        f'key_hash = "sha256:{hashlib.sha256(CLIENT_KEY.encode()).hexdigest()}"\n'
        "rpm = 100000000\ntpm = 1000000000000\ndaily_tokens = 1000000000000\nmonthly_usd = 1000000\n"
        "max_concurrency = 100000\n"
    ),
}
_PROVIDERS = (("openai", "gpt", "/v1"), ("gemini", "gemini", ""), ("anthropic", "claude", ""))


class Candidate:
    """`start_s` until the first 200, `idle_mb` of resident memory before the first scenario."""

    def __init__(self, name: str, port: int, process: Process | None = None, folder: Path | None = None) -> None:
        self.name = name
        self.port = port
        self._process = process
        self._folder = folder
        self.start_s = self.idle_mb = 0.0

    def wait(self) -> Candidate:
        if self._process is not None:
            self.start_s = wait_until(self._answers, self._process, START_S)
            time.sleep(SETTLE_S)
            self.idle_mb = self._process.rss_mb()
        return self

    def cpu(self) -> float:
        return 0.0 if self._process is None else self._process.cpu()

    def busy_s(self) -> float:
        return 0.0 if self._process is None else self._process.busy_s()

    def rss_mb(self) -> float:
        return 0.0 if self._process is None else self._process.rss_mb()

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        head, _, body = SCENARIOS[0].request().partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        try:
            connection.request("POST", head.split(b" ")[1].decode(), body, headers)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def start(name: str, upstream_port: int, core: int) -> Candidate:
    """Raises RuntimeError when it does not come up."""
    if name == "direct":
        return Candidate(name, upstream_port)
    port = free_port()
    if name == "reference":
        candidate = Candidate(name, port, Process(["-m", "bench.reference", str(port), str(upstream_port)], core))
    else:
        return gateway(upstream_port, core, name)
    return _up(candidate)


def _up(candidate: Candidate) -> Candidate:
    try:
        return candidate.wait()
    except BaseException:
        candidate.end()
        raise


def gateway(upstream_port: int, core: int, name: str = "gateway", *, accounts: int = 1, bindings: int = 0) -> Candidate:
    """One worker, client keys, three upstreams with an account each: as somebody would run it. "watched": the client's
    key has limits, "bare": there are no keys, records and metrics. `accounts` is how many each upstream has, `bindings`
    how many conversations are bound to them at the start. Raises RuntimeError as `start`."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="dragoman-bench-"))
    config = folder / "dragoman.toml"
    config.write_text(
        f'[server]\nhost = "127.0.0.1"\nport = {port}\nworkers = 1\n'
        + _AUTH.get(name, f'[auth]\nmode = "strict"\napi_keys = ["{CLIENT_KEY}"]\n')
        + "".join(
            _UPSTREAM.format(name=name, port=upstream_port, version=version, family=family)
            + "".join(_ACCOUNT.format(number=number) for number in range(accounts))
            for name, family, version in _PROVIDERS
        )
    )
    env = {"DRAGOMAN_CONFIG": str(config), "DRAGOMAN_DATA": str(folder), "BENCH_BINDINGS": str(bindings)}
    served = "bench.bare:app" if name == "bare" else "bench.filled:app" if bindings else "app:app"
    process = Process(["-m", "gunicorn", "-c", "gunicorn.conf.py", served], core, env=env)
    return _up(Candidate(name, port, process, folder))


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
