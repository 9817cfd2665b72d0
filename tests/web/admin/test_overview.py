from __future__ import annotations

import threading
import time

from tests.gateways import InProcess
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.conftest import CLIENT
from tests.web.admin.past import week
from tests.web.admin.visitor import Visitor, words


def test_figures_of_the_last_hour_and_recent_errors(visitor: Visitor, house: InProcess) -> None:
    assert "no records" in words(visitor.get())
    records = week(house.gateway.config.data_dir, 400)
    recent = [each for each in records if each.at > time.time() - 3600]
    page = words(visitor.get())
    assert f"Requests, last hour {len(recent)} " in page and "Accounts usable 3 of 3" in page
    last = [each for each in records if each.ended == "cut"][-1]
    assert last.asked in page and "cut after content" in page
    assert visitor.get("overview/errors").text.count("requests/one?number=") == 5


def test_what_needs_a_look_is_said(visitor: Visitor, house: InProcess) -> None:
    for account in house.gateway.pool.accounts():
        account.disabled_reason = "the key was revoked"
    page = words(visitor.get())
    assert "No request can be answered now: every account is disabled" in page and "the key was revoked" in page


def test_a_running_request_is_seen_and_gone(visitor: Visitor, house: InProcess, up: ScriptedUpstream) -> None:
    gate = threading.Event()
    up.play(text("one two", gate=gate), dialect="chat")
    streaming = house.open("chat", model="gpt-4o-mini", stream=True, headers={"Authorization": f"Bearer {CLIENT}"})
    try:
        assert next(streaming.chunks())
        row = words(visitor.get("live"))
        assert "gpt-4o-mini stream" in row and "team openai" in row and "/v1/chat/completions" in row
        assert "waiting" not in row
    finally:
        gate.set()
    streaming.reply()
    until = time.monotonic() + 5
    while "No request is running" not in words(visitor.get("live")) and time.monotonic() < until:
        time.sleep(0.02)
    assert "No request is running" in words(visitor.get("live"))
