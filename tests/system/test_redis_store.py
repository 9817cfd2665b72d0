"""What only a server can do to the store: other processes, its end and return, refusals, TLS, wrong passwords."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.command.state_check import reached
from gateway.config.redis_url import redis_url
from gateway.state.redis import RedisStore
from tests.running import ROOT, free_port
from tests.system.redis_server import RedisServer

pytestmark = pytest.mark.system


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as running:
        yield running


@pytest.fixture
def two(server: RedisServer) -> Iterator[tuple[RedisStore, RedisStore]]:
    both = RedisStore(redis_url(server.url())), RedisStore(redis_url(server.url()))
    yield both
    for each in both:
        each.close()


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> float:
    """After how many seconds it came true."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def test_what_one_writes_the_other_sees_within_a_second(two: tuple[RedisStore, RedisStore]) -> None:
    one, other = two
    assert other.get("a", "k") is None and list(other.scan("a")) == []
    one.put("a", "k", b"1")
    assert eventually(lambda: other.get("a", "k") == b"1") < 1
    assert list(other.scan("a")) == [("k", b"1")]
    one.put("a", "k", b"2")
    assert eventually(lambda: list(other.scan("a")) == [("k", b"2")]) < 1 and other.get("a", "k") == b"2"
    one.delete("a", "k")
    assert eventually(lambda: other.get("a", "k") is None) < 1
    assert other.compare_and_set("a", "k", None, b"3")
    assert eventually(lambda: one.get("a", "k") == b"3") < 1


def test_what_is_known_is_not_asked_again(server: RedisServer, two: tuple[RedisStore, RedisStore]) -> None:
    one, other = two
    one.put("a", "k", b"1", 60)
    one.flush()

    def commands() -> int:
        told = server.ask("INFO", "stats").splitlines()
        return next(int(line.split(":")[1]) for line in told if line.startswith("total_commands_processed"))

    def ask() -> None:
        assert other.get("a", "k") == b"1" and other.get("a", "absent") is None and len(list(other.scan("a"))) == 1

    ask()
    before = commands()
    for _ in range(500):
        ask()
    assert commands() - before < 20  # pings, and what INFO itself costs


def test_a_refused_compare_and_set_tells_the_truth_at_once(two: tuple[RedisStore, RedisStore]) -> None:
    """The loser reads what won, however slowly the announcement travels."""
    one, other = two
    for number in range(200):
        known = one.get("a", "k")
        other.compare_and_set("a", "k", other.get("a", "k"), f"other {number}".encode())
        while not one.compare_and_set("a", "k", known, f"one {number}".encode()):
            known = one.get("a", "k")
            assert known == f"other {number}".encode()


def test_of_two_machines_that_count_none_is_lost(two: tuple[RedisStore, RedisStore]) -> None:
    def count(store: RedisStore) -> None:
        for _ in range(100):
            while True:
                seen = store.get("a", "count")
                if store.compare_and_set("a", "count", seen, str(int(seen or b"0") + 1).encode()):
                    break

    threads = [threading.Thread(target=count, args=(store,)) for store in two for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert two[0].get("a", "count") == b"400"


def test_expired_keys_leave_the_index(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.state.redis_writer.SWEEP_S", 0.2)
    store = RedisStore(redis_url(server.url()))
    for number in range(1200):
        store.put("a", f"k{number}", b"1", 0.3)
    store.put("a", "stays", b"1")
    store.flush()
    assert server.ask("ZCARD", "dragoman:i:a") == "1201"
    eventually(lambda: server.ask("ZCARD", "dragoman:i:a") == "1")
    assert server.ask("ZCARD", "dragoman:expiring") == "0" and list(store.scan("a")) == [("stays", b"1")]
    store.close()


def test_it_stops_and_comes_back(
    server: RedisServer, two: tuple[RedisStore, RedisStore], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one, other = two
    one.put("a", "known", b"1")
    one.put("keys", "anna", b"hash")
    assert one.flush() and list(one.scan("keys")) == [("anna", b"hash")] and other.get("a", "known") == b"1"
    server.stop()
    eventually(lambda: bool(one.why and other.why), 2)
    began = time.monotonic()
    for number in range(300):
        one.put("a", f"kept {number}", b"2")
        assert one.get("a", f"kept {number}") == b"2" and one.get("a", "known") == b"1"
        assert one.get("a", f"absent {number}") is None
    assert list(one.scan("keys")) == [("anna", b"hash")]
    assert one.compare_and_set("a", "lock", None, b"mine") and not one.compare_and_set("a", "lock", None, b"again")
    other.put("a", "from the other", b"3")
    assert time.monotonic() - began < 2 and not one.flush(0.1)
    time.sleep(1.2)
    server.start()
    assert eventually(lambda: other.get("a", "kept 299") == b"2" and one.get("a", "from the other") == b"3") < 5
    assert other.get("a", "lock") == b"mine" and one.why == other.why == ""
    said = [record.getMessage() for record in caplog.records if record.name == "dragoman"]
    assert sum("cannot be used" in line for line in said) == 2 and sum("agree again" in line for line in said) == 2
    assert len(said) == 4


def test_what_others_did_meanwhile_wins_over_a_local_compare_and_set(
    server: RedisServer, two: tuple[RedisStore, RedisStore]
) -> None:
    one, other = two
    one.put("a", "k", b"0")
    one.flush()
    assert one.get("a", "k") == other.get("a", "k") == b"0"
    server.stop()
    eventually(lambda: bool(one.why and other.why), 2)
    assert one.compare_and_set("a", "k", b"0", b"one") and one.compare_and_set("a", "k", b"one", b"one more")
    assert other.compare_and_set("a", "k", b"0", b"other")
    server.start()
    eventually(lambda: not one.why and not other.why)
    eventually(lambda: one.get("a", "k") == other.get("a", "k") != b"0")
    assert one.flush() and other.flush() and one.get("a", "k") == other.get("a", "k") in (b"one more", b"other")


def test_a_server_that_hangs_costs_each_question_at_most_once(
    server: RedisServer, two: tuple[RedisStore, RedisStore]
) -> None:
    one, _ = two
    one.put("a", "k", b"1")
    one.flush()
    server.hang()
    waits = []
    for number in range(50):
        began = time.monotonic()
        one.get("a", f"not known {number}")
        assert one.get("a", "k") == b"1"
        waits.append(time.monotonic() - began)
    assert max(waits) < 1.5 and sum(waits) < 2.5 and sorted(waits)[-2] < 0.4
    server.go_on()
    assert eventually(lambda: not one.why) < 5


def test_one_failed_command_closes_the_door_for_a_moment_only(two: tuple[RedisStore, RedisStore]) -> None:
    one, other = two
    assert one.reach() and other.reach()
    one._link.lost(TimeoutError("a reader had to wait too long"))
    assert not one.reach() and "does not answer" in one.why
    one.put("a", "k", b"1")
    assert eventually(one.reach) < 2 and one.why == ""
    assert eventually(lambda: other.get("a", "k") == b"1") < 2


def test_what_the_server_refuses_is_kept_and_written_later(
    server: RedisServer, two: tuple[RedisStore, RedisStore], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = two
    one.put("a", "k", b"1")
    one.flush()
    server.ask("CONFIG", "SET", "maxmemory", "1mb")
    one.put("a", "k", b"the new value")
    eventually(lambda: "does not take changes" in one.why)
    assert "the new value" not in one.why and "the new value" not in caplog.text and "maxmemory" in caplog.text
    assert one.get("a", "k") == b"the new value" and one.compare_and_set("a", "k", b"the new value", b"newer")
    server.ask("CONFIG", "SET", "maxmemory", "0")
    eventually(lambda: other.get("a", "k") == b"newer" and one.why == "")


def test_a_wrong_password_is_said_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    config = tmp_path / "dragoman.toml"
    with RedisServer("r%ght :pass/word") as server:
        for password in ("wr%ng :pass", ""):
            store = RedisStore(redis_url(server.url(password=password)))
            store.put("a", "k", b"1")
            assert store.get("a", "k") == b"1" and "cannot be used" in store.why
            store.close()
            config.write_text(f'[state]\nurl = "{server.url(password=password)}"\n')
            (line,) = reached(str(config))
            assert line.startswith("warning: state.url: Redis at") and "user and password" in line
        assert caplog.text.count("right user and password") >= 2
        assert "wr%ng" not in caplog.text and "wr%25ng" not in caplog.text
        store = RedisStore(redis_url(server.url()))
        store.put("a", "k", b"1")
        assert store.flush() and store.why == ""
        store.close()
        config.write_text(f'[state]\nurl = "{server.url()}"\n')
        assert reached(str(config)) == [f"state:         redis://127.0.0.1:{server.port}/0 answers"]


def test_prefixes_databases_and_sockets_keep_apart(server: RedisServer) -> None:
    urls = [
        server.url(), server.url(db=3), server.url(prefix="mine:"), f"unix://{server.socket_path}?db=4",
    ]  # fmt: skip
    stores = [RedisStore(redis_url(url)) for url in urls]
    for number, store in enumerate(stores):
        store.put("a", "k", str(number).encode())
        assert store.flush()
    for number, store in enumerate(stores):
        again = RedisStore(redis_url(urls[number]))
        assert again.get("a", "k") == str(number).encode()
        again.close()
        store.close()
    assert server.ask("GET", "mine:v:a:k") == "2" and server.ask("-n", "3", "GET", "dragoman:v:a:k") == "1"


def test_tls(tmp_path: Path) -> None:
    certificate, key, port = tmp_path / "ca.pem", tmp_path / "key.pem", free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate)]
    with RedisServer("", "--tls-port", str(port), *files, "--tls-auth-clients", "no"):
        trusting = RedisStore(redis_url(f"rediss://127.0.0.1:{port}/0?ca_file={certificate}"))
        trusting.put("a", "k", b"1")
        assert trusting.flush() and trusting.why == ""
        trusting.close()
        other = RedisStore(redis_url(f"rediss://127.0.0.1:{port}/0"))
        assert not other.reach() and "ca_file" in other.remedy
        other.close()


def test_a_newer_format_is_left_alone(server: RedisServer) -> None:
    server.ask("SET", "dragoman:format", "2")
    store = RedisStore(redis_url(server.url()))
    store.put("a", "k", b"1")
    assert store.get("a", "k") == b"1" and "newer version" in store.why
    store.close()
    assert server.ask("KEYS", "dragoman:v:*") == ""


_UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import sys, time
import gevent
from gateway.config.redis_url import redis_url
from gateway.state.redis import RedisStore

store = RedisStore(redis_url(sys.argv[1]))
assert "redis" not in sys.modules
store.put("a", "k", b"0")
assert store.flush(), store.why
gaps = []
def tick():
    before = time.perf_counter()
    while True:
        gevent.sleep(0.002)
        now = time.perf_counter()
        gaps.append(now - before)
        before = now
ticker = gevent.spawn(tick)
gevent.sleep(0.05)
print("ready", flush=True)
sys.stdin.readline()
del gaps[:]
def busy(name):
    until = time.monotonic() + 2
    number = 0
    while time.monotonic() < until:
        store.put("a", f"{name} {number}", b"v" * 500, 60)
        store.get("a", f"absent {name} {number}")
        store.compare_and_set("locks", f"{name} {number}", None, b"x", 5)
        number += 1
        gevent.sleep(0.002)
    return number
jobs = [gevent.spawn(busy, name) for name in "abcd"]
gevent.joinall(jobs)
print(sum(job.value for job in jobs), f"{max(gaps):.4f}", flush=True)
store.close()
"""


@pytest.mark.parametrize("hangs", [False, True])
def test_the_hub_is_not_held_up(server: RedisServer, hangs: bool) -> None:
    worst = []
    for _ in range(3):  # the machine may be busy with something else
        process = subprocess.Popen(
            [sys.executable, "-c", _UNDER_GEVENT, server.url()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        try:
            assert process.stdin is not None and process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            if hangs:
                server.hang()
            process.stdin.write("go\n")
            process.stdin.flush()
            rounds, gap = process.stdout.readline().split()
            worst.append(float(gap))
            print(rounds, gap)
            assert process.wait(20) == 0 and int(rounds) > 50
        finally:
            server.go_on()
            process.kill()
            process.communicate(timeout=10)
        if worst[-1] < 0.1:
            break
    assert min(worst) < 0.1, worst
