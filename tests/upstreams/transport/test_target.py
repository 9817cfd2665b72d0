from __future__ import annotations

import pytest

from gateway.upstreams.transport.faults import ProtocolFault
from gateway.upstreams.transport.target import locate


@pytest.mark.parametrize(
    ("url", "key", "host", "path"),
    [
        ("http://A.test", ("http", "a.test", 80), "a.test", "/"),
        ("HTTPS://a.test:443/x?k=v#f", ("https", "a.test", 443), "a.test", "/x?k=v"),
        ("https://a.test:80/", ("https", "a.test", 80), "a.test:80", "/"),
        ("http://[::1]:81/p", ("http", "::1", 81), "[::1]:81", "/p"),
        ("http://a.test?x=1", ("http", "a.test", 80), "a.test", "/?x=1"),
        ("http://a.test/a b/\u00e9%2F", ("http", "a.test", 80), "a.test", "/a%20b/%C3%A9%2F"),
        ("http://b\u00fccher.test/", ("http", "xn--bcher-kva.test", 80), "xn--bcher-kva.test", "/"),
    ],
)
def test_locate(url: str, key: tuple[str, str, int], host: str, path: str) -> None:
    target = locate(url)
    assert (target.key, target.host_header, target.path) == (key, host, path)


@pytest.mark.parametrize(
    "url",
    ["ftp://a/", "a.test/x", "http://", "http://u:SECRET@a.test/", "http://a.test:x/", "http://a b/"],
)
def test_refused_without_showing_the_url(url: str) -> None:
    with pytest.raises(ProtocolFault) as caught:
        locate(url)
    assert "SECRET" not in str(caught.value)
