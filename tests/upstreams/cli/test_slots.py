from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.upstreams.cli.slots import Slot, Slots, runs_folder


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(runs_folder(tmp_path), ignore_errors=True)


def take(slots: Slots, seconds: float = 5.0) -> Slot | None:
    return slots.take(time.monotonic() + seconds, lambda: False)


def test_what_a_run_that_was_cut_off_has_left_is_gone_for_the_next(data: Path) -> None:
    slots = Slots("claude.cli", 1, data)
    slot = take(slots)
    assert slot is not None
    slot.prepare()
    (slot.folder / "left").touch()
    (slot.scratch / "left").touch()
    slot.system_file.write_text("a secret")
    os.close(slot._lock)  # as the kernel does when the worker is killed
    following = take(slots)
    assert following is not None and following.folder == slot.folder
    following.prepare()
    assert list(following.folder.iterdir()) == list(following.scratch.iterdir()) == []
    assert not following.system_file.exists()
    following.release()
    following.release()
    assert not following.folder.exists() and not following.scratch.exists()


def test_a_process_that_was_left_is_ended_and_no_other_of_its_number(data: Path) -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        for left in (False, True):
            slots = Slots("x", 1, data)
            slot = take(slots)
            assert slot is not None
            slot.holds(child.pid)
            if not left:
                os.pwrite(slot._lock, f"{child.pid} 1 ".encode(), 0)  # an earlier process of that number
            os.close(slot._lock)
            slots.sweep()
            if left:
                assert child.wait(5) == -signal.SIGKILL
            else:
                time.sleep(0.05)
                assert child.poll() is None
    finally:
        child.kill()
        child.wait(5)


def test_a_run_that_is_over_is_not_noted(data: Path) -> None:
    slot = take(Slots("x", 1, data))
    assert slot is not None
    slot.release()
    slot.holds(os.getpid())
    Slots("x", 1, data).sweep()


def test_slots_of_one_tool_share_nothing(data: Path) -> None:
    slots = [Slots(name, 2, data) for name in ("claude.a", "claude.b")]
    taken = [take(each) for each in slots for _ in range(2)]
    paths = [path for slot in taken if slot for path in (slot.folder, slot.scratch, slot.system_file)]
    assert len(paths) == len(set(paths)) == 12
    assert take(slots[0], 0.1) is None, "both are taken"
    for slot in taken:
        assert slot is not None
        slot.release()


def test_first_come_first_served_and_who_leaves_frees_his_place(data: Path) -> None:
    slots, order = Slots("x", 1, data), list[str]()
    first, left = take(slots), threading.Event()
    assert first is not None

    def wait(name: str) -> None:
        slot = slots.take(None, lambda: name == "second" and left.is_set())
        order.append(name if slot is not None else f"{name} left")
        if slot is not None:
            slot.release()

    threads = [threading.Thread(target=wait, args=(name,)) for name in ("second", "third", "fourth")]
    for number, thread in enumerate(threads, 1):
        thread.start()
        until = time.monotonic() + 5
        while len(slots._waiting) < number and time.monotonic() < until:
            time.sleep(0.005)
    left.set()
    threads[0].join(5)
    first.release()
    for thread in threads:
        thread.join(5)
    assert order == ["second left", "third", "fourth"]


def test_a_folder_that_is_open_to_others_is_not_used(data: Path) -> None:
    place = runs_folder(data)
    place.chmod(0o755)
    with pytest.raises(PermissionError):
        take(Slots("x", 1, data))
    place.chmod(0o700)
