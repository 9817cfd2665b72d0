"""Headers and cookies of the pages. Nothing is loaded from elsewhere, nothing inline runs, nobody may frame them.

https://www.w3.org/TR/CSP3/, https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Response

COOKIE = "dragoman_admin"
LOGIN_COOKIE = "dragoman_login"
PATH = "/admin"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Without a referrer at all browsers would send `Origin: null` with forms."""


def guarded(response: Response, *, store: bool = False) -> Response:
    """With all headers; `store` for assets, which hold nothing of anybody's."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Cache-Control"] = "no-cache" if store else "no-store"
    return response


def by_tls(environ: Mapping[str, Any], trusted: Collection[str]) -> bool:
    """Whether the browser speaks https; a proxy's X-Forwarded-Proto counts when the proxy is trusted."""
    if environ.get("wsgi.url_scheme") == "https":
        return True
    peer = environ.get("REMOTE_ADDR") or ""
    return (not peer or peer in trusted) and environ.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https"


def foreign(environ: Mapping[str, Any]) -> bool:
    """Whether the browser says that another site sent this. https://www.w3.org/TR/fetch-metadata/"""
    return environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none")


def give_cookie(response: Response, name: str, value: str, *, secure: bool) -> None:
    """For this browser session; "" takes it back."""
    kept: dict[str, Any] = {"path": PATH, "httponly": True, "samesite": "Strict", "secure": secure}
    if value:
        response.set_cookie(name, value, **kept)
    else:
        response.delete_cookie(name, **kept)
