from __future__ import annotations

import pytest

from gateway.upstreams.media_address import BadAddress, is_public, media_address

ODD = [
    "http://2130706433/", "http://0177.0.0.1/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/",
    "http://017700000001/", "http://1.2.3/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://1.2.3.08/",
    "file:///etc/passwd", "gopher://h.com/", "ftp://h.com/x", "/etc/passwd", "C:\\x.png", "//h.com/x", "",
    "http://user:pass@h.com/", "http://user@h.com/", "http://@h.com/", "http://h.com\\@127.0.0.1/",
    "http://h .com/", "http://h.com/a b", "http://h.com/\r\nHost: x", "http://h.com:99999/", "http://h.com:0/",
    "http:///x", "http://[::1/", "http://[::1%25lo]x/", "http://h..com/", "http://-h.com/", "http://h.com:x/",
    "http://[gg::1]/", "http://[fe80::1%25lo]/", "http://[fe80::1%lo]/", "http://h%2ecom/",
]  # fmt: skip
PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "2001:db8::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD)
def test_odd_urls(url: str) -> None:
    with pytest.raises(BadAddress) as bad:
        media_address(url)
    assert "pass" not in str(bad.value).replace("/etc/passwd", "")


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:169.254.169.254]", "localhost", "LOCALHOST.", "a.localhost", "nas.local", "nas",
     "nas.lan", "metadata.google.internal", "１２７.0.0.1", "127。0。0。1"],
)  # fmt: skip
def test_what_looks_private(host: str) -> None:
    assert not media_address(f"http://{host}/x").public


def test_a_sound_url() -> None:
    found = media_address("HTTPS://Images.Example.COM./a.png?x=1#y")
    assert (found.scheme, found.host, found.port, found.literal, found.public) == (
        "https", "images.example.com", 443, False, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "pattern", "fits"),
    [
        ("https://h.com/", "h.com", True),
        ("http://h.com/", "H.com", True),
        ("https://h.com:8443/", "h.com", False),
        ("https://h.com:8443/", "h.com:8443", True),
        ("https://a.h.com/", "h.com", False),
        ("https://a.h.com/", "*.h.com", True),
        ("https://h.com/", "*.h.com", False),
        ("https://evilh.com/", "*.h.com", False),
        ("https://h.com.evil.org/", "h.com", False),
        ("https://h.com/", "*", True),
        ("https://h.com:22/", "*", False),
    ],
)
def test_patterns(url: str, pattern: str, fits: bool) -> None:
    assert media_address(url).listed((pattern,)) is fits
    assert not media_address(url).listed(())
