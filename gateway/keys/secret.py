"""A client key and the hash of it that is kept.

A key has 256 random bits, so that one round of SHA-256 is enough: there is nothing to guess it by.
"""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "sk-dragoman-"
HASH_PREFIX = "sha256:"


def new_key() -> str:
    """`sk-dragoman-` and 43 URL-safe characters."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: bytes) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(key).hexdigest()


def stored_hash(key: str) -> str:
    """As `key_hash` has it: sha256:HEX."""
    return HASH_PREFIX + digest_of(key.encode())
