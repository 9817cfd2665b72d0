from __future__ import annotations

from typing import Any

import pytest

from gateway.config.model import AuthKey
from gateway.keys.giving import Unfit, limits_worded, made
from gateway.keys.secret import stored_hash


def test_the_secret_fits_what_is_kept() -> None:
    secret, key = made("carol", rpm=5, expires="2099-01-31")
    assert key.key_hash == stored_hash(secret) and secret not in repr(key)
    assert (key.name, key.models, key.rpm) == ("carol", ("*",), 5)
    assert made("carol")[0] != secret


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": "a", "expires": "tomorrow"}, "expires"),
        ({"name": "a", "expires": "2001-01-01"}, "expires"),
    ],
)
def test_what_does_not_fit(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Unfit) as unfit:
        made(**fields)
    assert unfit.value.field == field and str(unfit.value)


def test_limits_in_words() -> None:
    assert limits_worded(AuthKey(name="a", key_hash="")) == "none"
    key = AuthKey(name="a", key_hash="", rpm=60, monthly_usd=2.5, max_concurrency=3)
    assert limits_worded(key) == "60 requests/min, 2.5 USD/month, 3 at the same time"
