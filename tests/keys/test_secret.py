from __future__ import annotations

import hashlib

from gateway.config.placeholders import is_sample_key
from gateway.keys.secret import digest_of, new_key, stored_hash


def test_keys_are_long_and_their_hashes_what_the_configuration_takes() -> None:
    key, other = new_key(), new_key()
    assert key != other and len(key) > 50 and not is_sample_key(key)
    assert stored_hash(key) == "sha256:" + hashlib.sha256(key.encode()).hexdigest()
    assert digest_of(key.encode()) == stored_hash(key).removeprefix("sha256:") and key not in stored_hash(key)
