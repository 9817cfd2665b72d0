"""What fails beside the hub reaches the one who waits, and nobody else: gevent would print it, arguments and all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

_WORK = """
from gevent import monkey
monkey.patch_all()
import functools, resource, sys
import gevent
from gateway.state.native import Native
from gateway.upstreams.offload import offload

def fails(secret):
    raise OSError(27, "File too large")

run = offload if sys.argv[1] == "offload" else Native().run
with gevent.Timeout(10):
    assert run(lambda: 7) == 7
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        run(functools.partial(fails, "sk-canary"))
    except OSError as error:
        assert error.errno == 27
        sys.exit(17)
"""


@pytest.mark.parametrize("way", ["offload", "native"])
def test_a_failure_arrives_and_is_not_printed_though_stderr_is_full(way: str, tmp_path: Path) -> None:
    """Failures 67: this hung for ever."""
    with (tmp_path / "stderr").open("wb") as stderr:
        done = subprocess.run([sys.executable, "-c", _WORK, way], cwd=ROOT, stderr=stderr, timeout=60)
    assert done.returncode == 17
    assert (tmp_path / "stderr").read_bytes() == b""


@pytest.mark.parametrize("way", ["offload", "native"])
def test_no_secret_is_printed(way: str) -> None:
    script = _WORK.replace("    resource.setrlimit(", "    (lambda *_: None)(")
    done = subprocess.run([sys.executable, "-c", script, way], cwd=ROOT, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (17, b"", b"")
