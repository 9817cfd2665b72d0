"""One request of somebody who is logged in."""

from __future__ import annotations

import hmac
import json
import logging
from typing import TYPE_CHECKING, Any

from flask import Response, redirect, request

from gateway.web.admin.security import COOKIE, PATH, give_cookie
from gateway.web.admin.sessions import Session
from gateway.web.gateway import Gateway

if TYPE_CHECKING:
    from gateway.web.admin.desk import AdminDesk

log = logging.getLogger("dragoman")


class Visit:
    def __init__(self, desk: AdminDesk, session: Session) -> None:
        self.desk = desk
        self.session = session

    @property
    def gateway(self) -> Gateway:
        return self.desk.gateway

    def confirmed(self) -> bool:
        """Whether the POST carries this session's token, in the form or (from scripts) in a header."""
        given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
        return hmac.compare_digest(given.encode(), self.session.csrf.encode())

    def asked(self, name: str) -> str:
        """A field of the form, or of the query of a GET."""
        values = request.form if request.method == "POST" else request.args
        return values.get(name, "").strip()

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A whole page; what an action left to say stands on top."""
        said = self.desk.sessions.take(self.session, "notice")
        kind, text = json.loads(said) if said else ("", "")
        current = request.path.removeprefix(PATH).strip("/").partition("/")[0]
        return self.desk.renderer.page(
            template, status=status, csrf=self.session.csrf, current=current, notice=text, notice_kind=kind, **values
        )

    def part(self, template: str, **values: Any) -> Response:
        """A piece of a page that is fetched again and again."""
        return self.desk.renderer.page(template, csrf=self.session.csrf, **values)

    def go(self, page: str) -> Response:
        answer = redirect(f"{PATH}/{page}" if page else PATH, 303)
        assert isinstance(answer, Response)
        return answer

    def done(self, page: str, text: str, *, good: bool = True) -> Response:
        """To `page`, which says what has happened; the log keeps who did it."""
        self.noted(text)
        self.desk.sessions.leave(self.session, "notice", json.dumps(["good" if good else "bad", text]))
        return self.go(page)

    def noted(self, text: str) -> None:
        """Into the log, with who did it."""
        log.info("admin: %s: %s", self.desk.client, text.replace("\n", "; "))

    def log_out(self) -> Response:
        self.desk.sessions.end(self.session)
        answer = self.go("")
        give_cookie(answer, COOKIE, "", secure=self.desk._by_tls())
        return answer
