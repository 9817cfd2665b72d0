"""[records] url = "postgresql://...": a real server from Debian, of this test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from gateway.config.model import Records
from gateway.monitoring.archive import Archive
from gateway.monitoring.bodies import Bodies
from gateway.monitoring.history import History
from gateway.monitoring.statistics import Statistics
from gateway.monitoring.tables import migrate, open_engine
from tests.gateways import Client, Provider, config_for
from tests.monitoring.test_archive import record
from tests.running import RunningGateway
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.past import keep, week
from tests.web.admin.test_board import ask, log_in
from tests.web.admin.visitor import ADMIN

pytestmark = pytest.mark.system


def binary(name: str) -> str:
    """Debian keeps most of them out of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else name


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="dragoman-pg-"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    try:
        subprocess.run(
            [binary("initdb"), "-D", str(folder / "data"), "-U", "dragoman", "--auth=trust", "--no-sync"],
            user=user, cwd=folder, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        server = subprocess.Popen(
            [binary("postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder), "-F",
             "-c", "listen_addresses=127.0.0.1"],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            address = f"postgresql://dragoman@127.0.0.1:{port}/postgres"
            until = time.monotonic() + 20
            while True:
                try:
                    migrate(open_engine(address, folder, writing=True))
                    break
                except OperationalError:  # it is still starting
                    assert time.monotonic() < until and server.poll() is None
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_records_live_there(url: str, tmp_path: Path) -> None:
    settings = Records(url=url)
    archives = [Archive(settings, tmp_path) for _ in range(2)]
    told = [
        record(n, input_tokens=5, output_tokens=1, cost_usd=0.5, source="provider", error="nul\0") for n in range(700)
    ]
    for n, each in enumerate(told):
        archives[n % 2].put([each])
    archives[0].put_bodies(Bodies("req_7", time.time(), b'{"said": "nul\\u0000"}', 18, b"fine\0", 5))
    for archive in archives:
        archive.close()
    history = History(settings, tmp_path)
    found = [each for _, each in history.latest(10_000)]
    assert sorted(int(each.id[4:]) for each in found) == list(range(700)) and found[0].error == "nul\ufffd"
    (used,) = history.usage("key", 0)
    assert (used.name, used.requests, used.input_tokens, used.cost_usd) == ("anna", 700, 3500, 350.0)
    assert len(history.after(history.latest(10)[0][0])) == 9
    (kept,) = history.bodies("req_7")
    assert (kept.answer, kept.answer_size) == ("fine\ufffd", 5) and history.of_id("req_7")[0].key == "anna"
    assert not list(tmp_path.iterdir()), "nothing in the data folder"


def test_what_is_too_old_or_too_much_goes(url: str, tmp_path: Path) -> None:
    archive = Archive(Records(url=url, max_mb=1), tmp_path)
    archive.put([record(5000, at=time.time() - 40 * 86400, id="old")])
    for number in range(60):
        archive.put_bodies(Bodies(f"many_{number}", time.time(), b"x y " * 10_000, 40_000, b"", 0))
    archive.close()
    history = History(Records(url=url), tmp_path)
    assert history.of_id("old") == [] and history.bodies("many_0") == [] and len(history.bodies("many_59")) == 1


def test_the_admin_page_gets_the_same_answers_there(url: str, tmp_path: Path) -> None:
    since = time.time() - 8 * 86400
    with open_engine(url, tmp_path, writing=True).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("CREATE DATABASE pages")
    url = url.replace("/postgres", "/pages")
    keep(week(tmp_path, 200), tmp_path, url=url)
    here, there = Statistics(Records(), tmp_path), Statistics(Records(url=url), tmp_path)
    for by in ("key", "model", "account"):
        mine, theirs = here.course(by, since, 86400, 3600), there.course(by, since, 86400, 3600)
        assert len(mine) > 7 and [replace(each, cost_usd=0.0) for each in mine] == sorted(
            (replace(each, cost_usd=0.0) for each in theirs), key=lambda point: (point.at, point.name)
        )
        assert here.names(by, since) == sorted(there.names(by, since))
    assert (here.totals(since).requests, here.totals(since).errors) == (
        there.totals(since).requests,
        there.totals(since).errors,
    )
    ids = [[each.id for _, each in asked.found(50, errors=True)] for asked in (here, there)]
    assert ids[0] == ids[1] != []


def test_the_pages_of_a_running_gateway_read_it(url: str) -> None:
    """Under gevent, many at once: the driver works in real threads there."""
    with ScriptedUpstream() as up:
        up.text("chat", "All is well")
        config = config_for(Provider(up), auth={"mode": "off", "admin_key": ADMIN}, records={"url": url})
        with RunningGateway(config) as gateway:
            assert all(Client(gateway.port).ask("chat", model="the-model").status == 200 for _ in range(3))
            cookie = log_in(gateway.port)
            until = time.monotonic() + 20
            while ask(gateway.port, "/admin/requests", cookie).count("requests/one?number") < 3:
                assert time.monotonic() < until
                time.sleep(0.1)
            paths = [
                "/admin/usage?by=model",
                "/admin/requests?model=the-model",
                "/admin",
                "/admin/overview/figures",
            ] * 4
            with ThreadPoolExecutor(16) as threads:
                pages = list(threads.map(lambda path: ask(gateway.port, path, cookie), paths))
            assert all("the-model" in page or "Requests, last hour" in page for page in pages)
            assert not [page for page in pages if "cannot be read" in page]
