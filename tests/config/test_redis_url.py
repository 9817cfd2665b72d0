"""The address of a Redis server."""

from __future__ import annotations

import pytest

from gateway.config.redis_url import NoRedisUrl, redis_url


def test_all_of_it() -> None:
    url = redis_url("rediss://an%40na:p%2Fw%20d@[::1]:6380/7?prefix=x:&ca_file=/ca.pem")
    assert (url.host, url.port, url.db, url.username, url.password) == ("::1", 6380, 7, "an@na", "p/w d")
    assert url.tls and url.prefix == "x:" and url.ca_file == "/ca.pem" and url.path == ""
    assert url.shown == "rediss://[::1]:6380/7" and "p/w d" not in repr(url)


def test_what_is_left_out() -> None:
    url = redis_url("redis://h")
    assert (url.port, url.db, url.username, url.password, url.prefix, url.tls) == (6379, 0, "", "", "dragoman:", False)
    assert redis_url("redis://h/?db=4").db == 4 and redis_url("redis://:p@h/2").password == "p"


def test_a_socket() -> None:
    url = redis_url("unix://:p@/run/redis/a%20b.sock?db=3")
    assert (url.path, url.db, url.password, url.host) == ("/run/redis/a b.sock", 3, "p", "")
    assert url.shown == "unix:///run/redis/a b.sock?db=3"


@pytest.mark.parametrize(
    "text",
    ["", "h:6379", "http://:secret@h", "redis://", "redis://:secret@h:port/0", "redis://:secret@h/-1",
     "redis://:secret@h/0?max=1", "unix://:secret@host/x", "unix:///", "redis://:secret@[h/0"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(NoRedisUrl) as caught:
        redis_url(text)
    assert caught.value.remedy and "secret" not in f"{caught.value} {caught.value.remedy}"
