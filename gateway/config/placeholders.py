"""Tells a value copied from an example from one somebody chose.

Two questions with two answers: `is_placeholder` for provider credentials (a false yes would switch a paying
account off, so only texts no provider issues match), `is_sample_key` for the keys of our own clients.
"""

from __future__ import annotations

import re

_PREFIX = r"(?:sk-ant-|sk-proj-|sk-or-|sk-|gsk_|aiza(?:sy)?|agent-)?"
_PLACEHOLDER = re.compile(
    rf"""^(?:
        {_PREFIX}(?!x$)[x.*_\-…]*                            # sk-..., sk-xxxx, xxx, AIza...; "sk-x" is a key for
                                                             # servers that want any
      | .*(?:\.\.\.|…)                                       # AIzaSyB...
      | <.*>                                                 # <your key>
      | {_PREFIX}your(?:$|[-_\s].*|(?:api)?key.*|token.*)    # your-key, YOUR_API_KEY, sk-your-key
      | {_PREFIX}change[-_\s]?(?:me|this|it)(?:[-_\s].*)?
      | {_PREFIX}replace[-_\s]?(?:me|this|with)(?:[-_\s].*)?
      | {_PREFIX}(?:insert|put|paste|enter)[-_\s].*
      | .*[-_\s]here
      | {_PREFIX}(?:todo|tbd|placeholder|dummy)
    )$""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_COMMON = frozenset(
    [
        "password",
        "passw0rd",
        "secret",
        "secretkey",
        "12345678",
        "123456789",
        "1234567890",
        "api-key",
        "apikey",
        "api_key",
        "admin123",
        "test-key",
        "sk-12345678",
        "sk-1234567890",
        "sk-test",
        "sk-test-key",
        "mysecret",
        "letmein1",
        "client-key",
        "admin-key",
        "sk-antigravity",
        "not-needed",
    ]
)
_PUBLISHED = re.compile(r"sk-custom-key-\d+", re.IGNORECASE)

MIN_KEY_LENGTH = 8
"""Client keys shorter than this can be guessed; they are refused where the network can reach us."""


def is_placeholder(value: str) -> bool:
    """True for an empty value and for texts that stand in examples where a credential belongs."""
    return _PLACEHOLDER.match(value.strip()) is not None


def is_sample_key(key: str) -> bool:
    """True for client keys that anybody would try first: placeholders, common words, too short ones."""
    return len(key.strip()) < MIN_KEY_LENGTH or is_placeholder(key) or key.strip().lower() in _COMMON


def is_published_key(key: str) -> bool:
    """True for keys that antigravity2api's README has in an `.env` with HOST=0.0.0.0: that file has to work as it is
    written, so they are no samples; they work, with a warning."""
    return _PUBLISHED.fullmatch(key.strip()) is not None
