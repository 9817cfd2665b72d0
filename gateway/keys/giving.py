"""Making a key for somebody: the same checks for the command line and the admin page."""

from __future__ import annotations

import re
import time
from typing import Any

from gateway.config.model import AuthKey
from gateway.keys.secret import new_key, stored_hash

NAME = re.compile(r"[\w.@+-]{1,64}")
SHOWN_ONCE = "It is shown only now; the gateway keeps its hash."


class Unfit(ValueError):
    """`field` is the one that is wrong, the message says what it should be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def made(name: str, **limits: Any) -> tuple[str, AuthKey]:
    """The secret and what is kept of it; `limits` as in `limited`. Raises Unfit."""
    secret = new_key()
    return secret, limited(name, stored_hash(secret), **limits)


def limited(
    name: str,
    key_hash: str = "",
    *,
    models: tuple[str, ...] = (),
    rpm: int = 0,
    tpm: int = 0,
    daily_tokens: int = 0,
    monthly_usd: float = 0.0,
    max_concurrency: int = 0,
    expires: str = "",
) -> AuthKey:
    """A key with these limits, 0 for none. Raises Unfit."""
    if not NAME.fullmatch(name):
        raise Unfit("name", "a name has letters, digits and . _ - + @ only, 64 at most")
    key = AuthKey(
        name=name,
        key_hash=key_hash,
        models=models or ("*",),
        rpm=rpm,
        tpm=tpm,
        daily_tokens=daily_tokens,
        monthly_usd=monthly_usd,
        max_concurrency=max_concurrency,
        expires=expires,
    )
    try:
        until = key.expires_at
    except ValueError:
        raise Unfit("expires", "write a date as 2027-01-31") from None
    if until is not None and until <= time.time():
        raise Unfit("expires", "that is in the past")
    return key


def limits_worded(key: AuthKey) -> str:
    """`60 requests/min, 5 USD/month`; "none" without any."""
    told = [
        f"{value:g} {word}"
        for value, word in (
            (key.rpm, "requests/min"),
            (key.tpm, "tokens/min"),
            (key.daily_tokens, "tokens/day"),
            (key.monthly_usd, "USD/month"),
            (key.max_concurrency, "at the same time"),
        )
        if value
    ]
    return ", ".join(told) or "none"
