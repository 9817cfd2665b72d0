import json
import os
import stat
import threading
from pathlib import Path

import pytest

from gateway.upstreams.local.state import State, read, write


def test_what_is_written_is_read(tmp_path: Path) -> None:
    state = State("ready", 4711, "the-key", pid=12, message="ready")
    write(tmp_path / "state.json", state)
    assert read(tmp_path / "state.json") == state


def test_only_the_owner_may_read_it_even_under_a_lax_umask(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{}")
    path.chmod(0o666)
    before = os.umask(0)
    try:
        write(path, State("ready", 1, "k"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write(path, State("starting"))
    stop = threading.Event()

    def rewrite() -> None:
        length = 0
        while not stop.is_set():
            length = (length + 997) % 20_000
            write(path, State("restarting", message="x" * length))

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        for _ in range(500):
            json.loads(path.read_text())
    finally:
        stop.set()
        writer.join()


def test_a_draft_left_by_a_killed_process_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f".state.json.{os.getpid()}").write_text("half")
    write(tmp_path / "state.json", State("starting"))
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"status": "dancing"}', '{"status": "ready"}'])
def test_something_else_is_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert read(tmp_path / "state.json") is None
    assert read(tmp_path / "absent.json") is None


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(State("ready", 1, "s3cret"))
