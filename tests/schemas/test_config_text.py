import pytest
from marshmallow import ValidationError

from schemas import config_text as text
from schemas.config_fields import Check


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        (text.base_url, " https://h/v1/ ", "https://h/v1"),
        (text.base_url, "HTTP://H:1", "HTTP://H:1"),
        (text.origin, "https://x/", "https://x"),
        (text.host_pattern, "*.Example.COM:8080", "*.example.com:8080"),
        (text.host_pattern, "*", "*"),
        (text.credential, " key ", "key"),
        (text.iso_date, "2027-01-31T12:00:00Z", "2027-01-31T12:00:00+00:00"),
        (text.key_hash, "SHA256:" + "A" * 64, "sha256:" + "a" * 64),
        (text.bind, "[::1]:80", "[::1]:80"),
        (text.host, "fe80::1%eth0", "fe80::1%eth0"),
        (text.absolute_path, "C:\\work", "C:\\work"),
        (text.target, "org/model:free", "org/model:free"),
    ],
)
def test_normalised(check: Check, value: str, expected: str) -> None:
    assert check(value) == expected


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (text.base_url, "http://h:x"),
        (text.base_url, "http://[::1"),
        (text.base_url, "http://h /v1"),
        (text.credential, "schlüssel"),
        (text.credential, "a\nb"),
        (text.bind, "unix:"),
        (text.bind, "/run/x.sock"),
        (text.bind, "host:99999"),
        (text.host, "0.0.0.0:80"),
        (text.header_name, ""),
        (text.header_value, "日本"),
        (text.name, "-a"),
        (text.target, " m"),
    ],
)
def test_refused_with_a_remedy(check: Check, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check(value)
    assert vars(caught.value.messages[0])["remedy"]
