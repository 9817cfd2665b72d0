import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.upstreams.local import model
from gateway.upstreams.local.child import MOST_THREADS, server_params, thread_count
from gateway.upstreams.local.process import module_command, module_environment


def test_no_key_is_refused() -> None:
    ran = subprocess.run(
        module_command(sys.executable, "gateway.upstreams.local.child"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        env=module_environment(os.environ),
    )
    assert ran.returncode == 1
    event = json.loads(ran.stdout)
    assert event["event"] == "failed" and "no key" in event["message"]


def test_no_engine_is_told_with_the_remedy() -> None:
    read, write = os.pipe()
    os.write(write, b"some-key\n")
    try:
        # -S: no site-packages, hence neither engine nor weights.
        command = module_command(sys.executable, "gateway.upstreams.local.child")
        command.insert(1, "-S")
        ran = subprocess.run(
            command, stdin=read, capture_output=True, timeout=20, env=module_environment({"PATH": "/bin"})
        )
    finally:
        os.close(read)
        os.close(write)
    assert ran.returncode == 1
    event = json.loads(ran.stdout)
    assert event["event"] == "failed" and "pip install xllamacpp" in event["message"]
    assert b"some-key" not in ran.stdout + ran.stderr


def test_settings_hide_the_path_and_stay_modest() -> None:
    nested = ("sampling", "model", "cpuparams", "cpuparams_batch")
    params = SimpleNamespace(**{name: SimpleNamespace() for name in nested})
    server_params(params, Path("/weights.gguf"), "k")
    assert params.model_alias == {model.NAME}
    assert params.hostnames == ["127.0.0.1"] and params.port == 0 and params.api_keys == ["k"]
    assert params.n_ctx == model.CONTEXT_TOKENS * model.SLOTS <= 8192
    assert params.n_predict == model.DEFAULT_MAX_TOKENS
    assert params.cache_ram_mib == 0 and params.kv_unified is False and params.ui is False


@pytest.mark.parametrize(("cpus", "threads"), [(1, 1), (2, 1), (3, 2), (5, 4), (64, MOST_THREADS)])
def test_threads_leave_one_cpu_free(monkeypatch: pytest.MonkeyPatch, cpus: int, threads: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)))
    assert thread_count() == threads
