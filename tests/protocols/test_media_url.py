from __future__ import annotations

import pytest

from gateway.canon.fault import Malformed
from gateway.protocols.media_url import check_media_url


@pytest.mark.parametrize(
    "url",
    ["https://h/x", "HTTP://h", "data:image/png;base64,aa", "gs://b/x", "files/abc", "https://h/a:b", "abc"],
)
def test_web_addresses_and_names_of_uploads(url: str) -> None:
    check_media_url(url, "here")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", " file:/x", "FILE://h/x", "gopher://h", "ftp://h", "C:\\x.png", "/etc/passwd",
     "\\\\h\\x", "~/x", "../x"],
)  # fmt: skip
def test_names_on_a_server(url: str) -> None:
    with pytest.raises(Malformed, match="URL not allowed") as refused:
        check_media_url(url, "input[0].image_url")
    assert refused.value.param == "input[0].image_url"
