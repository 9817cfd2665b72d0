"""What is no request speaks the log's own form too, from the first line on, and a reload changes form and level."""

from __future__ import annotations

import json
import logging
import signal
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.model import Records
from gateway.web.application import Application
from gateway.web.log_lines import JsonLine, levelled
from tests.running import RunningGateway
from tests.web.test_application import Loader, serving

UPSTREAM = """
[[upstreams]]
name = "one"
kind = "openai"
base_urls = ["http://127.0.0.1:9/v1"]
models = ["m"]
"""


def test_every_line_is_json() -> None:
    with RunningGateway('[server]\nlog_format = "json"\n' + UPSTREAM) as gateway:
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(gateway.url + "/nothing", timeout=10)
        gateway.configure('[server]\nlog_format = "json"\nresume = "maybe"\n' + UPSTREAM)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_log("reload refused")
        gateway.wait_for_log('"path": "/nothing"')
        lines = [json.loads(line) for line in gateway.log().splitlines()]
    assert all(isinstance(line["at"], float) for line in lines)
    refused = next(line for line in lines if "reload refused" in line.get("message", ""))
    assert refused["level"] == "error" and "\n" in refused["message"]


def test_a_reload_changes_the_form_and_the_level() -> None:
    with RunningGateway(UPSTREAM) as gateway:
        gateway.configure('[server]\nlog_format = "json"\n' + UPSTREAM)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_log('"message": "configuration reloaded')
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(gateway.url + "/nothing", timeout=10)
        gateway.wait_for_log('"path": "/nothing"')
        gateway.configure('[server]\nlog_format = "json"\nlog_level = "error"\n' + UPSTREAM.replace('"m"', '"other"'))
        gateway.signal(signal.SIGHUP)
        until = time.monotonic() + 10
        while b"other" not in urllib.request.urlopen(gateway.url + "/v1/models", timeout=10).read():
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.2)
        gateway.configure('[server]\nresume = "maybe"\n' + UPSTREAM)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_log("reload refused")
        assert gateway.log().count("configuration reloaded") == 1


def test_a_bug_keeps_its_traceback_in_one_line() -> None:
    try:
        raise ZeroDivisionError("why")
    except ZeroDivisionError as error:
        told = (type(error), error, error.__traceback__)
        record = logging.LogRecord("dragoman", logging.ERROR, "file", 1, "request %s failed", ("r1",), told)
    line = JsonLine().format(record)
    document = json.loads(line)
    assert "\n" not in line and document["level"] == "error"
    assert document["message"].startswith("request r1 failed\nTraceback") and "why" in document["message"]


def test_what_a_reload_cannot_change_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    loader = Loader(tmp_path)
    app = Application(loader)
    assert app.gateway
    loader.found = replace(
        serving("two", tmp_path, drain_timeout_s=90.0, allow_lan_access=True), records=Records(max_mb=99)
    )
    assert app.reload()
    assert "[server] allow_lan_access changed" in caplog.text
    assert "[records] changed" in caplog.text and "drain_timeout_s grew" in caplog.text
    assert "[metrics] changed" not in caplog.text


def test_levels_go_by_their_names() -> None:
    own = logging.getLogger("dragoman")
    before = {name: logging.getLogger(name).level for name in ("dragoman", "gunicorn.error")}
    try:
        levelled("warning")
        assert not own.isEnabledFor(logging.INFO) and own.isEnabledFor(logging.WARNING)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
