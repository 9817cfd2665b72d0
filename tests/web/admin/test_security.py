from __future__ import annotations

import pytest
from flask import Response

from gateway.web.admin.security import POLICY, by_tls, foreign, give_cookie, guarded


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert "unsafe" not in POLICY and "default-src 'none'" in POLICY and "frame-ancestors 'none'" in POLICY
    headers = guarded(Response("")).headers
    assert headers["Cache-Control"] == "no-store" and headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"wsgi.url_scheme": "https"}, True),
        ({"wsgi.url_scheme": "http", "REMOTE_ADDR": "192.0.2.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}, True),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "http"}, False),
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_PROTO": "https"}, False),
        ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_PROTO": "https"}, True),
    ],
)
def test_https_is_believed_of_trusted_proxies(environ: dict[str, str], expected: bool) -> None:
    assert by_tls(environ, {"127.0.0.1"}) is expected


def test_who_sent_it() -> None:
    assert foreign({"HTTP_SEC_FETCH_SITE": "cross-site"}) and foreign({"HTTP_SEC_FETCH_SITE": "same-site"})
    assert not foreign({"HTTP_SEC_FETCH_SITE": "same-origin"}) and not foreign({})


def test_cookies_are_for_this_page_alone() -> None:
    response = Response("")
    give_cookie(response, "c", "value", secure=True)
    assert response.headers["Set-Cookie"] == "c=value; Secure; HttpOnly; Path=/admin; SameSite=Strict"
