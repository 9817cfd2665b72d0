from __future__ import annotations

import pytest

from tests.web.served import served


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_the_probe_of_claude_code(method: str) -> None:
    assert (
        served(auth={"mode": "strict", "api_keys": ("sk-0123456789",)})
        .client.open("/api/hello", method=method)
        .status_code
        == 200
    )


@pytest.mark.parametrize(
    "path",
    [
        f"{base}/api/event_logging{rest}"
        for base in ("", "/v1")
        for rest in ("", "/batch", "/v2/batch")  # v2: Claude Code 2.1.330
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"x" * 100_000])
def test_telemetry_is_taken_and_forgotten(path: str, body: bytes) -> None:
    house = served()
    reply = house.client.post(path, data=body)
    assert reply.status_code == 200 and reply.get_json() == {} and reply.headers["X-Request-Id"]
    assert not house.notes.records
