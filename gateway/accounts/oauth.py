"""OAuth 2.0 at a token endpoint: refreshing a token, and trading a login's code for one.

https://www.rfc-editor.org/rfc/rfc6749#section-6, https://www.rfc-editor.org/rfc/rfc7636 (PKCE),
https://developers.google.com/identity/protocols/oauth2/native-app
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

LIFETIME_S = 3599.0
"""What a provider that names no `expires_in` is taken to mean."""

TESTING_HINT = (
    'If the OAuth app is still in "Testing", Google ends its refresh tokens after 7 days: publish the app, '
    "then log in again with `dragoman accounts login`."
)

Post = Callable[[str, dict[str, str], bytes, float], tuple[int, bytes]]
"""(url, headers, body, seconds) -> (status, body). Raises OSError when the endpoint cannot be asked or is silent."""


@dataclass(frozen=True, slots=True)
class Client:
    """The operator's OAuth client. A public client has no secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    token_url: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """`expires_at` is time.time() seconds; `refresh_token` is "" when the provider sent none; `email` is the one in
    the id_token, "" without."""

    access_token: str = field(repr=False)
    expires_at: float = 0.0
    refresh_token: str = field(default="", repr=False)
    email: str = ""


class Refused(Exception):
    """The endpoint said no. `error` is its machine word: "invalid_grant" is the credential's end, "invalid_client" and
    "unauthorized_client" are about the OAuth client."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error


class Unavailable(Exception):
    """The endpoint gave no usable answer: nothing is known about the credential."""


def refreshed(post: Post, client: Client, refresh_token: str, timeout_s: float) -> Granted:
    """A new access token. Raises Refused, Unavailable."""
    return _ask(post, client, {"grant_type": "refresh_token", "refresh_token": refresh_token}, timeout_s)


def traded(post: Post, client: Client, code: str, verifier: str, redirect_uri: str, timeout_s: float) -> Granted:
    """The tokens of a login. Raises Refused, Unavailable."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    return _ask(post, client, form, timeout_s)


def _ask(post: Post, client: Client, form: dict[str, str], timeout_s: float) -> Granted:
    form = {**form, "client_id": client.client_id}
    if client.client_secret:
        form["client_secret"] = client.client_secret
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        status, body = post(client.token_url, headers, urlencode(form).encode(), timeout_s)
    except OSError as error:
        raise Unavailable(f"the token endpoint cannot be asked ({error})") from None
    try:
        document: Any = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Unavailable(f"the token endpoint answered {status} with something that is not JSON")
    word = document.get("error")
    if isinstance(word, str) and word and 400 <= status < 500 and status not in (408, 429):
        raise Refused(word[:100], _line(document.get("error_description")))
    token = document.get("access_token")
    if status != 200 or not isinstance(token, str) or not token:
        raise Unavailable(f"the token endpoint answered {status} without an access_token")
    rotated = document.get("refresh_token")
    return Granted(
        access_token=token,
        expires_at=time.time() + _seconds(document.get("expires_in")),
        refresh_token=rotated if isinstance(rotated, str) else "",
        email=_email(document.get("id_token")),
    )


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return LIFETIME_S
    return seconds if 0 < seconds < 10**9 else LIFETIME_S


def _line(text: Any) -> str:
    return "".join(each if each.isprintable() else " " for each in text[:300]) if isinstance(text, str) else ""


def _email(id_token: Any) -> str:
    """The claim. Straight from the token endpoint, its signature adds nothing (OpenID Connect Core 3.1.3.7)."""
    try:
        payload = str(id_token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        email = claims["email"]
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return ""
    return email if isinstance(email, str) and email.isprintable() else ""
