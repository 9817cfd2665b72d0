"""The same tests once more in a process that gevent has patched, and what only gevent can show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

PATCHED = """
from gevent import monkey; monkey.patch_all()
import sys, pytest
from gateway.upstreams.transport.wait import HubWaiter, waiter_class
assert waiter_class() is HubWaiter
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]]))
"""

HUB = """
from gevent import monkey; monkey.patch_all()
import time, gevent, gevent.socket
from gateway.upstreams.transport.faults import Aborted
from gateway.upstreams.transport.session import Transport

listener = gevent.socket.socket()
listener.bind(("127.0.0.1", 0)); listener.listen(50)

def serve():
    while True:
        sock, _ = listener.accept()
        gevent.spawn(hold, sock)

def hold(sock):
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2\\r\\nab\\r\\n")
    gevent.sleep(20)

gevent.spawn(serve)
for lean in (True, False):
    transport = Transport(lean=lean)
    url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
    exchange = transport.send("POST", url, {}, b"{}", connect_timeout=5, header_timeout=5)
    assert exchange.read(5) == b"ab"
    # From the hub's own callback, where nothing may block.
    timer = gevent.get_hub().loop.timer(0.1)
    timer.start(exchange.abort)
    ticks = []
    ticker = gevent.spawn(lambda: [ticks.append(gevent.sleep(0.01)) for _ in range(5)])
    began = time.monotonic()
    try:
        exchange.read(10)
    except Aborted:
        pass
    else:
        raise SystemExit("not woken")
    assert time.monotonic() - began < 1, "woken late"
    assert len(ticks) == 5, "the read held up the hub"
    exchange.close()

    # A greenlet killed in its read leaves nothing behind that would wake it later.
    exchange = transport.send("POST", url, {}, b"{}", connect_timeout=5, header_timeout=5)
    reader = gevent.spawn(lambda: (exchange.read(5), exchange.read(10)))
    gevent.sleep(0.1)
    reader.kill(timeout=2)
    assert reader.dead
    exchange.close()
print("fine")
"""


def run(code: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_abort_from_the_hub() -> None:
    assert run(HUB).strip() == "fine"


def test_the_suite_under_gevent() -> None:
    names = ["call", "connection", "exchange", "lean", "plain", "pool", "wait"]
    assert " passed" in run(PATCHED, *[str(HERE / f"test_{name}.py") for name in names])
