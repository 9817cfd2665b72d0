"""Who gets in, and what a browser is told about every page."""

from __future__ import annotations

import logging
import re

import pytest

from gateway.web.admin.attempts import LIMIT
from gateway.web.admin.desk import MOST_FORM_BYTES
from gateway.web.admin.pages import PAGES
from gateway.web.admin.security import COOKIE
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.conftest import CLIENT, PROVIDER_KEYS
from tests.web.admin.past import keep, week
from tests.web.admin.visitor import ADMIN, Visitor, found, words

GETS = [page for method, page in PAGES if method == "GET"]
POSTS = [page for method, page in PAGES if method == "POST"]


@pytest.mark.parametrize(("method", "page"), [*PAGES, ("GET", "no/such/page"), ("POST", "no/such/page")])
def test_without_a_session_there_is_only_the_login(standing: InProcess, method: str, page: str) -> None:
    visitor = Visitor(standing.gateway)
    response = visitor.get(page) if method == "GET" else visitor.post(page, csrf="guess")
    assert response.status_code == 401 and "Admin key" in words(response)
    assert "alice" not in response.text


@pytest.mark.parametrize("mode", ["off", "auto", "strict", "all_except_health"])
def test_the_admin_key_is_asked_in_every_mode(up: ScriptedUpstream, mode: str) -> None:
    with InProcess(config_for(Provider(up), auth={"mode": mode, "admin_key": ADMIN, "api_keys": [CLIENT]})) as house:
        visitor = Visitor(house.gateway)
        assert visitor.get().status_code == 401
        assert visitor.log_in(CLIENT).status_code == 401 and visitor.get().status_code == 401
        assert visitor.get(headers={"Authorization": f"Bearer {CLIENT}"}).status_code == 401
        assert visitor.log_in().status_code == 303 and visitor.get().status_code == 200


def test_without_an_admin_key_nobody_gets_in_and_the_page_says_how(up: ScriptedUpstream) -> None:
    with InProcess(config_for(Provider(up), auth={"mode": "off"})) as house:
        visitor = Visitor(house.gateway)
        response = visitor.get()
        assert response.status_code == 403 and "admin_key" in words(response) and "dragoman reload" in words(response)
        assert visitor.post("login", key="", token="").status_code == 403


def test_a_login_leads_to_the_page_that_was_wanted_and_to_no_other(standing: InProcess) -> None:
    visitor = Visitor(standing.gateway)
    assert visitor.log_in(page="usage").headers["Location"] == "/admin/usage"
    for elsewhere in ("//evil.example", "https://evil.example", "../v1/models", "keys/add"):
        form = Visitor(standing.gateway)
        token = found(form.get(), r'name="token" value="([^"]+)"')
        assert form.post("login", token=token, key=ADMIN, to=elsewhere).headers["Location"] == "/admin"


def test_the_login_form_works_only_where_it_was_shown(house: InProcess) -> None:
    """Login CSRF: another site cannot log a browser in."""
    visitor = Visitor(house.gateway)
    assert visitor.post("login", key=ADMIN, token="").status_code == 403
    visitor.get()
    assert visitor.post("login", key=ADMIN, token="guess").status_code == 403
    assert visitor.get().status_code == 401


def test_wrong_keys_are_counted_and_a_right_one_waits_too(house: InProcess, caplog: pytest.LogCaptureFixture) -> None:
    visitor = Visitor(house.gateway)
    caplog.set_level(logging.INFO, "dragoman")
    wrong = "a-wrong-key-canary"
    assert [visitor.log_in(wrong).status_code for _ in range(LIMIT)] == [401] * LIMIT
    refused = visitor.log_in()
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0 and visitor.get().status_code == 401
    assert Visitor(house.gateway, REMOTE_ADDR="192.0.2.9").log_in().status_code == 303
    assert "a wrong key came from 127.0.0.1" in caplog.text and "192.0.2.9 logged in" in caplog.text
    assert wrong not in caplog.text and ADMIN not in caplog.text


def test_the_limit_counts_the_client_behind_a_trusted_proxy(house: InProcess) -> None:
    one = Visitor(house.gateway, HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert [one.log_in("wrong").status_code for _ in range(LIMIT + 1)][-1] == 429
    assert Visitor(house.gateway, HTTP_X_FORWARDED_FOR="198.51.100.2").log_in().status_code == 303


@pytest.mark.parametrize("proto", ["", "https"])
def test_the_cookie_is_strict_and_secure_with_https(standing: InProcess, proto: str) -> None:
    visitor = Visitor(standing.gateway, **({"HTTP_X_FORWARDED_PROTO": proto} if proto else {}))
    [told] = [each for each in visitor.log_in().headers.getlist("Set-Cookie") if each.startswith(f"{COOKIE}=")]
    parts = told.split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/admin"} <= set(parts) and ("Secure" in parts) is bool(proto)


@pytest.mark.parametrize("page", POSTS)
def test_a_post_without_the_sessions_token_does_nothing(guest: Visitor, standing: InProcess, page: str) -> None:
    other = Visitor(standing.gateway)
    other.log_in()
    other.get()
    for csrf in ("", "guess", other.csrf):
        response = guest.post(page, csrf=csrf, account="all", name="x", model="gpt-4o")
        assert response.status_code == 403 and "too old" in words(response), page
    assert guest.get().status_code == 200


def test_another_sites_post_is_refused_whatever_it_carries(guest: Visitor) -> None:
    response = guest.post("logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403 and guest.get().status_code == 200


def test_a_get_changes_nothing(guest: Visitor) -> None:
    assert guest.get("accounts/disable", account="team").status_code == 404
    assert guest.get("logout").status_code == 404
    assert "disabled" not in words(guest.get("accounts"))


def test_a_logout_is_for_good(visitor: Visitor, house: InProcess) -> None:
    token = visitor.cookie(COOKIE)
    assert visitor.post("logout").status_code == 303
    assert visitor.cookie(COOKIE) == "" and visitor.get().status_code == 401
    thief = Visitor(house.gateway)
    thief.take_cookie(COOKIE, token)
    assert thief.get().status_code == 401


def test_every_answer_carries_the_headers(guest: Visitor, standing: InProcess) -> None:
    answers = [guest.get(page) for page in [*GETS, "nix", "static/admin.css", "static/nix", "static/..%2fdesk.py"]]
    answers += [Visitor(standing.gateway).get(), guest.post("keys/revoke", csrf="")]
    for response in answers:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY" and "no-" in response.headers["Cache-Control"]
        assert "X-Request-Id" not in response.headers, "with one, [records] bodies would keep the form and the page"


@pytest.mark.parametrize("page", GETS)
def test_no_page_holds_a_secret_a_script_or_an_address_elsewhere(
    guest: Visitor, standing: InProcess, page: str
) -> None:
    week(standing.gateway.config.data_dir, 30)
    assert standing.ask("chat", model="gpt-4o", headers={"Authorization": f"Bearer {CLIENT}"}).status == 200
    if page == "keys/edit":
        guest.get("keys")
        guest.post("keys/add", name="carol")
    response = guest.get(page, **{"requests/one": {"number": "3"}, "keys/edit": {"name": "carol"}}.get(page, {}))
    assert response.status_code == 200
    for secret in (ADMIN, CLIENT, *PROVIDER_KEYS, guest.cookie(COOKIE)):
        assert secret not in response.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", response.text)
    assert not re.search(r'(?:src|href|action)="(?!/admin|#)', response.text)


def test_assets_are_served_and_nothing_beside_them(guest: Visitor) -> None:
    style = guest.get("static/admin.css")
    assert style.status_code == 200 and style.mimetype == "text/css"
    again = guest.get("static/admin.css", headers={"If-None-Match": style.headers["ETag"]})
    assert again.status_code == 304
    assert guest.get("static/desk.py").status_code == 404
    assert guest.get("static/../desk.py").status_code == 404


def test_fetching_parts_does_not_keep_a_session_and_its_end_is_told(guest: Visitor, standing: InProcess) -> None:
    refresh = {"X-Refresh": "1"}
    assert guest.get("live", headers=refresh).status_code == 200
    gone = Visitor(standing.gateway).get("live", headers=refresh)
    assert gone.status_code == 401 and gone.text == ""


def test_names_from_elsewhere_are_text(visitor: Visitor, house: InProcess) -> None:
    evil = "<img src=x onerror=alert(1)>"
    [record] = week(house.gateway.config.data_dir, 1)
    record.asked = record.mapped = record.account = record.key = record.error = evil
    record.status, record.attempts = 500, [evil]
    keep([record], house.gateway.config.data_dir)
    for page in ("", "requests", "usage"):
        response = visitor.get(page)
        assert evil not in response.text and ("&lt;img" in response.text or "\\u003cimg" in response.text), page
    assert evil not in visitor.get("requests/one", number="2").text


def test_a_form_has_a_largest_size(guest: Visitor) -> None:
    response = guest.post("explain", protocol="openai", model="m", body="x" * (MOST_FORM_BYTES + 1))
    assert response.status_code == 413 and "more than a form" in response.text and "X-Frame-Options" in response.headers


def test_a_page_that_fails_says_so_and_keeps_its_headers(
    guest: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(visit: object) -> None:
        raise RuntimeError("a-reason-for-the-log")

    monkeypatch.setitem(PAGES, ("GET", "usage"), fails)
    response = guest.get("usage")
    assert response.status_code == 500 and "a-reason" not in response.text and "a-reason" in caplog.text
    assert response.headers["X-Frame-Options"] == "DENY"
