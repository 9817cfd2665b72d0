from __future__ import annotations

from tests.gateways import InProcess
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.visitor import Visitor, words

ASKED = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Well?"}]}


def token(visitor: Visitor) -> str:
    visitor.get("playground")
    return visitor.csrf


def test_who_is_logged_in_needs_no_client_key(visitor: Visitor, house: InProcess) -> None:
    answer = visitor.post_json("playground/send", ASKED, csrf=token(visitor))
    assert answer.status_code == 200 and answer.mimetype == "text/event-stream"
    assert "data: [DONE]" in answer.text and "well" in answer.text
    assert answer.headers["X-Mapped-Model"] == "gpt-4o-mini" and answer.headers["X-Account-Email"] == "team"
    answer.close()
    [record] = [each for each in house.records if each.asked]
    assert record.key == "(admin page)" and record.ended == "complete"


def test_a_cut_answer_ends_without_done(visitor: Visitor, up: ScriptedUpstream) -> None:
    up.play(text("one two three four", cut_after=2), dialect="chat")
    answer = visitor.post_json("playground/send", ASKED, csrf=token(visitor))
    assert '"error"' in answer.text and "[DONE]" not in answer.text


def test_without_session_or_token_nobody_is_asked(visitor: Visitor, house: InProcess, up: ScriptedUpstream) -> None:
    assert visitor.post_json("playground/send", ASKED, csrf="guess").status_code == 403
    assert Visitor(house.gateway).post_json("playground/send", ASKED, csrf=token(visitor)).status_code == 401
    assert up.asked() == []


def test_what_is_wrong_comes_in_the_protocols_words(guest: Visitor) -> None:
    answer = guest.post_json("playground/send", {**ASKED, "model": "no-such"}, csrf=token(guest))
    assert answer.status_code == 404 and "no-such" in answer.json["error"]["message"]


def test_the_page_offers_the_models(guest: Visitor) -> None:
    page = guest.get("playground")
    assert "Playground" in words(page) and "<option>gemini-2.5-pro</option>" in page.text
