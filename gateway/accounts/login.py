"""Logging an account in: the authorization code flow with PKCE, by a callback on this machine or a pasted address.

https://www.rfc-editor.org/rfc/rfc8252, https://www.rfc-editor.org/rfc/rfc7636,
https://developers.google.com/identity/protocols/oauth2/native-app
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
SCOPES = (
    "openid",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
    "https://www.googleapis.com/auth/cloud-platform",
)
CALLBACK = "/oauth-callback"


class LoginFailed(Exception):
    """The message is for the person who logs in."""


@dataclass(slots=True)
class Login:
    """One attempt: its `state` is good once, its `verifier` is known to nobody else."""

    client_id: str
    redirect_uri: str
    authorize_url: str = AUTHORIZE_URL
    scopes: tuple[str, ...] = SCOPES
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def link(self) -> str:
        """Where the person goes. A refresh token is only given with offline access and a consent that is asked for."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": " ".join(self.scopes),
            "access_type": "offline",
            "prompt": "consent",
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.authorize_url}?{urlencode(query)}"

    def code(self, address: str) -> str:
        """The code in the address the browser was sent back to (or its query alone). Raises LoginFailed."""
        query = parse_qs(urlsplit(address.strip()).query or address.strip().lstrip("?"))
        error = query.get("error", [""])[0]
        if error:
            raise LoginFailed(f"the provider says: {error[:200]}")
        code, state = query.get("code", [""])[0], query.get("state", [""])[0]
        if not code:
            raise LoginFailed("there is no code in that address: paste the whole address of the page you were sent to")
        if not hmac.compare_digest(state.encode(), self.state.encode()):
            raise LoginFailed("the state in that address is not the one of this login: begin again")
        return code


class Callback:
    """Listens on a loopback port for the browser. Addresses that are not this login's are answered, not obeyed."""

    def __init__(self, port: int = 0) -> None:
        self._address = ""
        self._came = threading.Event()
        self._login: Login | None = None
        self._server = http.server.HTTPServer(("127.0.0.1", port), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="callback", daemon=True).start()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{CALLBACK}"

    def expect(self, login: Login) -> None:
        """From now on the browser may come back: before it is sent away, since a text browser comes back at once."""
        self._login = login

    def wait(self, login: Login, timeout_s: float) -> str:
        """The code. Raises LoginFailed."""
        until = time.monotonic() + timeout_s
        while not self._came.wait(0.2):
            if time.monotonic() > until:
                raise LoginFailed(f"nobody came back within {timeout_s:.0f} s; --no-browser lets you paste the address")
        return login.code(self._address)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> Any:
        callback = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said, status = b"This is not the login that is under way. Begin again.", 400
                login = callback._login
                if self.path.startswith(CALLBACK) and login is not None:
                    try:
                        login.code(self.path)
                        said, status = b"Done: you can close this page and go back to the terminal.", 200
                    except LoginFailed as failed:
                        # Only the provider's own refusal ends the wait; a wrong state may come from any web page.
                        if "the provider says" in str(failed):
                            said, status = b"The login was refused. The terminal says why.", 200
                    if status == 200:
                        callback._address = self.path
                        callback._came.set()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                """The address holds the code."""

        return Handler
