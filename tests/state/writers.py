"""Programs that tests run in processes of their own: `python writers.py NAME FILE ...`. They speak by lines."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def say(*words: object) -> None:
    print(*words, flush=True)


def acknowledged(path: Path) -> None:
    """Writes for ever and names each key once it is durable."""
    from gateway.state.sqlite import SqliteStore

    store = SqliteStore(path)
    number = 0
    while True:
        for _ in range(20):
            store.put("a", f"k{number}", b"v" * 2000, 3600)
            number += 1
        assert store.flush()
        say(number)


def unhurried(path: Path) -> None:
    """Writes once, never flushes, and waits to be killed."""
    from gateway.state.sqlite import SqliteStore

    store = SqliteStore(path)
    store.put("a", "k", b"v")
    say("put")
    time.sleep(60)


def obedient(path: Path) -> None:
    """Does what the lines of stdin say: put KEY VALUE, get KEY, cas KEY EXPECTED VALUE."""
    from gateway.state.sqlite import SqliteStore

    store = SqliteStore(path)
    say("ready")
    for line in sys.stdin:
        match line.split():
            case ["put", key, value]:
                store.put("a", key, value.encode())
                say("done")
            case ["get", key]:
                say((store.get("a", key) or b"-").decode())
            case ["cas", key, expected, value]:
                say(store.compare_and_set("a", key, None if expected == "-" else expected.encode(), value.encode()))
    store.close()


def holder(path: Path, seconds: float) -> None:
    """Holds the file's write lock for so long, after each line of stdin."""
    import sqlite3

    connection = sqlite3.connect(path, isolation_level=None)
    say("ready")
    for _ in sys.stdin:
        connection.execute("BEGIN EXCLUSIVE")
        say("held")
        time.sleep(seconds)
        connection.execute("COMMIT")
        say("free")


def hub(path: Path, rounds: int) -> None:
    """Under gevent: everything a store does while another process holds the file; the longest time nobody else ran."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from gevent import subprocess

    from gateway.state.sqlite import SqliteStore

    store = SqliteStore(path)
    assert "sqlite3" not in sys.modules
    store.put("a", "k", b"0")
    assert store.flush() and store.get("a", "k") == b"0"
    other = subprocess.Popen(
        [sys.executable, __file__, "holder", str(path), "0.8"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    other.stdout.readline()
    worst: list[float] = []
    for _ in range(rounds):
        gaps: list[float] = []

        def tick(gaps: list[float] = gaps) -> None:
            before = time.perf_counter()
            while True:
                gevent.sleep(0.002)
                now = time.perf_counter()
                gaps.append(now - before)
                before = now

        ticker = gevent.spawn(tick)
        other.stdin.write(b"go\n")
        other.stdin.flush()
        assert other.stdout.readline() == b"held\n"
        began = time.perf_counter()
        cases = [gevent.spawn(store.compare_and_set, "locks", f"k{n}", None, b"x") for n in range(6)]
        asked = 0
        while not cases[0].ready():
            store.put("a", "k", str(asked).encode())
            assert store.get("a", "k") == str(asked).encode()
            store.get("a", f"absent {asked}")
            store.get_many("a", ["k", "absent"])
            assert next(iter(store.scan("a"))) == ("k", str(asked).encode())
            asked += 1
            gevent.sleep(0.001)
        held = time.perf_counter() - began
        gevent.joinall(cases)
        assert store.flush() and store.why == ""
        ticker.kill()
        for n in range(6):
            store.delete("locks", f"k{n}")
        assert other.stdout.readline() == b"free\n"
        worst.append(max(gaps))
        say(f"{held:.3f} {max(gaps):.4f} {asked}")
        if max(gaps) < 0.05:
            break
    other.stdin.close()
    other.wait()
    store.close()


def full(path: Path) -> None:
    """A disk that is full (no file may grow) and then is not."""
    import logging
    import resource

    from gateway.state import writer
    from gateway.state.sqlite import SqliteStore

    writer.RETRY_S = 0.2
    logging.basicConfig(level="INFO", stream=sys.stdout, format="log %(levelname)s %(message)s")
    store = SqliteStore(path)
    store.put("a", "before", b"1")
    assert store.flush()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    for number in range(60):
        store.put("a", f"k{number}", os.urandom(4000))
    kept = store.get("a", "k0")
    assert not store.flush(0.5)
    assert "cannot be written" in store.why, store.why
    assert kept is not None and store.get("a", "k0") == kept and store.get("a", "before") == b"1"
    assert store.compare_and_set("a", "cas", None, b"x") and not store.compare_and_set("a", "cas", None, b"y")
    assert store.get("a", "cas") == b"x" and len(list(store.scan("a"))) == 62
    store.delete("a", "before")
    assert store.get("a", "before") is None
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert store.flush(5) and store.why == "", store.why
    assert store.get("a", "k0") == kept and store.get("a", "before") is None
    store.close()
    again = SqliteStore(path)
    assert again.get("a", "k0") == kept and again.get("a", "cas") == b"x" and again.get("a", "before") is None
    again.close()
    say("fine")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    name, file, *more = sys.argv[1:]
    programs = {"acknowledged": acknowledged, "unhurried": unhurried, "obedient": obedient, "full": full}
    if name == "holder":
        holder(Path(file), float(more[0]))
    elif name == "hub":
        hub(Path(file), int(more[0]))
    else:
        programs[name](Path(file))
