"""The one way to every admin page: the admin key is configured, the session is good, a POST carries its token.

Pages are functions of a Visit; which there are stands in `pages.py`.
"""

from __future__ import annotations

import hmac
import logging
import math
import secrets
from pathlib import Path

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import send_file

from gateway.web.admin.attempts import Attempts
from gateway.web.admin.pages import PAGES
from gateway.web.admin.records import RecordsDesk
from gateway.web.admin.render import Renderer
from gateway.web.admin.security import COOKIE, LOGIN_COOKIE, by_tls, foreign, give_cookie, guarded
from gateway.web.admin.sessions import Sessions
from gateway.web.admin.visit import Visit
from gateway.web.client import client_address
from gateway.web.door import Door

log = logging.getLogger("dragoman")

STATIC = Path(__file__).parent / "static"
MOST_FORM_BYTES = 4 * 1024 * 1024

WRONG = "That is not the admin key."
STALE = "This page was too old: please try once more."
FOREIGN = "Another site sent this request. Open the admin page itself and try there."


class AdminDesk:
    """One per gateway."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.gateway = door.gateway
        self.sessions = Sessions(self.gateway.state)
        self.records = RecordsDesk(self.gateway.config)
        self.attempts = Attempts(self.gateway.state)
        self.renderer = Renderer()
        self._trusted = frozenset(self.gateway.config.server.trusted_proxies)
        self._assets = frozenset(each.name for each in STATIC.iterdir())

    def answer(self, page: str) -> Response:
        try:
            return guarded(self._answer(page))
        except RequestEntityTooLarge:
            return guarded(self._plain(413, "that is more than a form of this page can hold"))
        except Exception:
            log.exception("admin: the page /admin/%s failed", page)
            return guarded(self._plain(500, "this page failed; the gateway's log has the reason"))

    def asset(self, name: str) -> Response:
        if name not in self._assets:
            return guarded(self._plain(404, "there is no such file"))
        sent = send_file(STATIC / name, request.environ, conditional=True, etag=True, response_class=Response)
        assert isinstance(sent, Response)
        return guarded(sent, store=True)

    @staticmethod
    def _plain(status: int, why: str) -> Response:
        return Response(f"{why}\n", status, content_type="text/plain; charset=utf-8")

    @property
    def client(self) -> str:
        return client_address(request.environ, self._trusted)

    def _answer(self, page: str) -> Response:
        admin_key = self.gateway.config.auth.admin_key
        if not admin_key:
            return self.renderer.page("no_key.html", status=403, source=self.gateway.config.source)
        request.max_content_length = request.max_form_memory_size = MOST_FORM_BYTES
        if request.method == "POST" and foreign(request.environ):
            return self._login_form(FOREIGN, 403)
        if page == "login" and request.method == "POST":
            return self._log_in(admin_key)
        refreshed = "X-Refresh" in request.headers
        session = self.sessions.find(request.cookies.get(COOKIE, ""), admin_key, touch=not refreshed)
        if session is None:
            return self._login_form("", 401) if not refreshed else Response("", 401)
        visit = Visit(self, session)
        if page == "login":
            return visit.go("")
        found = PAGES.get(("POST" if request.method == "POST" else "GET", page))
        if found is None:
            return visit.page("missing.html", status=404)
        if request.method == "POST" and not visit.confirmed():
            return visit.page("missing.html", status=403, why=STALE)
        return found(visit)

    def _login_form(self, why: str, status: int, retry_after: float = 0.0) -> Response:
        token = secrets.token_urlsafe(32)
        response = self.renderer.page("login.html", status=status, why=why, token=token, to=self._wanted())
        give_cookie(response, LOGIN_COOKIE, token, secure=self._by_tls())
        if retry_after:
            response.headers["Retry-After"] = str(math.ceil(retry_after))
        return response

    def _log_in(self, admin_key: str) -> Response:
        """The form's token equals the cookie that came with the form: no other site logs a browser in."""
        known, given = request.cookies.get(LOGIN_COOKIE, ""), request.form.get("token", "")
        if not known or not hmac.compare_digest(known.encode(), given.encode()):
            return self._login_form(STALE, 403)
        wait = self.attempts.enter(self.client)
        if wait:
            minutes = math.ceil(wait / 60)
            return self._login_form(f"Too many attempts. Try again in {minutes} min.", 429, wait)
        if not hmac.compare_digest(admin_key.encode(), request.form.get("key", "").strip().encode()):
            log.warning("admin: a wrong key came from %s", self.client)
            return self._login_form(WRONG, 401)
        self.attempts.succeeded(self.client)
        token, session = self.sessions.open(admin_key)
        log.info("admin: %s logged in", self.client)
        response = Visit(self, session).go(self._wanted())
        give_cookie(response, LOGIN_COOKIE, "", secure=self._by_tls())
        give_cookie(response, COOKIE, token, secure=self._by_tls())
        return response

    def _wanted(self) -> str:
        """The page to show after the login: one of ours or the overview."""
        page = request.form.get("to", "") if request.method == "POST" else request.path.removeprefix("/admin/")
        return page if ("GET", page) in PAGES else ""

    def _by_tls(self) -> bool:
        return by_tls(request.environ, self._trusted)
