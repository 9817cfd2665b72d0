from __future__ import annotations

import pytest

from tests.web.served import served

ORIGIN = "https://app.example"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, x-stainless-os",
}
KEYED = {"mode": "strict", "api_keys": ("sk-0123456789",)}


@pytest.mark.parametrize("origins", [(ORIGIN,), ("*",), ("https://other.example", ORIGIN)])
def test_preflight(origins: tuple[str, ...]) -> None:
    reply = served(server={"cors_origins": origins}, auth=KEYED).client.options("/v1/messages", headers=PREFLIGHT)
    assert reply.status_code == 204 and not reply.get_data()
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert reply.headers["Access-Control-Allow-Headers"] == "authorization, x-stainless-os"
    assert "Origin" in reply.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize("status", [200, 404, 401])
def test_answers_and_errors_can_be_read(status: int) -> None:
    house = served(server={"cors_origins": (ORIGIN,)}, auth=KEYED)
    headers = {"Origin": ORIGIN, **({"x-api-key": "sk-0123456789"} if status != 401 else {})}
    reply = house.client.get("/healthz" if status == 200 else "/nowhere", headers=headers)
    assert reply.status_code == status
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = reply.headers["Access-Control-Expose-Headers"]
    for name in ("X-Request-Id", "X-Mapped-Model", "X-Gateway-Affinity", "X-Token-Count", "Retry-After"):
        assert name in exposed


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil", "null", ""])
def test_other_origins_get_nothing(origin: str) -> None:
    client = served(server={"cors_origins": (ORIGIN,)}).client
    for reply in (
        client.get("/healthz", headers={"Origin": origin}),
        client.options("/v1/messages", headers={**PREFLIGHT, "Origin": origin}),
    ):
        assert not [name for name, _ in reply.headers if name.startswith("Access-Control")]


def test_nothing_without_configuration() -> None:
    reply = served().client.options("/v1/messages", headers=PREFLIGHT)
    assert reply.status_code == 200 and "Access-Control-Allow-Origin" not in reply.headers


def test_a_page_cannot_put_lines_into_the_head() -> None:
    from gateway.web.cors import CrossOrigin

    told: list[tuple[str, str]] = []
    environ = {
        "REQUEST_METHOD": "OPTIONS",
        "HTTP_ORIGIN": ORIGIN,
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "x\r\nSet-Cookie: a=b",
    }
    CrossOrigin(lambda *_: [], (ORIGIN,))(environ, lambda status, headers: told.extend(headers))
    assert told and not any("\n" in value or "\r" in value for _, value in told)
