"""`dragoman reload` against the real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request

from tests.running import RunningGateway

CONFIG = """
[[upstreams]]
name = "dead"
kind = "openai"
base_urls = ["http://127.0.0.1:9/v1"]
models = ["{model}"]
"""


def reload(gateway: RunningGateway) -> tuple[int, str]:
    environment = {**os.environ, "DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)}
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.command.main import main; main()", "reload"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def listed(gateway: RunningGateway) -> list[str]:
    with urllib.request.urlopen(gateway.url + "/v1/models", timeout=10) as reply:
        return [each["id"] for each in json.load(reply)["data"]]


def test_the_running_gateway_reads_its_configuration_again() -> None:
    with RunningGateway(CONFIG.format(model="one")) as gateway:
        pid_file = gateway.data / "dragoman.pid"
        assert pid_file.read_text() == f"{gateway.pid}\n" and listed(gateway) == ["one"]
        workers = gateway.workers()
        gateway.configure(CONFIG.format(model="two"))
        status, said = reload(gateway)
        assert status == 0 and str(gateway.pid) in said
        gateway.wait_for_log("configuration reloaded")
        assert listed(gateway) == ["two"] and gateway.workers() == workers

        gateway.configure("[server]\nprt = 1\n")
        status, said = reload(gateway)
        assert status == 1 and "server.prt" in said
        assert listed(gateway) == ["two"]

        gateway.configure(CONFIG.format(model="three"))
        gateway.process.terminate()
        gateway.wait(20)
        assert not pid_file.exists()
        status, said = reload(gateway)
        assert status == 1 and "no gateway runs" in said
