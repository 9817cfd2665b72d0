from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from gateway.config.model import Records
from gateway.monitoring.archive import BODIES, Archive
from gateway.monitoring.bodies import KEPT, TAKEN, Bodies, redacted
from gateway.monitoring.history import History


def bodies(number: int = 0, answer: bytes = b"fine", **more: float) -> Bodies:
    return Bodies(f"req_{number}", more.get("at", time.time()), b'{"a": 1}', 8, answer, len(answer))


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-0123456789abcdefABCDEF",
        "AIzaSyA0123456789abcdefghijklmnop",
        "ya29.a0AfH6SMBx0123456789abc",
        "1//0abcdefghij-0123456789",
        "ghp_0123456789abcdefghijABCDEFGHIJ",
        "eyJhbGciOiJIUzI1NiIsInR5.eyJzdWIiOiIxMjM0NTY3ODkw.SflKxwRJSMeKKF2QT4fwpM",
    ],
)
def test_what_looks_like_a_key_goes(secret: str) -> None:
    text = redacted(f'{{"content": "my key is {secret}, keep it"}}'.encode(), False, [])
    assert secret not in text and text.startswith('{"content": "my key is [redacted]') and "keep it" in text


def test_known_secrets_and_fields_that_hold_them_go() -> None:
    raw = b'{"x": "hunter2-is-mine", "api_key": "short\\"er", "refresh_token":"abc", "n": 3, "Authorization": "z"}'
    text = redacted(raw, False, ["hunter2-is-mine"])
    assert text == (
        '{"x": "[redacted]", "api_key": "[redacted]", "refresh_token":"[redacted]", "n": 3, '
        '"Authorization": "[redacted]"}'
    )


def test_media_is_shortened() -> None:
    data = "iVBORw0KGgo" * 200
    text = redacted(f'{{"url": "data:image/png;base64,{data}", "data": "{data}"}}'.encode(), False, [])
    assert text == '{"url": "data:image/png;base64,[2200 characters]", "data": "[2200 characters of base64]"}'


def test_long_and_compressed_bodies_are_cut() -> None:
    long = ("words and words " * 20_000).encode()
    text = redacted(long[:TAKEN], True, [])
    assert len(text) == KEPT + len("[... cut]") and text.endswith("[... cut]")
    assert redacted(gzip.compress(b'{"said": "yes"}'), False, []) == '{"said": "yes"}'
    assert redacted(b"\x1f\x8bnot gzip", False, []) == "[10 compressed bytes]"


def test_they_are_kept_with_the_records_and_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(Records(max_mb=1), tmp_path, lambda: ["canary-secret-1"])
    archive.put_bodies(bodies(1, b"a canary-secret-1"))
    archive.put_bodies(bodies(2, at=time.time() - 31 * 86400))
    archive.close()
    history = History(Records(), tmp_path)
    (kept,) = history.bodies("req_1")
    assert (kept.request, kept.answer, kept.answer_size) == ('{"a": 1}', "a [redacted]", 17)
    assert history.bodies("req_2") == [], "older than the records are kept"
    archive = Archive(Records(max_mb=1), tmp_path)
    for number in range(40):
        archive.put_bodies(bodies(number + 10, b"x y " * 15_000))
    archive.close()
    held = [number for number in range(40) if history.bodies(f"req_{number + 10}")]
    assert held and len(held) < 30 and held[-1] == 39, "above max_mb the oldest go"


def test_many_that_wait_are_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(Records(), tmp_path)
    monkeypatch.setattr(archive, "put", lambda records: None)
    for number in range(BODIES + 5):
        archive.put_bodies(bodies(number))
    assert archive.dropped == 5
