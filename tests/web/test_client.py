from __future__ import annotations

import pytest

from gateway.web.client import client_address

TRUSTED = frozenset(["127.0.0.1", "10.0.0.1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("9.9.9.9", "", "9.9.9.9"),
        ("9.9.9.9", "1.2.3.4", "9.9.9.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "1.2.3.4, 10.0.0.1", "1.2.3.4"),
        ("127.0.0.1", "10.0.0.1", "127.0.0.1"),
        ("127.0.0.1", " , ,", "127.0.0.1"),
        ("", "1.2.3.4", "1.2.3.4"),
        ("", "", ""),
    ],
)
def test_who_is_believed(peer: str, forwarded: str, client: str) -> None:
    environ = {"REMOTE_ADDR": peer, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})}
    assert client_address(environ, TRUSTED) == client
