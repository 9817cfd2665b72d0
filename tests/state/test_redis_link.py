"""What is said of a server that cannot be used."""

from __future__ import annotations

import pytest

from gateway.config.redis_url import redis_url
from gateway.state.redis_link import NewerFormat, _remedy, words_of

URL = redis_url("redis://anna:s3cret@h:1/0")


def test_neither_values_nor_passwords_are_quoted() -> None:
    error = Exception(
        "Command # 1 (SET dragoman:v:tokens:assist 1//refresh caused error: x) of pipeline caused error: OOM"
    )
    assert words_of(error, URL) == "OOM"
    assert words_of(Exception("user anna, password s3cret, is wrong."), URL) == "user ***, password ***, is wrong"
    assert words_of(TimeoutError(), URL) == "TimeoutError"


@pytest.mark.parametrize(
    ("told", "remedy"),
    [
        ("invalid username-password pair or user is disabled.", "right user and password"),
        ("NOAUTH Authentication required.", "right user and password"),
        ("NOPERM this user has no permissions to run the 'set' command", "ACL SETUSER"),
        ("DB index is out of range", "fewer databases"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "ca_file"),
        ("Error 111 connecting to h:1. Connection refused.", "Is it running"),
    ],
)
def test_the_remedy_fits(told: str, remedy: str) -> None:
    assert remedy in _remedy(Exception(told), URL)


def test_a_newer_format_says_it_itself() -> None:
    assert _remedy(NewerFormat("update"), URL) == ""
