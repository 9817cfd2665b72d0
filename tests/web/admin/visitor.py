"""Somebody at the admin page, without a browser."""

from __future__ import annotations

import html
import re
from typing import Any

from werkzeug.test import Client, TestResponse

from gateway.web.app import create_app
from gateway.web.gateway import Gateway

ADMIN = "the-admin-key-canary-0123456789"


class Visitor:
    """`environ` goes with every request; `csrf` is found on the last page that had one."""

    def __init__(self, gateway: Gateway, **environ: str) -> None:
        self._client = Client(create_app(gateway))
        self._environ = {"REMOTE_ADDR": "127.0.0.1", **environ}
        self.csrf = ""

    def get(self, page: str = "", *, headers: dict[str, str] | None = None, **query: str) -> TestResponse:
        path = f"/admin/{page}" if page else "/admin"
        return self._kept(
            self._client.get(path, headers=headers, query_string=query or None, environ_overrides=self._environ)
        )

    def post(
        self, page: str, *, csrf: str | None = None, headers: dict[str, str] | None = None, **fields: Any
    ) -> TestResponse:
        """As a form of the last page would be sent."""
        data = {"csrf": self.csrf if csrf is None else csrf, **fields}
        return self._kept(
            self._client.post(f"/admin/{page}", data=data, headers=headers, environ_overrides=self._environ)
        )

    def post_json(self, page: str, document: Any, *, csrf: str) -> TestResponse:
        return self._client.post(
            f"/admin/{page}", json=document, headers={"X-CSRF-Token": csrf}, environ_overrides=self._environ
        )

    def log_in(self, key: str = ADMIN, page: str = "") -> TestResponse:
        form = self.get(page)
        return self._kept(
            self._client.post(
                "/admin/login",
                data={"token": found(form, r'name="token" value="([^"]+)"'), "key": key, "to": page},
                environ_overrides=self._environ,
            )
        )

    def cookie(self, name: str) -> str:
        kept = self._client.get_cookie(name, path="/admin")
        return kept.value if kept else ""

    def take_cookie(self, name: str, value: str) -> None:
        self._client.set_cookie(name, value, path="/admin")

    def _kept(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html" and (seen := re.search(r'name="csrf" value="([^"]+)"', response.text)):
            self.csrf = seen[1]
        return response


def found(response: TestResponse, pattern: str) -> str:
    seen = re.search(pattern, response.text)
    assert seen, (pattern, response.text)
    return html.unescape(seen[1])


def words(response: TestResponse) -> str:
    """The page as text."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.text)).split())
