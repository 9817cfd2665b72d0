import pytest

from gateway.protocols.chat.data_url import (
    bad_base64,
    clean_base64,
    guess_mime,
    media_url_complaint,
    split_data_url,
)


@pytest.mark.parametrize("data", ["AAAA", "AAA", "A-_=", "AA\r\nAA", "A+/="])
def test_good_base64(data: str) -> None:
    assert not bad_base64(data)


@pytest.mark.parametrize("data", ["", "A", "%%%%", "AA*A", "Grüße", "\ud800AAA", "  "])
def test_bad_base64(data: str) -> None:
    assert bad_base64(data)


@pytest.mark.parametrize("url", ["http://x", "HTTPS://x", "gs://b/o", "data:image/png;base64,AAAA", "data:,hello"])
def test_allowed(url: str) -> None:
    assert media_url_complaint(url) == ""


@pytest.mark.parametrize(
    "url", ["", "x", "file:///etc/passwd", "gopher://x", "ftp://x", "data:image/png;base64,", "javascript:1"]
)
def test_not_allowed(url: str) -> None:
    assert media_url_complaint(url)


def test_cleaning() -> None:
    assert clean_base64("AA\n A-_") == "AAA+/"
    assert clean_base64("AA\n A-") == "AAA+"
    assert clean_base64("AAA") == "AAA=" and clean_base64("AA") == "AA==" and clean_base64("AAAA") == "AAAA"


def test_splitting_and_guessing() -> None:
    assert split_data_url("data:text/plain,a%20b") == ("text/plain", "YSBi")
    assert split_data_url("data:;base64,R0lGODlh") == ("image/gif", "R0lGODlh")
    assert guess_mime("????") == "image/png" and guess_mime("????", "x/y") == "x/y"
